"""The vehicle: its description and the one kinematic bicycle that world, controller, monitor and metrics share."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.config import from_mapping, read_yaml
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.core.geometry import SE2, Array, frozen_array, require_finite, wrap_angle


@dataclass(frozen=True)
class VehicleDescription:
    """Size, limits and lags of one vehicle. base_link is the centre of the rear axle, on the ground.

    Fields:
        name: What to call it.
        wheelbase: Rear to front axle [m].
        width: Of the body [m].
        height: Of the body [m].
        front_overhang: Front axle to front bumper [m].
        rear_overhang: Rear axle to rear bumper [m].
        rear_axle_offset: From the body's reference point (CARLA: the actor's origin) back to the rear axle [m].
        max_steering_angle: Of the front wheels [rad].
        max_steering_rate: [rad/s].
        max_speed: [m/s].
        max_acceleration: [m/s^2].
        max_deceleration: Hardest braking, as a positive number [m/s^2].
        comfort_acceleration: Used by planners of ours [m/s^2].
        comfort_deceleration: Used for comfortable stops, positive [m/s^2].
        max_lateral_acceleration: [m/s^2].
        comfort_lateral_acceleration: Used to slow down for curves [m/s^2].
        max_jerk: Of the longitudinal acceleration, between waypoints [m/s^3].
        acceleration_lag: Time constant of drive and brakes [s].
        steering_lag: Time constant of the steering [s].

    """

    name: str
    wheelbase: float
    width: float
    height: float
    front_overhang: float
    rear_overhang: float
    rear_axle_offset: float
    max_steering_angle: float
    max_steering_rate: float
    max_speed: float
    max_acceleration: float
    max_deceleration: float
    comfort_acceleration: float
    comfort_deceleration: float
    max_lateral_acceleration: float
    comfort_lateral_acceleration: float
    max_jerk: float
    acceleration_lag: float
    steering_lag: float

    def __post_init__(self) -> None:
        may_be_zero = {"acceleration_lag", "steering_lag", "front_overhang", "rear_overhang", "rear_axle_offset"}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "name":
                continue
            if not math.isfinite(value) or value < 0.0 or (value == 0.0 and field.name not in may_be_zero):
                msg = f"vehicle {self.name!r}: {field.name} = {value}, wanted a positive number"
                raise ConfigError(msg)
        if self.max_steering_angle >= math.pi / 2.0:
            msg = f"vehicle {self.name!r}: max_steering_angle = {self.max_steering_angle} rad, wanted below pi/2"
            raise ConfigError(msg)

    @classmethod
    def load(cls, path: Path) -> VehicleDescription:
        """Read a vehicle YAML.

        Raises:
            ConfigError: The file is missing, or a key is unknown, missing or out of range.

        """
        return from_mapping(cls, read_yaml(path), str(path))

    @property
    def length(self) -> float:
        """Bumper to bumper [m]."""
        return self.rear_overhang + self.wheelbase + self.front_overhang

    @property
    def rear_axle_to_center(self) -> float:
        """From the rear axle forward to the middle of the body's box [m]."""
        return self.length / 2.0 - self.rear_overhang

    @property
    def max_curvature(self) -> float:
        """Of the rear axle's path at full steering [1/m]."""
        return math.tan(self.max_steering_angle) / self.wheelbase


@dataclass(frozen=True)
class VehicleCommand:
    """What the vehicle shall do next.

    Fields:
        stamp_ns: Time of the state it was made from [ns].
        steering_angle: Of the front wheels [rad], left positive.
        speed: Wanted speed [m/s].
        acceleration: Wanted acceleration [m/s^2], negative = brake.

    """

    stamp_ns: int
    steering_angle: float
    speed: float
    acceleration: float

    def __post_init__(self) -> None:
        require_finite(steering_angle=self.steering_angle, speed=self.speed, acceleration=self.acceleration)


@dataclass(frozen=True)
class BicycleState:
    """State of the bicycle: pose of the rear axle, speed [m/s], acceleration [m/s^2], front wheel angle [rad]."""

    pose: SE2
    speed: float = 0.0
    acceleration: float = 0.0
    steering_angle: float = 0.0


