"""A planner that follows the route at a comfortable speed. It sees the route and the ego, no traffic and no lights."""

from __future__ import annotations

import math

import numpy as np

from wam_ros.core import (
    CanonicalCamera,
    ConfigError,
    Deadline,
    Observation,
    Plan,
    PlannerError,
    Polyline,
    Trajectory,
    VehicleDescription,
)
from wam_ros.planning.horizon import Horizon
from wam_ros.planning.pursuit import MIN_STEP, Entry, entry_to, pursue
from wam_ros.planning.speed_profile import curvature_caps, speed_profile
from wam_ros.planning.stop import comfortable_stop

MAX_ROUTE_DISTANCE = 10.0  # m
MAX_ROUTE_ANGLE = math.pi / 2.0  # rad
_MAX_ROLL_BACK = 0.1  # m/s
_ARRIVED = 0.3  # m before the end of the route, at walking pace
_ARRIVED_SPEED = 0.3  # m/s
_STATIONS = 160  # where the route's curvature is looked at
_PATH_STEPS = 96
_MERGE_SLACK = 1.2  # on the speed cap of the path: getting back on the route may be a little less comfortable


class RouteFollower:
    """Merges on the route from wherever the ego is and drives along it.

    The path starts at the ego's pose along its heading and is drivable by the bicycle (`pursue`); the speed is held
    by the target, the curvature and the end of the route (`speed_profile`), where it comes to a standstill.
    """

    name = "route_follower"
    weights_hash = ""
    provenance = ""

    def __init__(self, vehicle: VehicleDescription, target_speed: float = 10.0, horizon: Horizon | None = None) -> None:
        """Follow routes at `target_speed` [m/s] where curves allow.

        Raises:
            ConfigError: The target speed is not in (0, the vehicle's top speed].

        """
        if not 0.0 < target_speed <= vehicle.max_speed:
            msg = f"target_speed = {target_speed} m/s, wanted in (0, {vehicle.max_speed}]"
            raise ConfigError(msg)
        self.vehicle = vehicle
        self.target_speed = target_speed
        self.horizon = Horizon() if horizon is None else horizon
        self._progress: tuple[Polyline, float] | None = None  # the line followed last and how far along it

    @property
    def camera(self) -> CanonicalCamera | None:
        """It takes no image."""
        return None

    def warm_up(self) -> None:
        """Nothing is slow the first time."""

    def reset(self) -> None:
        """Forget where on the route the ego was."""
        self._progress = None

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:  # noqa: ARG002  # about 1 ms, no steps
        """Along `observation.route`.

        Raises:
            PlannerError: There is no route, the ego is over MAX_ROUTE_DISTANCE from it, faces against it (over
                MAX_ROUTE_ANGLE), or rolls backwards.

        """
        if observation.route is None:
            msg = "no route to follow"
            raise PlannerError(msg)
        line, ego = observation.route.line, observation.ego
        if ego.speed < -_MAX_ROLL_BACK:
            msg = f"ego rolls backwards at {ego.speed:.2f} m/s, the route is followed forward only"
            raise PlannerError(msg)
        entry = self._entry(observation, line)
        left = line.length - entry.arc_length
        if (left < _ARRIVED and ego.speed < _ARRIVED_SPEED) or left <= 0.0:
            trajectory = comfortable_stop(ego, self.vehicle, self.horizon, line)
        else:
            trajectory = self._follow(observation, line, entry.arc_length, left)
        return Plan(trajectory, self.name)

    def _entry(self, observation: Observation, line: Polyline) -> Entry:
        ego = observation.ego
        near = self._progress[1] if self._progress is not None and self._progress[0] is line else None
        entry = entry_to(line, ego, near)
        if near is not None and entry.distance > MAX_ROUTE_DISTANCE:
            entry = entry_to(line, ego)
        if not entry.distance <= MAX_ROUTE_DISTANCE:
            msg = f"ego is {entry.distance:.1f} m from the route, wanted at most {MAX_ROUTE_DISTANCE} m"
            raise PlannerError(msg)
        if abs(entry.heading_error) > MAX_ROUTE_ANGLE:
            degrees = math.degrees(abs(entry.heading_error))
            msg = f"ego faces the wrong way: {degrees:.0f} deg off the route's direction, wanted at most 90 deg"
            raise PlannerError(msg)
        self._progress = (line, entry.arc_length)
        return entry

    def _follow(self, observation: Observation, line: Polyline, arc_length: float, left: float) -> Trajectory:
        car, ego, times = self.vehicle, observation.ego, self.horizon.times
        speed = max(ego.speed, 0.0)
        gained = car.max_acceleration if ego.acceleration > car.comfort_acceleration else car.comfort_acceleration
        fastest = max(speed + max(ego.acceleration, 0.0), min(self.target_speed, speed + gained * times[-1]))
        reach = fastest * times[-1] + MIN_STEP
        sight = min(left, reach + fastest**2 / (2.0 * car.comfort_deceleration))
        stations = np.linspace(0.0, sight, _STATIONS)
        caps = curvature_caps(car, line.curvature(arc_length + stations))
        if sight >= left:
            caps[-1] = 0.0
        by_route = speed_profile(car, speed, ego.acceleration, stations, caps, self.target_speed)

        step = max(reach / _PATH_STEPS, MIN_STEP)
        along = step * np.arange(_PATH_STEPS)
        path = pursue(car, ego, line, arc_length, step, by_route.speeds_at(along))
        merging = curvature_caps(car, path.curvature(stations)) * _MERGE_SLACK
        within = stations < step * _PATH_STEPS
        caps = np.where(within, np.minimum(caps, merging), caps)
        motion = speed_profile(car, speed, ego.acceleration, stations, caps, self.target_speed).at(times)

        return path.trajectory(ego, times, motion)
