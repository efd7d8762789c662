"""The other road users on the 10 Hz grid, replayed from their keyframes, and the red lights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wam_ros.metrics.navsim.boxes import BoolArray, Boxes, boxes_meet
from wam_ros.metrics.navsim.layout import DT, Version
from wam_ros.metrics.navsim.scenario import Agent

OBSERVED_STEPS: dict[Version, int] = {"v1": 51, "v2": 41}
"""Samples of the others that a version sees: 5 s in v1, 4 s in v2."""

_STOPPED_SPEED = 0.05  # m/s, inclusive


@dataclass(frozen=True, eq=False)
class Tracks:
    """A agents at K steps of 0.1 s.

    Fields:
        boxes: (K, A); rubbish where absent.
        present: (K, A).
        stopped: (A,) slow or static in the first step in which it is seen; NAVSIM asks for no later one.
        road_user: (A,) vehicle, pedestrian or bicycle.

    """

    boxes: Boxes
    present: BoolArray
    stopped: BoolArray
    road_user: BoolArray


def replay(agents: Sequence[Agent], steps: int) -> Tracks:
    """Tracks over `steps` samples: linear between keyframes, absent before the first and after the last.

    Only keyframes within the horizon are seen. An agent with exactly one of them is present at all steps (a quirk of
    NAVSIM's metric cache).
    """
    times = np.arange(steps) * DT
    count = len(agents)
    poses, present = np.zeros((steps, count, 3)), np.zeros((steps, count), dtype=bool)
    stopped: BoolArray = np.ones(count, dtype=bool)
    for i, agent in enumerate(agents):
        keyframes = agent.keyframes[agent.keyframes[:, 0] <= times[-1]]
        if not len(keyframes):
            continue
        seen = (times >= keyframes[0, 0]) & (times <= keyframes[-1, 0])
        if len(keyframes) == 1:
            seen[:] = True
        elif not seen.any():
            continue
        knots = keyframes[:, 1:].copy()
        knots[:, 2] = np.unwrap(knots[:, 2])
        samples = np.stack([np.interp(times, keyframes[:, 0], column) for column in knots.T], axis=-1)
        poses[:, i], present[:, i] = samples[:, :3], seen
        if agent.is_road_user:
            stopped[i] = np.hypot(*samples[np.argmax(seen), 3:]) <= _STOPPED_SPEED
    half_lengths = np.array([agent.length / 2.0 for agent in agents])
    half_widths = np.array([agent.width / 2.0 for agent in agents])
    boxes = Boxes.at(poses[..., :2], poses[..., 2], half_lengths, half_widths)
    road_user: BoolArray = np.array([agent.is_road_user for agent in agents], dtype=bool)
    return Tracks(boxes, present, stopped, road_user)


def met_at_start(tracks: Tracks, ego: Boxes) -> BoolArray:
    """(A,) whose box the own box, a set of shape (1,), meets in the first step."""
    count = len(tracks.stopped)
    first, agents = np.zeros(count, dtype=np.intp), np.arange(count)
    mine = Boxes(ego.center[first], ego.heading[first], ego.axis[first], ego.half_length, ego.half_width)
    met: BoolArray = tracks.present[0] & boxes_meet(mine, tracks.boxes.pick(first, agents))
    return met


@dataclass(frozen=True, eq=False)
class Traffic:
    """The others as both versions see them: replayed, without reaction to the own vehicle.

    Reactive traffic (the second stage of NAVSIM v2's script) is not simulated: pass its result as keyframes.

    Fields:
        long: Over 5 s, as v1 sees them.
        short: Over 4 s, as v2 sees them, before `removed`.
        removed: (A,) whom v2 takes out, because the own box meets them at the start.
        alike: Whether `short` is the beginning of `long`, so that their encounters can be shared.

    """

    long: Tracks
    short: Tracks
    removed: BoolArray
    alike: bool

    @classmethod
    def of(cls, agents: Sequence[Agent], ego: Boxes) -> Traffic:
        """The traffic of agents around the own box at the start, a set of shape (1,)."""
        long, short = replay(agents, OBSERVED_STEPS["v1"]), replay(agents, OBSERVED_STEPS["v2"])
        seen, steps = short.present, OBSERVED_STEPS["v2"]
        alike = (
            np.array_equal(seen, long.present[:steps])
            and np.array_equal(short.boxes.center[seen], long.boxes.center[:steps][seen])
            and np.array_equal(short.boxes.heading[seen], long.boxes.heading[:steps][seen])
            and np.array_equal(short.stopped[seen.any(axis=0)], long.stopped[seen.any(axis=0)])
        )
        return cls(long, short, met_at_start(short, ego), alike)
