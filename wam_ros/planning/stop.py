"""The comfortable stop: braking along a known path or the arc being driven. It needs nothing but an ego state."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core import EgoState, Polyline, Trajectory, VehicleDescription
from wam_ros.planning.bicycle_path import BicyclePath
from wam_ros.planning.horizon import Horizon
from wam_ros.planning.pursuit import MIN_STEP, driven_curvature, entry_to, pursue
from wam_ros.planning.speed_profile import SpeedProfile, stop_profile

MAX_PATH_DISTANCE = 2.0  # m; a path further away than this is not taken
MAX_PATH_ANGLE = math.pi / 4.0  # rad; nor one at a larger angle
_STEPS = 64
_STRAIGHTENING = 2.0  # s; over which an arc without a path fades into a straight line
_MIN_STRAIGHTENING = 5.0  # m
_SPEED_SHARE = 1.2  # of the top speed; a faster ego state is no vehicle's


def comfortable_stop(
    ego: EgoState, vehicle: VehicleDescription, horizon: Horizon, path: Polyline | None = None
) -> Trajectory:
    """Brake with comfortable deceleration and limited jerk, then stand and keep the heading.

    Args:
        ego: State to brake from; any speed, 0 and reverse included. A speed or acceleration beyond what the vehicle
            can do is taken as its limit, so the waypoints are finite for every ego state.
        vehicle: Gives the limits.
        horizon: Wanted waypoints; where it is too short for the stop the last waypoint still brakes.
        path: To stay on, in the ego's frame, if the ego is near it (MAX_PATH_DISTANCE, MAX_PATH_ANGLE) and drives
            forward; otherwise the arc driven now is kept while it fades into a straight line.

    """
    return stop_at_times(ego, vehicle, horizon.times, path)


def stop_at_times(
    ego: EgoState, vehicle: VehicleDescription, times: ArrayLike, path: Polyline | None = None
) -> Trajectory:
    """`comfortable_stop` with the waypoints at `times` (N,) after the ego's stamp [s]."""
    times = np.asarray(times, dtype=np.float64)
    ego = _possible(ego, vehicle)
    profile = stop_profile(vehicle, ego.speed, ego.acceleration)
    motion = profile.at(times)
    return _path(ego, vehicle, profile, path).trajectory(ego, times, motion)


def stopping_distance(ego: EgoState, vehicle: VehicleDescription) -> float:
    """Length of the comfortable stop from the ego's state [m], never negative."""
    ego = _possible(ego, vehicle)
    return stop_profile(vehicle, ego.speed, ego.acceleration).final_distance


def is_near(path: Polyline, ego: EgoState) -> bool:
    """Whether the ego is on `path` closely enough to stop along it."""
    with np.errstate(all="ignore"):  # coordinates of any size are answered, not warned about
        entry = entry_to(path, ego)
    return entry.distance <= MAX_PATH_DISTANCE and abs(entry.heading_error) <= MAX_PATH_ANGLE


def _possible(ego: EgoState, vehicle: VehicleDescription) -> EgoState:
    fastest = _SPEED_SHARE * vehicle.max_speed
    return replace(ego, speed=min(max(ego.speed, -fastest), fastest))


def _path(ego: EgoState, vehicle: VehicleDescription, profile: SpeedProfile, path: Polyline | None) -> BicyclePath:
    step = max(profile.final_distance / _STEPS, MIN_STEP)
    along = step * np.arange(_STEPS)
    if path is not None and ego.speed > 0.0 and is_near(path, ego):
        return pursue(vehicle, ego, path, entry_to(path, ego).arc_length, step, profile.speeds_at(along))
    fade = max(_STRAIGHTENING * abs(ego.speed), _MIN_STRAIGHTENING)
    curvatures = driven_curvature(vehicle, ego) * np.exp(-along / fade)
    return BicyclePath(ego.pose, math.copysign(step, profile.direction), curvatures)
