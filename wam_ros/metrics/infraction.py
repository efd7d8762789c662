"""One thing that went wrong in a drive, and the own vehicle as the watchers of infractions see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, Array
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.metrics.navsim.boxes import Boxes

Kind = Literal[
    "collision_pedestrian",
    "collision_vehicle",
    "collision_static",
    "red_light",
    "off_lane",
    "wrong_way",
    "route_deviation",
    "blocked",
    "stopped_at_green",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
STANDING = 0.1
"""[m/s] below which CARLA's rules take a vehicle as standing."""


@dataclass(frozen=True)
class Infraction:
    """One event.

    Fields:
        kind: What happened; all that collided begin with "collision".
        stamp_ns: When [ns].
        position: Middle of the own vehicle then, map frame [m].
        actor_id: Who was hit, else None.
        at_fault: Of a collision by NAVSIM's rule (facts: NC); all others are our own doing.
        value: By kind: speed before the collision or over the line [m/s]; distance beyond the lane's edge or from the
            route [m]; time standing [s].
        detail: For people.

    """

    kind: Kind
    stamp_ns: int
    position: tuple[float, float]
    actor_id: int | None
    at_fault: bool
    value: float
    detail: str


@dataclass(frozen=True)
class EgoBox:
    """The own vehicle at one moment: pose of the middle of its box, half its size [m], speed [m/s]."""

    stamp_ns: int
    base: SE2
    pose: SE2
    half_length: float
    half_width: float
    speed: float

    @classmethod
    def of(cls, ego: EgoState, vehicle: VehicleDescription) -> EgoBox:
        """From the state of base_link."""
        middle = ego.pose @ SE2(vehicle.rear_axle_to_center, 0.0, 0.0)
        return cls(ego.stamp_ns, ego.pose, middle, vehicle.length / 2.0, vehicle.width / 2.0, ego.speed)

    def boxes(self, count: int) -> Boxes:
        """The box, `count` times."""
        center = np.broadcast_to(self.pose.position, (count, 2))
        return Boxes.at(center, np.full(count, self.pose.yaw), self.half_length, self.half_width)

    @property
    def front(self) -> Array:
        """(2,) middle of the front bumper [m]."""
        return self.pose.apply([self.half_length, 0.0])

    def infraction(
        self, kind: Kind, value: float, detail: str, *, actor_id: int | None = None, at_fault: bool = True
    ) -> Infraction:
        """An event here and now."""
        return Infraction(kind, self.stamp_ns, (self.pose.x, self.pose.y), actor_id, at_fault, value, detail)