@dataclass(frozen=True)
class KinematicBicycle:
    """The kinematic bicycle about the rear axle, with limits and first-order lags of the actuators.

    Over a step of dt [s] the acceleration and the steering angle come first (command, lag, limits); they are then
    held while the rear axle follows the circular arc of curvature kappa and length d:

        v' = max(v + a dt, 0),  d = (v + v') dt / 2,  kappa = tan(delta) / wheelbase
        yaw' = yaw + kappa d,   chord = d sin(kappa d / 2) / (kappa d / 2), along yaw + kappa d / 2
    """

    vehicle: VehicleDescription

    def step(self, state: BicycleState, steering_angle: float, acceleration: float, dt: float) -> BicycleState:
        """The state `dt` seconds later under the commanded steering angle [rad] and acceleration [m/s^2].

        Raises:
            InputError: A command is not finite or dt is not positive.

        """
        require_finite(steering_angle=steering_angle, acceleration=acceleration)
        if not dt > 0.0:
            msg = f"time step {dt} s, wanted positive"
            raise InputError(msg)
        car = self.vehicle
        wanted = min(max(acceleration, -car.max_deceleration), car.max_acceleration)
        real = state.acceleration + (wanted - state.acceleration) * _lag_share(dt, car.acceleration_lag)
        target = min(max(steering_angle, -car.max_steering_angle), car.max_steering_angle)
        turn = (target - state.steering_angle) * _lag_share(dt, car.steering_lag)
        turn = min(max(turn, -car.max_steering_rate * dt), car.max_steering_rate * dt)
        delta = state.steering_angle + turn
        speed = min(max(state.speed + real * dt, 0.0), car.max_speed)
        pose = self.advance(state.pose, 0.5 * (state.speed + speed) * dt, math.tan(delta) / car.wheelbase)
        return BicycleState(pose, speed, real, delta)

    @staticmethod
    def advance(pose: SE2, distance: float, curvature: float) -> SE2:
        """The pose after `distance` [m] on an arc of `curvature` [1/m]."""
        half = 0.5 * curvature * distance
        chord = distance * float(np.sinc(half / math.pi))
        return pose @ SE2(chord * math.cos(half), chord * math.sin(half), 2.0 * half)

    def inverse(self, poses: ArrayLike, dt: ArrayLike) -> ArcMotion:
        """The arcs that lead through poses: the inverse of `advance`, step by step.

        Args:
            poses: (N, 3) x, y [m] and heading [rad].
            dt: Time between poses [s], one for all or (N-1,).

        Where the vehicle does not move the curvature is 0.

        """
        path: Array = frozen_array(poses, "poses", (None, 3))
        if len(path) < 2:
            msg = f"{len(path)} pose(s), wanted at least 2"
            raise InputError(msg)
        steps = np.broadcast_to(np.asarray(dt, dtype=np.float64), (len(path) - 1,))
        chords = np.diff(path[:, :2], axis=0)
        turns = np.asarray(wrap_angle(np.diff(path[:, 2])))
        middle = path[:-1, 2] + 0.5 * turns
        forward = chords[:, 0] * np.cos(middle) + chords[:, 1] * np.sin(middle)
        slip = -chords[:, 0] * np.sin(middle) + chords[:, 1] * np.cos(middle)
        distances = forward / np.sinc(0.5 * turns / math.pi)
        moved = np.abs(distances) > 1e-6
        curvatures = np.where(moved, turns / np.where(moved, distances, 1.0), 0.0)
        return ArcMotion(distances / steps, curvatures, np.arctan(curvatures * self.vehicle.wheelbase), slip)


@dataclass(frozen=True, eq=False)
class ArcMotion:
    """Motion between N poses, each array (N-1,).

    Fields:
        speeds: Mean speed over the step [m/s], negative in reverse.
        curvatures: [1/m], left positive.
        steering_angles: Of the front wheels [rad].
        slip: Sideways move that no bicycle can make [m]; 0 for poses that a bicycle drove.

    """

    speeds: Array
    curvatures: Array
    steering_angles: Array
    slip: Array


def _lag_share(dt: float, time_constant: float) -> float:
    """How much of the way to its target a first-order lag goes within dt."""
    return 1.0 if time_constant <= 0.0 else 1.0 - math.exp(-dt / time_constant)
