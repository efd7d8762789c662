"""Pixels of carla's camera readings: views of carla's own memory, kept alive by the array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.camera import CameraImage
from wam_ros.core.errors import InputError
from wam_ros.core.sensor_rig import SensorSpec

_FAR = 1000.0  # m at full depth; CARLA's encoding, see its sensors reference


class _Kept:
    """carla's memory as numpy sees it. A memoryview of raw_data does not keep the reading alive; this does."""

    def __init__(self, reading: Any) -> None:
        self._reading = reading
        flat = np.frombuffer(reading.raw_data, dtype=np.uint8)
        shape = (reading.height, reading.width, 4)
        if flat.size != reading.height * reading.width * 4:
            msg = f"camera image of {shape[1]}x{shape[0]} has {flat.size} bytes"
            raise InputError(msg)
        self.__array_interface__ = {**flat.reshape(shape).__array_interface__}


def bgra_of(reading: Any) -> NDArray[np.uint8]:
    """(H, W, 4) view of a carla.Image, in the order blue, green, red, alpha.

    Raises:
        InputError: The bytes do not fit the size.

    """
    return np.asarray(_Kept(reading))


def rgb_image(reading: Any, spec: SensorSpec, stamp_ns: int) -> CameraImage:
    """A colour camera's reading as core image, with its calibration."""
    return CameraImage(stamp_ns, bgra_of(reading), "bgra8", spec.camera_model, spec.base_from_optical)


def depth_of(reading: Any) -> NDArray[np.float32]:
    """(H, W) depth along the optical axis [m] of a depth camera: 24 bits over red, green, blue, low byte first."""
    blue, green, red = (bgra_of(reading)[..., channel].astype(np.float32) for channel in range(3))
    share = (red + 256.0 * green + 65536.0 * blue) / (256.0**3 - 1.0)
    depth: NDArray[np.float32] = (_FAR * share).astype(np.float32)
    return depth


def tags_of(reading: Any) -> NDArray[np.uint8]:
    """(H, W) CityObjectLabel of each pixel of a semantic camera."""
    return np.ascontiguousarray(bgra_of(reading)[..., 2])
