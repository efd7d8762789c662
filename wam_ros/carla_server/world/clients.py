"""What clients put into the world: vehicles, pedestrians and things. It knows the traffic only through its guests."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache

from wam_ros.carla_server.world.bodies import Body
from wam_ros.carla_server.world.crash import Crashes
from wam_ros.carla_server.world.dynamics import ClientVehicle
from wam_ros.carla_server.world.guests import Guests
from wam_ros.carla_server.world.vehicle_types import WALKER_SIZE, Color
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2
from wam_ros.core.resources import resource
from wam_ros.core.scene import ActorKind
from wam_ros.core.vehicle import BicycleState, VehicleDescription

_RED: Color = (200, 30, 30)


class Clients:
    """Bodies of clients by id."""

    def __init__(self, guests: Guests, crashes: Crashes, next_id: Callable[[], int]) -> None:
        self._guests = guests
        self._crashes = crashes
        self._next_id = next_id
        self._walks: dict[int, tuple[float, float]] = {}
        self.vehicles: dict[int, ClientVehicle] = {}
        self.bodies: dict[int, Body] = {}

    def step(self, dt: float) -> dict[int, BicycleState]:
        """Move everything on by `dt` [s]; the states of the vehicles before, by id."""
        before = {number: vehicle.state for number, vehicle in self.vehicles.items()}
        for vehicle in self.vehicles.values():
            vehicle.step(dt)
        for number, (yaw, speed) in self._walks.items():
            body = self.bodies[number]
            body.x += speed * dt * math.cos(yaw)
            body.y += speed * dt * math.sin(yaw)
        return before

    def spawn_vehicle(
        self,
        bodies: Mapping[int, Body],
        type_id: str,
        pose: SE2,
        description: VehicleDescription | None,
        color: Color | None,
    ) -> Body:
        """A vehicle, standing; WorldError if something is there."""
        car = _passenger_car() if description is None else description
        box = (car.length, car.width, car.height)
        body = self._spawn(bodies, ActorKind.VEHICLE, type_id, pose, box, _RED if color is None else color)
        self.vehicles[body.id] = ClientVehicle(body, car)
        return body

    def spawn_pedestrian(self, bodies: Mapping[int, Body], type_id: str, pose: SE2) -> Body:
        """A pedestrian, standing; WorldError if something is there."""
        body = self._spawn(bodies, ActorKind.PEDESTRIAN, type_id, pose, WALKER_SIZE, _RED)
        self._walks[body.id] = (pose.yaw, 0.0)
        return body

    def spawn_prop(self, bodies: Mapping[int, Body], type_id: str, pose: SE2, size: tuple[float, float, float]) -> Body:
        """A thing; WorldError if something is there."""
        return self._spawn(bodies, ActorKind.STATIC, type_id, pose, size, (150, 110, 60))

    def remove(self, body_id: int) -> bool:
        """Take a body away; False if it is none of a client."""
        if self.bodies.pop(body_id, None) is None:
            return False
        self._walks.pop(body_id, None)
        self.vehicles.pop(body_id, None)
        self._guests.remove(body_id)
        return True

    def vehicle(self, body_id: int) -> ClientVehicle:
        """A client's vehicle.

        Raises:
            WorldError: There is none of this id.

        """
        vehicle = self.vehicles.get(body_id)
        if vehicle is None:
            msg = f"body {body_id} is no vehicle of a client; those are {sorted(self.vehicles)}"
            raise WorldError(msg)
        return vehicle

    def rear_axle_to_center(self, body_id: int) -> float | None:
        """Of a client's vehicle [m]; None for others."""
        vehicle = self.vehicles.get(body_id)
        return None if vehicle is None else vehicle.description.rear_axle_to_center

    def teleport(self, body_id: int, pose: SE2) -> None:
        """Put a body somewhere, whatever is there; WorldError if it is none of a client."""
        if body_id in self.vehicles:
            self.vehicles[body_id].place(pose)
        elif body_id in self.bodies:
            body = self.bodies[body_id]
            body.x, body.y, body.yaw = pose.x, pose.y, pose.yaw
        else:
            self._unknown(body_id, "body")

    def walk(self, body_id: int, direction_yaw: float, speed: float) -> None:
        """Have a pedestrian go on; WorldError if it is none of a client."""
        if body_id not in self._walks:
            self._unknown(body_id, "pedestrian")
        body = self.bodies[body_id]
        if speed > 0.0:
            body.yaw = direction_yaw
        body.speed = speed
        self._walks[body_id] = (body.yaw, speed)

    def _spawn(
        self,
        bodies: Mapping[int, Body],
        kind: ActorKind,
        type_id: str,
        pose: SE2,
        box: tuple[float, float, float],
        color: Color,
    ) -> Body:
        body = Body(0, kind, type_id, *box, pose.x, pose.y, pose.yaw, color=color, from_client=True)
        if self._crashes.blocked(body, bodies):
            msg = "Spawn failed because of collision at spawn position"
            raise WorldError(msg)
        body.id = self._next_id()
        self.bodies[body.id] = body
        self._guests.add(body)
        return body

    @staticmethod
    def _unknown(body_id: int, what: str) -> None:
        msg = f"body {body_id} is no {what} of a client"
        raise WorldError(msg)


@cache
def _passenger_car() -> VehicleDescription:
    return VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
