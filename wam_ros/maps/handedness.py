"""The only place where CARLA's left-handed world is turned into ours and back.

CARLA (Unreal): x forward or east, y RIGHT or south, z up, metres; rotations pitch, yaw, roll in degrees, yaw clockwise
seen from above, pitch nose up, roll to the right (clockwise seen from behind). Ours (REP 103): y LEFT, radians, yaw
counter-clockwise, pitch nose down positive, roll to the right positive.
So y changes its sign, and with it the sign of every rotation about x and z as a vector; CARLA's roll and pitch angles
are such that roll keeps its sign and pitch changes it. Numbers in, numbers out: neither carla nor ROS is known here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.geometry import SE2, SE3, Array, wrap_angle


def flip_y(vector: ArrayLike) -> Array:
    """A vector or points (..., 2 or 3) from one handedness to the other: its own inverse. Places, speeds, forces."""
    flipped = np.array(vector, dtype=np.float64)
    flipped[..., 1] *= -1.0
    return flipped


def flip_rotation_vector(vector: ArrayLike) -> Array:
    """An axial vector (..., 3), such as an angular velocity, from one handedness to the other: its own inverse."""
    flipped = np.array(vector, dtype=np.float64)
    flipped[..., 0] *= -1.0
    flipped[..., 2] *= -1.0
    return flipped


def yaw_from_carla(yaw_deg: float) -> float:
    """Heading [rad], counter-clockwise, from CARLA's yaw."""
    return float(wrap_angle(-math.radians(yaw_deg)))


def yaw_to_carla(yaw: float) -> float:
    """CARLA's yaw in degrees, in (-180, 180], from a heading [rad]."""
    return -math.degrees(float(wrap_angle(yaw)))


def pose_from_carla(location: Sequence[float], rotation_deg: Sequence[float]) -> SE3:
    """Pose from CARLA's location (x, y, z) and rotation (pitch, yaw, roll)."""
    pitch, yaw, roll = (math.radians(angle) for angle in rotation_deg)
    return SE3.from_euler(flip_y(location), roll, -pitch, -yaw)


def pose_to_carla(pose: SE3) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """CARLA's location (x, y, z) and rotation (pitch, yaw, roll) in degrees of a pose."""
    matrix = pose.rotation
    yaw = math.atan2(matrix[1, 0], matrix[0, 0])
    pitch = math.atan2(-matrix[2, 0], math.hypot(matrix[0, 0], matrix[1, 0]))
    roll = math.atan2(matrix[2, 1], matrix[2, 2])
    x, y, z = (float(value) for value in flip_y(pose.translation))
    return (x, y, z), (-math.degrees(pitch), -math.degrees(yaw), math.degrees(roll))


def planar_from_carla(x: float, y: float, yaw_deg: float) -> SE2:
    """Pose in the plane from CARLA's x, y and yaw."""
    return SE2(x, -y, yaw_from_carla(yaw_deg))


def steering_to_carla(angle: float) -> float:
    """CARLA steers right for positive values, of control and Ackermann control alike."""
    return -angle


def steering_from_carla(value: float) -> float:
    """Left positive, from CARLA's right positive value."""
    return -value
