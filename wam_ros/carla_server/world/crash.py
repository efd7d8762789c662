"""What happens when a client's vehicle touches something.

The rule: a vehicle may not move deeper into another box. It is put back to where it was, and loses the part of its
speed that goes into the other (a plastic collision with something that does not give way). The impulse that is told is
that of a plastic collision of both masses: reduced mass times closing speed. Traffic is not pushed: SUMO drives on.
A contact is told in each step in which the boxes overlap, or would, had the vehicle not been put back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from wam_ros.carla_server.towns.buildings import building_footprints
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.bodies import Body, Collision
from wam_ros.carla_server.world.collisions import contacts
from wam_ros.carla_server.world.dynamics import ClientVehicle
from wam_ros.core.geometry import Array
from wam_ros.core.scene import ActorKind
from wam_ros.core.vehicle import BicycleState

TOWN = 0  # as `Collision.second`: a building
_MASS_PER_AREA = 170.0  # kg/m^2 of a vehicle's box: 1.5 t for a passenger car
_LIGHT_MASS = {ActorKind.PEDESTRIAN: 75.0, ActorKind.BICYCLE: 95.0}  # kg
_CLOSING = 1e-6  # m


class Crashes:
    """The contacts of clients' vehicles with bodies and houses."""

    def __init__(self, town: Town) -> None:
        self.buildings = building_footprints(town)
        rows = [(house.x, house.y, house.yaw, house.length, house.width) for house in self.buildings]
        self._houses: Array = np.array(rows, dtype=np.float64).reshape(-1, 5)

    def blocked(self, box: Body, bodies: Mapping[int, Body]) -> bool:
        """Whether a box overlaps a body or a house."""
        return bool(contacts(box_of(box), boxes_of(bodies)) or contacts(box_of(box), self._houses))

    def resolve(
        self, vehicles: Mapping[int, ClientVehicle], before: Mapping[int, BicycleState], bodies: Mapping[int, Body]
    ) -> list[Collision]:
        """Find who touches whom, stop the clients' vehicles, and tell it.

        Args:
            vehicles: Of clients, by body id, after they moved.
            before: Where they were before.
            bodies: All, by id.

        """
        found: list[Collision] = []
        for number in sorted(vehicles):
            vehicle = vehicles[number]
            others = {key: other for key, other in bodies.items() if key != number}
            keys = [*others, *[TOWN] * len(self._houses)]
            boxes = np.concatenate([boxes_of(others), self._houses])
            hits = contacts(box_of(vehicle.body), boxes)
            if not hits:
                continue
            speed, deeper = vehicle.body.speed, False
            moved = vehicle.state
            after = vehicle.body.pose
            vehicle.place_back(before[number])
            old = {hit.other: hit.depth for hit in contacts(box_of(vehicle.body), boxes)}
            kept = speed
            for hit in hits:
                other = others.get(keys[hit.other])
                closing, allowed = _closing(after.yaw, speed, hit.normal, other)
                mass = _reduced_mass(vehicle.body, other)
                key = keys[hit.other]
                found.append(Collision(number, key, mass * max(closing, 0.0), hit.normal))
                if hit.depth > old.get(hit.other, 0.0) + _CLOSING:
                    deeper = True
                    kept = min(kept, allowed, key=abs)
            if deeper:
                vehicle.stop_at(kept)
            else:
                vehicle.place_back(moved)
        return found


def _closing(yaw: float, speed: float, normal: tuple[float, float], other: Body | None) -> tuple[float, float]:
    """Speed at which the two close in along the normal, and what is left of the vehicle's own speed [m/s]."""
    along = math.cos(yaw) * normal[0] + math.sin(yaw) * normal[1]
    theirs = 0.0
    if other is not None:
        theirs = other.speed * (math.cos(other.yaw) * normal[0] + math.sin(other.yaw) * normal[1])
    closing = speed * along - theirs
    if closing <= 0.0:
        return closing, speed
    left = speed - closing * along
    return closing, left if left * speed > 0.0 else 0.0


def _reduced_mass(first: Body, second: Body | None) -> float:
    return _mass(first) if second is None else 1.0 / (1.0 / _mass(first) + 1.0 / _mass(second))


def _mass(body: Body) -> float:
    return _LIGHT_MASS.get(body.kind, _MASS_PER_AREA * body.length * body.width)


def box_of(body: Body) -> Array:
    """(5,) x, y, yaw, length, width, as `contacts` takes it."""
    return np.array([body.x, body.y, body.yaw, body.length, body.width])


def boxes_of(bodies: Mapping[int, Body]) -> Array:
    """(N, 5) in the order of the mapping."""
    rows = [(body.x, body.y, body.yaw, body.length, body.width) for body in bodies.values()]
    return np.array(rows, dtype=np.float64).reshape(-1, 5)
