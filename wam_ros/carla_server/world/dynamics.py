"""How a client's vehicle moves: the one bicycle under a held command. It knows nothing of its surroundings."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2, wrap_angle
from wam_ros.core.vehicle import BicycleState, KinematicBicycle, VehicleDescription

SPEED_GAIN = 4.0  # 1/s: an Ackermann command wants this share of the missing speed as acceleration
_LARGEST = float(np.finfo(np.float32).max)
_STANDING = 0.1  # m/s; the gear changes below it


@dataclass(frozen=True)
class Drive:
    """A held command: steering angle [rad], and an acceleration [m/s^2] wanted outright."""

    steering_angle: float = 0.0
    acceleration: float = 0.0

    def acceleration_at(self, speed: float) -> float:  # noqa: ARG002  # the same shape as the other command
        """Wanted acceleration at a speed [m/s]."""
        return self.acceleration


@dataclass(frozen=True)
class AckermannDrive:
    """A held command: steering angle [rad], speed [m/s], and how hard to go for it [m/s^2], 0 = as hard as it can."""

    steering_angle: float
    speed: float
    acceleration: float

    def acceleration_at(self, speed: float) -> float:
        """clip(4/s (wanted speed - speed), +-|acceleration|)."""
        wanted = SPEED_GAIN * (self.speed - speed)
        limit = abs(self.acceleration)
        return min(max(wanted, -limit), limit) if limit > 0.0 else wanted


class ClientVehicle:
    """A vehicle of a client: its body, its bicycle and its command.

    Args:
        body: Moved by `step`.
        description: Size, limits and lags.

    """

    def __init__(self, body: Body, description: VehicleDescription) -> None:
        self.body = body
        self.description = description
        self.physics = True
        self.command: Drive | AckermannDrive = Drive()
        self._bicycle = KinematicBicycle(description)
        self._reverse = self._wanted_reverse = False
        self.state = BicycleState(self._rear_axle())
        self._dt = 1.0  # s, of the last step

    def step(self, dt: float) -> None:
        """Move on by `dt` [s]."""
        if not self.physics:
            return
        before, self._dt = self.state, dt
        if before.speed < _STANDING:
            self._reverse = self._wanted_reverse
        wanted = self.command.acceleration_at(before.speed)
        after = self._bicycle.step(before, self.command.steering_angle, wanted, dt)
        if self._reverse:
            distance = 0.5 * (before.speed + after.speed) * dt
            curvature = math.tan(after.steering_angle) / self.description.wheelbase
            after = replace(after, pose=self._bicycle.advance(before.pose, -distance, curvature))
        self.state = after
        self._show(before)

    def reverse(self, backwards: bool) -> None:
        """Change the gear as soon as it stands."""
        self._wanted_reverse = backwards

    def place(self, pose: SE2) -> None:
        """Put the middle of the body somewhere, with the speed that it has."""
        self.body.x, self.body.y, self.body.yaw = pose.x, pose.y, pose.yaw
        self.state = replace(self.state, pose=self._rear_axle())

    def place_back(self, state: BicycleState) -> None:
        """Be where an earlier state was."""
        self.state = state
        middle = state.pose @ SE2(self.description.rear_axle_to_center, 0.0, 0.0)
        self.body.x, self.body.y, self.body.yaw = middle.x, middle.y, middle.yaw

    def stop_at(self, speed: float) -> None:
        """Have this speed [m/s] and no acceleration: it hit something."""
        self.state = replace(self.state, speed=abs(speed), acceleration=0.0)
        self.body.acceleration = (speed - self.body.speed) / self._dt
        self.body.speed = speed
        self.body.yaw_rate = 0.0

    def set_speed(self, speed: float) -> None:
        """Drive at this speed [m/s] from now on, negative = backwards."""
        self._reverse = self._wanted_reverse = speed < 0.0
        self.state = replace(self.state, speed=abs(speed), acceleration=0.0)
        self._show(self.state)

    def _rear_axle(self) -> SE2:
        return self.body.pose @ SE2(-self.description.rear_axle_to_center, 0.0, 0.0)

    def _show(self, before: BicycleState) -> None:
        body, state = self.body, self.state
        middle = state.pose @ SE2(self.description.rear_axle_to_center, 0.0, 0.0)
        sign = -1.0 if self._reverse else 1.0
        body.x, body.y, body.yaw = middle.x, middle.y, middle.yaw
        body.speed = sign * state.speed
        body.steering_angle = state.steering_angle
        body.acceleration = sign * (state.speed - before.speed) / self._dt
        body.yaw_rate = float(wrap_angle(state.pose.yaw - before.pose.yaw)) / self._dt
        body.braking = state.acceleration < -0.3 or (
            state.speed < _STANDING and self.command.acceleration_at(0.0) <= 0.0
        )


def rounded(value: float) -> float:
    """As the wire carries it: 32 bit.

    Raises:
        WorldError: It is not finite in 32 bit.

    """
    number = float(np.float32(value)) if abs(value) < _LARGEST else math.nan
    if not math.isfinite(number):
        msg = f"command {value}, wanted a finite number of 32 bit"
        raise WorldError(msg)
    return number
