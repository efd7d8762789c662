"""Where along the ego's path its body would meet other bodies, and when. It decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.core.scene import ActorKind
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning.expert.prediction import STEPS, Branch
from wam_ros.planning.expert.settings import ExpertSettings

_LENGTHWISE = 0.2  # m, added to both ends of others
_STANDING_MARGIN = 0.25  # m, beside pedestrians and things that stand


@dataclass(frozen=True, eq=False)
class Encounter:
    """What part of the path a branch takes, over time.

    Fields:
        branch: Of the actor.
        low, high: (STEPS,) the ego at arc lengths in [low, high] of its path would meet it [m]; NaN where it is clear.
        angle: Heading of the other against the path where they first meet [rad], in [0, pi].

    """

    branch: Branch
    low: Array
    high: Array
    angle: float

    @property
    def first(self) -> int:
        """Index of the first time at which it is in the way."""
        return int(np.argmax(np.isfinite(self.low)))

    @property
    def last(self) -> int:
        """Index of the last such time."""
        return STEPS - 1 - int(np.argmax(np.isfinite(self.low[::-1])))


def encounters(
    vehicle: VehicleDescription, settings: ExpertSettings, nodes: Array, step: float, branches: list[Branch]
) -> list[Encounter]:
    """Those branches that come in the way of the ego.

    Args:
        vehicle: The ego.
        settings: Margins.
        nodes: (N, 3) poses of the ego's base_link along its path.
        step: Arc length between them [m].
        branches: Of all actors near.

    """
    if not branches:
        return []
    stations = step * np.arange(len(nodes))
    headings = nodes[:, 2]
    forward = vehicle.rear_axle_to_center
    centers = nodes[:, :2] + forward * np.column_stack([np.cos(headings), np.sin(headings)])
    poses = np.concatenate([branch.poses for branch in branches])  # (B T, 3)
    sizes = np.repeat(np.array([_half_sizes(branch, settings) for branch in branches]), STEPS, axis=0)
    half_length, half_width = vehicle.length / 2.0, vehicle.width / 2.0

    reach = np.hypot(half_length, half_width) + np.hypot(sizes[:, 0], sizes[:, 1])
    lower, upper = centers.min(axis=0), centers.max(axis=0)
    outside = np.maximum(lower - poses[:, :2], poses[:, :2] - upper).max(axis=1)
    near = np.flatnonzero(outside < reach)
    dx = poses[near, 0, None] - centers[None, :, 0]
    dy = poses[near, 1, None] - centers[None, :, 1]
    row, node = np.nonzero(dx * dx + dy * dy < (reach[near] ** 2)[:, None])
    taken = np.zeros((len(poses), len(centers)), dtype=bool)
    if len(row):
        there = near[row]
        # Separating axes of two boxes: the two of the ego and the two of the other.
        x, y = dx[row, node], dy[row, node]
        bearing = headings[node]
        turn = poses[there, 2] - bearing
        c, s = np.cos(bearing), np.sin(bearing)
        along, aside = c * x + s * y, c * y - s * x
        ct, st = np.cos(turn), np.sin(turn)
        other_along, other_aside = ct * along + st * aside, ct * aside - st * along
        ct, st = np.abs(ct), np.abs(st)
        length, width = sizes[there, 0], sizes[there, 1]
        taken[there, node] = (
            (np.abs(along) < half_length + ct * length + st * width)
            & (np.abs(aside) < half_width + st * length + ct * width)
            & (np.abs(other_along) < length + ct * half_length + st * half_width)
            & (np.abs(other_aside) < width + st * half_length + ct * half_width)
        )
    met = taken.any(axis=1)
    low = np.where(met, stations[taken.argmax(axis=1)], np.nan).reshape(-1, STEPS)
    high = np.where(met, stations[len(stations) - 1 - taken[:, ::-1].argmax(axis=1)], np.nan).reshape(-1, STEPS)
    found = []
    for index, branch in enumerate(branches):
        times = np.flatnonzero(np.isfinite(low[index]))
        if not len(times):
            continue
        first = int(times[0])
        at = int(np.searchsorted(stations, low[index, first]))
        turn = float(branch.poses[first, 2] - headings[at])
        found.append(Encounter(branch, low[index], high[index], abs((turn + np.pi) % (2.0 * np.pi) - np.pi)))
    return found


def _half_sizes(branch: Branch, settings: ExpertSettings) -> tuple[float, float]:
    actor = branch.actor
    moving = abs(actor.speed) > 0.2
    if actor.kind is ActorKind.PEDESTRIAN:
        margin = settings.pedestrian_margin if moving else _STANDING_MARGIN
        return actor.length / 2.0 + margin, actor.width / 2.0 + margin
    margin = settings.side_margin if moving else _STANDING_MARGIN
    return actor.length / 2.0 + _LENGTHWISE, actor.width / 2.0 + margin
