"""The way from the ego onto the course, as a path that the bicycle can drive. It looks at the course only.

With the offset e (left positive) and the angle theta to the course, over the arc length s of the path,

    kappa = kappa_course - 2 k (theta - theta_wanted(e)),   theta_wanted = -k e / 2,

is critically damped for small errors: e'' + 2 k e' + k^2 e = 0. Theta is taken as it will be once the steering, at its
rate r per metre, has come back to the course's bend: theta + d |d| / (2 r), d = kappa - kappa_course. Large offsets
are approached at an angle that bends of the allowed curvature can undo in time. Bends follow the limits of comfort, of
the tyres and of the steering's rate.
The rule looks at nothing but the present state, so the path planned from any later point of a path is the same path.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import Array
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning.bicycle_path import BicyclePath
from wam_ros.planning.expert.course import STEP, Course, Place
from wam_ros.planning.pursuit import driven_curvature

_MIN_FADE = 2.2  # m; 1 / k at low speed
_FADE = 0.6  # s; 1 / k at higher speeds
_MAX_ANGLE = 0.45  # rad of approach to the course
_CURVATURE_SHARE = 0.95  # of the vehicle's limit
_STEERING_SHARE = 0.7  # of the fastest steering
_MAX_LATERAL = 4.0  # m/s^2 where the ego would leave its lane otherwise
_GAINED = 1.5  # m/s that the ego may be faster by the time it turns along the course
_UNDONE = 0.8  # share of the comfortable bend that turning along the course takes; 1 / 2 radius per offset at most
_ROOM = 0.8  # m that an ego heading away from the course may still move off it


class MergePath(NamedTuple):
    """A path and what of the course goes with it."""

    path: BicyclePath
    nodes: Array  # (N, 3) poses at arc lengths 0, STEP, ...; headings not wrapped
    stations: Array  # (N,) arc length of the course at each node [m]


def merge(
    vehicle: VehicleDescription, lateral: float, ego: EgoState, course: Course, place: Place, speeds: list[float]
) -> MergePath:
    """The path of len(speeds) steps of STEP metres.

    Args:
        vehicle: Gives the limits.
        lateral: Comfortable lateral acceleration [m/s^2].
        ego: Where the path starts.
        course: Where it leads; it goes on straight beyond its end.
        place: Of the ego on the course.
        speeds: Expected at each step [m/s].

    """
    speed = max(ego.speed, 0.0)
    outward = place.heading_error * place.lateral > 0.0
    room = _ROOM if outward else max(abs(place.lateral), _ROOM)
    needed = speed**2 * (1.0 - math.cos(place.heading_error)) / room
    allowed = min(max(needed, lateral), _MAX_LATERAL)
    hardest = _CURVATURE_SHARE * vehicle.max_curvature
    steering = _STEERING_SHARE * vehicle.max_steering_rate / vehicle.wheelbase * STEP
    rows = course.rows
    last = len(rows) - 1

    x, y, heading = ego.pose.x, ego.pose.y, ego.pose.yaw
    heading -= 2.0 * math.pi * round((heading - rows[place.station][2]) / (2.0 * math.pi))
    index = place.station
    curvature = driven_curvature(vehicle, ego)
    curvatures, stations = [], []
    # Python floats: a step costs about 2 us, where numpy scalars would cost 30.
    for v in speeds:
        while True:
            px, py, there, cos, sin, bend = rows[index]
            dx, dy = x - px, y - py
            along = cos * dx + sin * dy
            if index == last or along <= 0.5 * STEP:
                break
            index += 1
        offset = cos * dy - sin * dx
        stations.append(STEP * index + along)
        angle = heading - there - bend * along
        flow = max(v, 1.0)
        limit = min(allowed / flow**2 + abs(bend), _MAX_LATERAL / flow**2, hardest)
        gain = 1.0 / max(_MIN_FADE, _FADE * flow)
        soon = min(limit, lateral / (flow + _GAINED) ** 2)
        approach = min(0.5 * gain * abs(offset), math.sqrt(_UNDONE * soon * abs(offset)), _MAX_ANGLE)
        rate = steering / flow
        extra = curvature - bend
        angle += extra * abs(extra) * STEP / (2.0 * rate)
        wanted = bend - 2.0 * gain * (angle + math.copysign(approach, offset))
        wanted = min(max(wanted, curvature - rate), curvature + rate)
        curvature = min(max(wanted, -limit), limit)
        curvatures.append(curvature)
        half = 0.5 * curvature * STEP
        x += STEP * math.cos(heading + half)
        y += STEP * math.sin(heading + half)
        heading += 2.0 * half
    path = BicyclePath(ego.pose, STEP, np.array(curvatures))
    arc_lengths = STEP * np.arange(len(speeds))
    return MergePath(path, path.poses(arc_lengths), np.maximum.accumulate(np.array(stations)))
