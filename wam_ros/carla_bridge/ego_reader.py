"""The state of the own vehicle out of a snapshot: base_link's, where CARLA tells that of the actor's origin."""

from __future__ import annotations

import math
from typing import Any

from wam_ros.carla_bridge.carla_poses import (
    actor_from_base,
    rotation_vector_from_carla,
    transform_to_pose,
    vector_from_carla,
)
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE3
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleDescription

_SAME_MOTION_S = 0.25  # between snapshots from which an angular acceleration is taken


def stamp_of(snapshot: Any) -> int:
    """Time of a snapshot [ns]."""
    return round(float(snapshot.timestamp.elapsed_seconds) * NS_PER_S)


class EgoReader:
    """Reads one actor. Call it for each snapshot in order: the angular acceleration comes from two of them.

    With the offset d from base_link forward to the actor's origin, yaw rate w and its change w':
        v_base = v_actor - (0, w d),  a_base = a_actor + (w^2 d, -w' d)      (rigid body)
    """

    def __init__(self, actor_id: int, vehicle: VehicleDescription, frame_id: str) -> None:
        self.actor_id = actor_id
        self._vehicle = vehicle
        self._frame_id = frame_id
        self._actor_from_base = actor_from_base(vehicle)
        self._before: tuple[int, float] | None = None  # stamp, yaw rate

    def pose(self, snapshot: Any) -> SE3:
        """Pose of base_link in the map frame.

        Raises:
            WorldError: The vehicle is not in the world any more.

        """
        return transform_to_pose(self._find(snapshot).get_transform()) @ self._actor_from_base

    def read(self, snapshot: Any) -> EgoState:
        """State of base_link.

        Raises:
            WorldError: The vehicle is not in the world any more.

        """
        found, stamp_ns = self._find(snapshot), stamp_of(snapshot)
        actor = transform_to_pose(found.get_transform())
        base = actor @ self._actor_from_base
        offset = self._vehicle.rear_axle_offset
        velocity = actor.rotation.T @ vector_from_carla(found.get_velocity())
        acceleration = actor.rotation.T @ vector_from_carla(found.get_acceleration())
        yaw_rate = math.radians(rotation_vector_from_carla(found.get_angular_velocity())[2])
        return EgoState(
            stamp_ns=stamp_ns,
            frame_id=self._frame_id,
            pose=base.to_se2(),
            speed=float(velocity[0]),
            acceleration=float(acceleration[0] + yaw_rate**2 * offset),
            yaw_rate=yaw_rate,
            lateral_speed=float(velocity[1] - yaw_rate * offset),
            lateral_acceleration=float(acceleration[1] - self._yaw_acceleration(stamp_ns, yaw_rate) * offset),
            z=float(base.translation[2]),
        )

    def _find(self, snapshot: Any) -> Any:
        found = snapshot.find(self.actor_id)
        if found is None:
            msg = (
                f"the vehicle (actor {self.actor_id}) is not in frame {snapshot.frame} any more; "
                "somebody destroyed it or loaded another town"
            )
            raise WorldError(msg)
        return found

    def _yaw_acceleration(self, stamp_ns: int, yaw_rate: float) -> float:
        before, self._before = self._before, (stamp_ns, yaw_rate)
        if before is None or not 0 < stamp_ns - before[0] <= _SAME_MOTION_S * NS_PER_S:
            return 0.0
        return (yaw_rate - before[1]) * NS_PER_S / (stamp_ns - before[0])
