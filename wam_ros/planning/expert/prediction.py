"""Where others will be: vehicles along their lanes, pedestrians straight on, in all branches that are plausible.

Others are taken to keep their speed, slow down for bends and stop at red lights; they do not react to the ego here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.scene import Actor, ActorKind, LightState
from wam_ros.planning.expert.road import CHAIN_STEP, Chain, Foot, Road

STEP = 0.25  # s
STEPS = 33  # 8 s
TIMES: Array = np.array([STEP * index for index in range(STEPS)])
_REACH = 3.0  # m; a vehicle farther from every lane is not on one
_ON_LANE = 2.0  # m from the centre: nearer vehicles are, or come, on the lane
_BESIDE = 0.6  # m; the nearest lane and those that are hardly farther are all possible
_STANDING = 0.2  # m/s
_WALKS_ON = 5.0  # s; farther ahead nobody knows where a pedestrian goes
_FADE = 1.5  # s; offsets from the lane fade with it
_GIVE = 4.0  # m/s^2 that others are ready to brake with for a light
_BEND_BRAKING = 2.5  # m/s^2
_STARTED = 0.3  # m/s
SLOW = 8.0  # m/s; who is slower may speed up
_SOON = 12.0  # m to the junction, from where on
_START = 1.5  # m/s^2, of those that may speed up
_LINE_GAP = 1.0  # m before a red light's lane


@dataclass(frozen=True, eq=False)
class Branch:
    """One way an actor may go.

    Fields:
        actor: Who.
        poses: (STEPS, 3) of the middle of its box at TIMES; NaN where nobody can tell.
        junction_lane: First junction lane on its way that it is in or comes to, or None.
        to_junction: How far that lane begins ahead of its front, negative inside [m].
        on_road: Whether it is on a lane now.
        eager: Told as speeding up rather than keeping its speed.

    """

    actor: Actor
    poses: Array
    junction_lane: str | None = None
    to_junction: float = math.inf
    on_road: bool = True
    eager: bool = False


def predict(
    road: Road, actor: Actor, lights: Mapping[str, LightState], contested: frozenset[str] = frozenset()
) -> list[Branch]:
    """The branches of one actor.

    Args:
        road: The lanes.
        actor: Who.
        lights: What is shown to junction lanes, by lane id; lanes without a light are missing.
        contested: Junction lanes on which a slow vehicle is also told as speeding up.

    """
    if actor.kind in {ActorKind.STATIC, ActorKind.PEDESTRIAN}:
        return [_straight(road, actor)]
    feet = road.feet(actor.pose, _REACH)
    if not feet:
        return [_straight(road, actor)]
    branches = []
    nearest = abs(feet[0].lateral) + abs(feet[0].heading_error)
    for foot in feet:
        hardly_farther = abs(foot.lateral) + abs(foot.heading_error) <= nearest + _BESIDE
        coming = abs(foot.lateral) <= _ON_LANE and abs(foot.heading_error) < math.radians(30.0)
        if not (hardly_farther or (coming and not road.lanes.lanes[foot.lane].in_junction)):
            continue
        reach = foot.arc_length + max(actor.speed, 4.0) * float(TIMES[-1]) + 10.0
        for chain in road.chains(foot.lane, reach):
            branch = _along(road, actor, foot, chain, lights, eager=False)
            branches.append(branch)
            name = branch.junction_lane
            # Who stands where there is no light is waiting for somebody.
            starts = name is not None and (actor.speed > _STARTED or lights.get(name) is LightState.GREEN)
            if starts and name in contested and actor.speed < SLOW and branch.to_junction < _SOON:
                branches.append(_along(road, actor, foot, chain, lights, eager=True))
    return branches


def _straight(road: Road, actor: Actor) -> Branch:
    distance = actor.speed * TIMES if abs(actor.speed) >= _STANDING else np.zeros(STEPS)
    pose = actor.pose
    if actor.kind is ActorKind.PEDESTRIAN and abs(actor.speed) >= _STANDING:
        distance[TIMES > _WALKS_ON] = math.nan
    poses = np.column_stack(
        [
            pose.x + math.cos(pose.yaw) * distance,
            pose.y + math.sin(pose.yaw) * distance,
            np.full(STEPS, pose.yaw),
        ]
    )
    return Branch(actor, poses, on_road=road.on_road(pose.x, pose.y, 0.2))


def _along(
    road: Road, actor: Actor, foot: Foot, chain: Chain, lights: Mapping[str, LightState], *, eager: bool
) -> Branch:
    start, speed = foot.arc_length, max(actor.speed, 0.0)
    junction_lane, begins, wall = None, math.inf, math.inf
    for name, begin in zip(chain.lanes, chain.starts.tolist()):
        if not road.lanes.lanes[name].in_junction:
            continue
        if junction_lane is None:
            junction_lane, begins = name, begin - start - 0.5 * actor.length
        gap = begin - start - 0.5 * actor.length
        shown = lights.get(name)
        if shown in {LightState.RED, LightState.YELLOW} and gap > -1.0 and gap + 1.0 >= speed**2 / (2.0 * _GIVE):
            wall = start + max(gap - _LINE_GAP, 0.0)
            break
    distances = _progress(chain, start, speed, wall, eager=eager)
    x, y, heading = _poses(chain, distances)
    fade = foot.lateral * np.exp(-(distances - start) / max(_FADE * speed, 3.0))
    turned = foot.heading_error * np.exp(-(distances - start) / 4.0)
    poses = np.column_stack([x - fade * np.sin(heading), y + fade * np.cos(heading), heading + turned])
    return Branch(actor, poses, junction_lane, begins, on_road=True, eager=eager)


def _progress(chain: Chain, start: float, speed: float, wall: float, *, eager: bool) -> Array:
    """Arc lengths at TIMES: at constant speed or speeding up, within the caps of bends, up to a wall."""
    caps = chain.caps.tolist()
    last = len(caps) - 1
    s, v, distances = start, speed, []
    for _ in range(STEPS):
        distances.append(s)
        cap = caps[min(int(s / CHAIN_STEP), last)]
        if v > cap + 0.5:
            v = max(v - _BEND_BRAKING * STEP, cap)
        elif eager:
            v = min(v + _START * STEP, max(cap, v))
        s = min(s + v * STEP, wall)
    return np.array(distances)


def _poses(chain: Chain, distances: Array) -> tuple[Array, Array, Array]:
    """x, y, heading (STEPS,) at arc lengths; beyond the end straight on."""
    x = np.interp(distances, chain.arc_lengths, chain.points[:, 0])
    y = np.interp(distances, chain.arc_lengths, chain.points[:, 1])
    heading = np.interp(distances, chain.arc_lengths, chain.headings)
    beyond = np.maximum(distances - chain.arc_lengths[-1], 0.0)
    return x + beyond * np.cos(heading), y + beyond * np.sin(heading), heading


def seen_from(ego: SE2, actor: Actor) -> tuple[float, float, float]:
    """Place (ahead, left) [m] and heading [rad] of an actor in the ego's frame."""
    dx, dy = actor.pose.x - ego.x, actor.pose.y - ego.y
    cos, sin = math.cos(ego.yaw), math.sin(ego.yaw)
    return cos * dx + sin * dy, cos * dy - sin * dx, float(wrap_angle(actor.pose.yaw - ego.yaw))
