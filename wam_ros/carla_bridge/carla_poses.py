"""carla's transforms and vectors to ours and back; the signs themselves are in maps/handedness.py."""

from __future__ import annotations

from typing import Any

import carla
import numpy as np

from wam_ros.core.geometry import SE2, SE3, Array
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.maps.handedness import flip_rotation_vector, flip_y, pose_from_carla, pose_to_carla


def transform_to_pose(transform: Any) -> SE3:
    """A carla.Transform as a pose in our axes."""
    where, turn = transform.location, transform.rotation
    return pose_from_carla((where.x, where.y, where.z), (turn.pitch, turn.yaw, turn.roll))


def pose_to_transform(pose: SE3) -> Any:
    """A pose as carla.Transform."""
    (x, y, z), (pitch, yaw, roll) = pose_to_carla(pose)
    return carla.Transform(carla.Location(x, y, z), carla.Rotation(pitch, yaw, roll))


def vector_from_carla(vector: Any) -> Array:
    """(3,) of a carla.Vector3D or Location, for places, speeds, accelerations and forces."""
    return flip_y([vector.x, vector.y, vector.z])


def rotation_vector_from_carla(vector: Any) -> Array:
    """(3,) of a carla.Vector3D about whose axis something turns; its unit stays."""
    return flip_rotation_vector([vector.x, vector.y, vector.z])


def actor_from_base(vehicle: VehicleDescription) -> SE3:
    """Pose of base_link in CARLA's actor: the rear axle lies behind the origin, both are on the ground."""
    return SE3(np.eye(3), np.array([-vehicle.rear_axle_offset, 0.0, 0.0]))


def spawn_transform(base: SE2, vehicle: VehicleDescription, z: float) -> Any:
    """carla.Transform of the actor whose base_link shall be at `base`, at height z [m]."""
    return pose_to_transform(SE3.from_se2(base, z) @ actor_from_base(vehicle).inverse())
