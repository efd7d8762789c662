"""Commands to CARLA's controls. Left is positive here, right in CARLA."""

from __future__ import annotations

import math
from typing import Any

import carla

from wam_ros.carla_bridge.connection import calling
from wam_ros.carla_bridge.settings import Actuation
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription
from wam_ros.maps.handedness import steering_to_carla

_SPEED_GAIN = 4.0  # 1/s, of a wanted speed; the embedded world's Ackermann control has the same
_STANDING = 0.1  # m/s


def ackermann_control(command: VehicleCommand) -> Any:
    """A command as carla.VehicleAckermannControl; the acceleration there bounds the way to the wanted speed."""
    return carla.VehicleAckermannControl(
        steer=float(steering_to_carla(command.steering_angle)),
        speed=float(command.speed),
        acceleration=abs(float(command.acceleration)),
    )


def vehicle_control(command: VehicleCommand, speed: float, vehicle: VehicleDescription, max_steering: float) -> Any:
    """A command as carla.VehicleControl: throttle and brake as shares of the vehicle's greatest accelerations.

    Args:
        command: What is wanted.
        speed: Of the vehicle now [m/s].
        vehicle: Whose limits full throttle and full brake stand for.
        max_steering: Angle of the front wheels at steer = 1 [rad].

    """
    bound = abs(command.acceleration) or math.inf
    wanted = min(max(_SPEED_GAIN * (command.speed - speed), -bound), bound)
    if command.speed < _STANDING and abs(speed) < _STANDING:
        throttle, brake = 0.0, 1.0
    else:
        throttle = min(max(wanted / vehicle.max_acceleration, 0.0), 1.0)
        brake = min(max(-wanted / vehicle.max_deceleration, 0.0), 1.0)
    return carla.VehicleControl(
        throttle=float(throttle), steer=steer_share(command.steering_angle, max_steering), brake=float(brake)
    )


def full_brake(steering_angle: float, max_steering: float) -> Any:
    """A carla.VehicleControl that brakes as hard as it can and keeps the wheels where they were."""
    return carla.VehicleControl(throttle=0.0, steer=steer_share(steering_angle, max_steering), brake=1.0)


def steer_share(steering_angle: float, max_steering: float) -> float:
    """CARLA's steer in [-1, 1] for an angle of the front wheels [rad]."""
    return float(min(max(steering_to_carla(steering_angle) / max_steering, -1.0), 1.0))


class Actuator:
    """Applies commands to one actor.

    A carla.Vehicle does not send a control that equals the one it sent last, even if an Ackermann control has come in
    between. A brake would thus be lost; controls go by the client's batch, which sends them all.
    """

    def __init__(self, client: Any, actor: Any, vehicle: VehicleDescription, actuation: Actuation) -> None:
        self._client = client
        self._actor = actor
        self._vehicle = vehicle
        self._actuation = actuation
        self._steering_angle = 0.0
        with calling("reading the vehicle's physics"):
            wheels = actor.get_physics_control().wheels
        steered = math.radians(max((wheel.max_steer_angle for wheel in wheels), default=0.0))
        self.max_steering = steered if steered > 0.0 else vehicle.max_steering_angle

    def apply(self, command: VehicleCommand, speed: float) -> None:
        """Apply a command to the vehicle that drives at `speed` [m/s] now."""
        self._steering_angle = command.steering_angle
        with calling("applying a command"):
            if self._actuation == "ackermann":
                self._actor.apply_ackermann_control(ackermann_control(command))
            else:
                self._control(vehicle_control(command, speed, self._vehicle, self.max_steering))

    def apply_control(self, fields: Any) -> None:
        """Apply throttle, brake and so on as they are: anything with the fields of carla.VehicleControl."""
        self._control(
            carla.VehicleControl(
                throttle=float(fields.throttle),
                steer=float(fields.steer),
                brake=float(fields.brake),
                hand_brake=bool(fields.hand_brake),
                reverse=bool(fields.reverse),
                manual_gear_shift=bool(fields.manual_gear_shift),
                gear=int(fields.gear),
            )
        )

    def brake(self) -> None:
        """Brake as hard as it goes, with the wheels where they were."""
        self._control(full_brake(self._steering_angle, self.max_steering))

    def _control(self, control: Any) -> None:
        with calling("applying a control"):
            self._client.apply_batch([carla.command.ApplyVehicleControl(self._actor.id, control)])
