"""Rigid transforms in the plane and in space.

Axes follow REP 103: x forward, y left, z up, yaw counter-clockwise from x. A transform named `a_from_b` maps
coordinates of frame b to coordinates of frame a, so `a_from_b @ b_from_c` is `a_from_c`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from transforms3d.euler import euler2mat
from transforms3d.quaternions import mat2quat, quat2mat

from wam_ros.core.errors import InputError

Array = NDArray[np.float64]


def wrap_angle(angle: Any) -> Any:
    """The same angle in [-pi, pi), for a float or an array [rad]."""
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


def frozen_array(values: ArrayLike, name: str, shape: tuple[int | None, ...], dtype: Any = np.float64) -> Any:
    """A read-only copy of `values`, checked against `shape` (None = any length).

    Raises:
        InputError: The values are not numbers or have another shape.

    """
    try:
        array = np.array(values, dtype=dtype)
    except (TypeError, ValueError) as err:
        msg = f"{name}: not an array of {np.dtype(dtype).name}: {err}"
        raise InputError(msg) from err
    if array.ndim != len(shape) or any(want is not None and got != want for got, want in zip(array.shape, shape)):
        wanted = "(" + ", ".join("*" if want is None else str(want) for want in shape) + ")"
        msg = f"{name}: shape {array.shape}, wanted {wanted}"
        raise InputError(msg)
    array.setflags(write=False)
    return array


def require_finite(**values: float) -> None:
    """Refuse values that are not finite numbers, by name.

    Raises:
        InputError: One of them is NaN or infinite.

    """
    for name, value in values.items():
        if not math.isfinite(value):
            msg = f"{name} is {value}, wanted a finite number"
            raise InputError(msg)


@dataclass(frozen=True)
class SE2:
    """A pose or transform in the plane: translation x, y [m] after rotation yaw [rad]."""

    x: float
    y: float
    yaw: float

    def __post_init__(self) -> None:
        require_finite(x=self.x, y=self.y, yaw=self.yaw)

    @property
    def position(self) -> Array:
        """(2,) x, y [m]."""
        return np.array([self.x, self.y])

    def __matmul__(self, other: SE2) -> SE2:
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return SE2(
            self.x + cos * other.x - sin * other.y,
            self.y + sin * other.x + cos * other.y,
            float(wrap_angle(self.yaw + other.yaw)),
        )

    def inverse(self) -> SE2:
        """The transform the other way."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return SE2(-cos * self.x - sin * self.y, sin * self.x - cos * self.y, float(wrap_angle(-self.yaw)))

    def apply(self, points: ArrayLike) -> Array:
        """Points (..., 2) of the inner frame in the outer frame [m]."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        rotation = np.array([[cos, -sin], [sin, cos]])
        moved: Array = np.asarray(points, dtype=np.float64) @ rotation.T + self.position
        return moved


@dataclass(frozen=True, eq=False)
class SE3:
    """A pose or transform in space: rotation (3, 3), then translation (3,) [m]."""

    rotation: Array
    translation: Array

    def __post_init__(self) -> None:
        rotation = frozen_array(self.rotation, "rotation", (3, 3))
        translation = frozen_array(self.translation, "translation", (3,))
        if not (np.isfinite(rotation).all() and np.isfinite(translation).all()):
            msg = "transform holds values that are not finite"
            raise InputError(msg)
        if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4) or np.linalg.det(rotation) < 0.0:
            msg = f"rotation is not a rotation matrix: {rotation.tolist()}"
            raise InputError(msg)
        object.__setattr__(self, "rotation", rotation)
        object.__setattr__(self, "translation", translation)

    @classmethod
    def identity(cls) -> SE3:
        """The transform that changes nothing."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def from_quaternion(cls, translation: ArrayLike, xyzw: ArrayLike) -> SE3:
        """From a translation [m] and a quaternion in ROS order x, y, z, w; its length must be near 1.

        Raises:
            InputError: The quaternion is not finite or not near unit length.

        """
        x, y, z, w = (float(v) for v in np.asarray(xyzw, dtype=np.float64))
        norm = math.sqrt(x * x + y * y + z * z + w * w)
        if not abs(norm - 1.0) < 1e-2:
            msg = f"quaternion [{x}, {y}, {z}, {w}] has length {norm:.4g}, wanted 1"
            raise InputError(msg)
        return cls(quat2mat([w / norm, x / norm, y / norm, z / norm]), np.asarray(translation, dtype=np.float64))

    @classmethod
    def from_euler(cls, translation: ArrayLike, roll: float, pitch: float, yaw: float) -> SE3:
        """From a translation [m] and fixed-axis roll, pitch, yaw [rad] (REP 103)."""
        return cls(euler2mat(roll, pitch, yaw, "sxyz"), np.asarray(translation, dtype=np.float64))

    @classmethod
    def from_se2(cls, pose: SE2, z: float = 0.0) -> SE3:
        """A pose in the plane lifted to height z [m]."""
        return cls.from_euler([pose.x, pose.y, z], 0.0, 0.0, pose.yaw)

    def quaternion(self) -> Array:
        """(4,) unit quaternion in ROS order x, y, z, w, with w >= 0."""
        w, x, y, z = mat2quat(self.rotation)
        return np.array([x, y, z, w])

    def __matmul__(self, other: SE3) -> SE3:
        return SE3(self.rotation @ other.rotation, self.rotation @ other.translation + self.translation)

    def inverse(self) -> SE3:
        """The transform the other way."""
        return SE3(self.rotation.T, -self.rotation.T @ self.translation)

    def apply(self, points: ArrayLike) -> Array:
        """Points (..., 3) of the inner frame in the outer frame [m]."""
        return np.asarray(points, dtype=np.float64) @ self.rotation.T + self.translation

    def to_se2(self) -> SE2:
        """The pose seen from above: x, y and the heading of the inner x axis."""
        x, y, _ = self.translation
        return SE2(float(x), float(y), math.atan2(self.rotation[1, 0], self.rotation[0, 0]))
