"""Merging on a line with a drivable path: pure pursuit, rolled out. It looks at the line only, not at traffic.

The path starts at the vehicle's pose with its present curvature. At each step it bends to the arc that is tangent to
the heading and goes through a point of the line one look-ahead L further on (Coulter, "Implementation of the pure
pursuit path tracking algorithm", CMU 1992):

    kappa = 2 sin(alpha) / distance,   alpha = bearing of that point from the heading.

On a circle that is the circle itself. L grows with the speed and with sqrt(offset), so that an offset e fades with
about half the comfortable lateral acceleration: kappa v^2 ~ 2 e v^2 / L^2 = a/2 for L = 2 v sqrt(e / a).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.polyline import Polyline
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning.bicycle_path import BicyclePath

_LOOK_AHEAD = 1.0  # s
_MIN_LOOK_AHEAD = 4.0  # m
_MAX_LOOK_AHEAD = 2.5  # s, over _MIN_LOOK_AHEAD
_CURVATURE_SHARE = 0.95  # of the vehicle's limit
_LATERAL_SHARE = 0.8  # of the hardest lateral acceleration, at most; the line's own and the comfortable one add up
_STEERING_SHARE = 0.8  # of the fastest steering
MIN_STEP = 0.1  # m, of a path


class Entry(NamedTuple):
    """Where a vehicle stands to a line."""

    arc_length: float  # of the nearest point [m]
    distance: float  # to it [m]
    heading_error: float  # of the vehicle against the line [rad]


def entry_to(line: Polyline, ego: EgoState, near: float | None = None) -> Entry:
    """Where the ego stands to `line`; `near` [m] keeps to that part of a line that crosses itself."""
    projection = line.project(ego.pose.position, near)
    error = wrap_angle(ego.pose.yaw - float(line.heading(projection.arc_length)))
    return Entry(projection.arc_length, projection.distance, float(error))


def driven_curvature(vehicle: VehicleDescription, ego: EgoState) -> float:
    """Curvature of the arc that the ego drives now [1/m], within what the vehicle can do; 0 where it hardly moves."""
    if abs(ego.speed) < 0.5:
        return 0.0
    curvature = ego.yaw_rate / ego.speed
    limit = min(vehicle.max_curvature, _LATERAL_SHARE * vehicle.max_lateral_acceleration / ego.speed**2)
    return min(max(curvature, -limit), limit)


def pursue(
    vehicle: VehicleDescription, ego: EgoState, line: Polyline, arc_length: float, step: float, speeds: Array
) -> BicyclePath:
    """The path from the ego onto `line`.

    Args:
        vehicle: Gives the limits.
        ego: Where the path starts, with its heading and curvature.
        line: To merge on; it goes on straight beyond its end.
        arc_length: Of the ego's projection on the line [m].
        step: Length of a step [m].
        speeds: (K,) expected at each step [m/s].

    """
    count = len(speeds)
    farthest = _MIN_LOOK_AHEAD + _MAX_LOOK_AHEAD * float(speeds.max())
    samples = line.position(arc_length + step * np.arange(count + math.ceil(farthest / step) + 3)).tolist()
    bends = np.abs(line.curvature(arc_length + step * np.arange(count)))
    v = np.maximum(speeds, 1.0)
    comfort, hardest = vehicle.comfort_lateral_acceleration, _LATERAL_SHARE * vehicle.max_lateral_acceleration
    limits = np.minimum(comfort / v**2 + bends, hardest / v**2)
    limits = np.minimum(limits, _CURVATURE_SHARE * vehicle.max_curvature)
    rates = _STEERING_SHARE * vehicle.max_steering_rate / vehicle.wheelbase / v * step

    x, y, heading = ego.pose.x, ego.pose.y, ego.pose.yaw
    curvature, along, last = driven_curvature(vehicle, ego), 0.0, len(samples) - 2
    curvatures = []
    # Python floats: a step costs about 2 us, where numpy scalars would cost 30.
    for speed, limit, rate in zip(v.tolist(), limits.tolist(), rates.tolist()):
        index = min(max(int(along / step), 0), last)
        (ax, ay), (bx, by) = samples[index], samples[index + 1]
        length = math.hypot(bx - ax, by - ay) or step
        tx, ty = (bx - ax) / length, (by - ay) / length
        along = index * step + max((x - ax) * tx + (y - ay) * ty, 0.0)
        offset = abs((y - ay) * tx - (x - ax) * ty)
        wanted = max(_MIN_LOOK_AHEAD, _LOOK_AHEAD * speed, 2.0 * speed * math.sqrt(offset / comfort))
        place = (along + min(wanted, farthest)) / step
        index = min(int(place), last)
        (ax, ay), (bx, by) = samples[index], samples[index + 1]
        share = place - index
        dx, dy = ax + share * (bx - ax) - x, ay + share * (by - ay) - y
        distance = max(math.hypot(dx, dy), 1e-3)
        bearing = (math.atan2(dy, dx) - heading + math.pi) % (2.0 * math.pi) - math.pi
        ahead = math.sin(bearing) if abs(bearing) < math.pi / 2.0 else math.copysign(1.0, bearing)
        bend = min(max(2.0 * ahead / distance, curvature - rate), curvature + rate)
        curvature = min(max(bend, -limit), limit)
        curvatures.append(curvature)
        half = 0.5 * curvature * step
        x += step * math.cos(heading + half)
        y += step * math.sin(heading + half)
        heading += 2.0 * half
    return BicyclePath(ego.pose, step, np.array(curvatures))
