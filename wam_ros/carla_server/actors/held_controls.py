"""What clients told their vehicles to do, held from tick to tick, as commands of the bicycle.

The map of CARLA's VehicleControl onto the bicycle, whose lags and limits then act:
    steering angle = -steer * the vehicle's greatest angle        (CARLA steers right for positive values)
    acceleration   = throttle * greatest acceleration - brake * hardest braking;  the hand brake is a full brake
In neutral the car rolls on: there is no drag. A gear against the motion brakes with the throttle until the car stands,
then drives off the other way. Ackermann controls are World.drive_ackermann; a negative speed drives backwards.
"""

from __future__ import annotations

from wam_ros.carla_server.wire.layouts import VehicleControl
from wam_ros.carla_server.wire.wire_types import AckermannControl
from wam_ros.carla_server.world.bodies import Body
from wam_ros.carla_server.world.world import World
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.maps.handedness import steering_from_carla, steering_to_carla

_STANDING = 0.1  # m/s; the world changes gears below it

Control = VehicleControl | AckermannControl


class HeldControls:
    """By body id: the newest control of each client's vehicle, and what vehicle it is."""

    def __init__(self) -> None:
        self._controls: dict[int, Control] = {}
        self.vehicles: dict[int, VehicleDescription] = {}

    def hold(self, body_id: int, control: Control) -> None:
        """Do this from the next tick on."""
        self._controls[body_id] = control

    def forget(self, body_id: int) -> None:
        """The vehicle is gone."""
        self._controls.pop(body_id, None)
        self.vehicles.pop(body_id, None)

    def apply(self, world: World) -> None:
        """Command all vehicles, before a tick."""
        for body_id, control in self._controls.items():
            if isinstance(control, VehicleControl):
                self._drive(world, world.bodies[body_id], control)
            else:
                _drive_ackermann(world, world.bodies[body_id], control)

    def shown(self, body: Body) -> VehicleControl:
        """What CARLA tells as a vehicle's control: what its client said, or what its motion amounts to."""
        control = self._controls.get(body.id)
        if isinstance(control, VehicleControl):
            return control
        car = self.vehicles.get(body.id)
        hardest, strongest, sharpest = (8.0, 3.5, 0.6)
        if car is not None:
            hardest, strongest, sharpest = car.max_deceleration, car.max_acceleration, car.max_steering_angle
        backwards = body.speed < -_STANDING
        push = -body.acceleration if backwards else body.acceleration
        steer = float(steering_to_carla(body.steering_angle)) / sharpest
        throttle, brake = min(max(push / strongest, 0.0), 1.0), min(max(-push / hardest, 0.0), 1.0)
        return VehicleControl(throttle, steer, brake, False, backwards, False, -1 if backwards else 1)

    def _drive(self, world: World, body: Body, control: VehicleControl) -> None:
        car = self.vehicles[body.id]
        throttle, brake = _share(control.throttle), 1.0 if control.hand_brake else _share(control.brake)
        if _is_against(body, control.reverse):
            throttle, brake = 0.0, max(throttle, brake)
        world.set_reverse(body.id, control.reverse)
        angle = steering_from_carla(min(max(control.steer, -1.0), 1.0)) * car.max_steering_angle
        world.drive(body.id, angle, throttle * car.max_acceleration - brake * car.max_deceleration)


def _drive_ackermann(world: World, body: Body, control: AckermannControl) -> None:
    backwards = control.speed < 0.0
    speed = 0.0 if _is_against(body, backwards) else abs(control.speed)
    world.set_reverse(body.id, backwards)
    world.drive_ackermann(body.id, steering_from_carla(control.steer), speed, control.acceleration)


def _is_against(body: Body, backwards: bool) -> bool:
    """Whether a vehicle moves the other way."""
    return body.speed > _STANDING if backwards else body.speed < -_STANDING


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
