"""The course led around things that stand in it, over a neighbour lane of the same direction, away from junctions.

It knows no traffic: whether the other lane is free is decided as for any lane change. A thing beside which there is no
such lane is stopped for.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.scene import Actor, ActorKind
from wam_ros.planning.expert.course import STEP, Course

_FREE = 1.4  # m from the course to a thing's nearest side: half the ego and a margin
_OVER = 25.0  # m that the change to the other lane takes, and the change back
_BEFORE = 10.0  # m before the thing where the other lane is reached; base_link is behind the bumper
_BEHIND = 8.0  # m behind it where the way back begins
_FROM_JUNCTIONS = 3.0  # m
_STEPS = 4.0  # m over which curvature is taken


def around(course: Course, actors: tuple[Actor, ...]) -> Course:
    """The course, shifted sideways where static actors stand in it."""
    shift = np.zeros(len(course.points))
    for actor in actors:
        if actor.kind is ActorKind.STATIC:
            own = _shift_for(course, actor)
            shift = np.where(np.abs(own) > np.abs(shift), own, shift)
    if not shift.any():
        return course
    normals = np.column_stack([-np.sin(course.headings), np.cos(course.headings)])
    points = course.points + shift[:, None] * normals
    steps = np.gradient(points, axis=0)
    headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    reach = round(_STEPS / 2.0 / STEP)
    ahead = np.minimum(np.arange(len(points)) + reach, len(points) - 1)
    behind = np.maximum(np.arange(len(points)) - reach, 0)
    bent = (headings[ahead] - headings[behind]) / np.maximum(STEP * (ahead - behind), STEP)
    return replace(course, points=points, headings=headings, curvatures=np.where(shift != 0.0, bent, course.curvatures))


def _shift_for(course: Course, actor: Actor) -> Array:
    """(N,) sideways, left positive [m]; all 0 where the thing is not in the way or there is no way around."""
    none = np.zeros(len(course.points))
    place = course.place(SE2(actor.pose.x, actor.pose.y, _heading_at(course, actor)))
    turn = float(wrap_angle(actor.pose.yaw - float(course.headings[place.station])))
    length = 0.5 * (abs(math.cos(turn)) * actor.length + abs(math.sin(turn)) * actor.width)
    width = 0.5 * (abs(math.sin(turn)) * actor.length + abs(math.cos(turn)) * actor.width)
    first, last = place.arc_length - length - _BEFORE - _OVER, place.arc_length + length + _BEHIND + _OVER
    if abs(place.lateral) > width + _FREE or first < 0.0 or last > course.length:
        return none
    for junction in course.junctions:
        if junction.enter - _FROM_JUNCTIONS < last and junction.leave + _FROM_JUNCTIONS > first:
            return none
    side = _side(course, place.station)
    stations = STEP * np.arange(len(course.points))
    rising = np.clip((stations - first) / _OVER, 0.0, 1.0)
    falling = np.clip((last - stations) / _OVER, 0.0, 1.0)
    shifted: Array = side * 0.5 * (1.0 - np.cos(math.pi * np.minimum(rising, falling)))
    return shifted


def _heading_at(course: Course, actor: Actor) -> float:
    gaps = course.points - (actor.pose.x, actor.pose.y)
    return float(wrap_angle(course.headings[int(np.argmin((gaps**2).sum(axis=1)))]))


def _side(course: Course, station: int) -> float:
    """Lateral distance of the neighbour lane to go around on [m], left before right; 0 where there is none."""
    x, y = course.points[station]
    feet = course.road.feet(SE2(float(x), float(y), float(wrap_angle(course.headings[station]))), 2.0)
    lane = course.road.lanes.lanes[feet[0].lane] if feet else None
    if lane is None or (lane.left is None and lane.right is None):
        return 0.0
    return lane.width if lane.left is not None else -lane.width
