"""Cameras: the model of a lens, an image with its calibration, and the camera a checkpoint was trained for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE3, Array, frozen_array, require_finite

Encoding = Literal["rgb8", "bgr8", "rgba8", "bgra8", "mono8"]
ENCODINGS: tuple[str, ...] = get_args(Encoding)

# Number of coefficients each model takes (sensor_msgs/CameraInfo, OpenCV).
DISTORTION_COEFFICIENTS: dict[str, tuple[int, ...]] = {
    "plumb_bob": (0, 4, 5),
    "rational_polynomial": (0, 8, 12, 14),
    "equidistant": (0, 4),
}

# Turns axes of an optical frame (x right, y down, z forward; REP 103) into those of a body (x forward, y left, z up).
BODY_FROM_OPTICAL = SE3(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.zeros(3))


@dataclass(frozen=True, eq=False)
class CameraModel:
    """A pinhole camera with lens distortion.

    Fields:
        width, height: Image size [px].
        matrix: (3, 3) intrinsic matrix K [px].
        distortion_model: As in sensor_msgs/CameraInfo.
        distortion: (n,) coefficients of that model; empty = none.

    """

    width: int
    height: int
    matrix: Array
    distortion_model: str = "plumb_bob"
    distortion: Array = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        matrix = frozen_array(self.matrix, "camera matrix", (3, 3))
        distortion = frozen_array(self.distortion, "distortion", (None,))
        if self.width <= 0 or self.height <= 0:
            msg = f"camera size {self.width}x{self.height}, wanted positive"
            raise InputError(msg)
        if not np.isfinite(matrix).all() or matrix[0, 0] <= 0.0 or matrix[1, 1] <= 0.0:
            msg = f"camera matrix {matrix.tolist()} has no positive focal lengths: the camera is not calibrated"
            raise InputError(msg)
        allowed = DISTORTION_COEFFICIENTS.get(self.distortion_model)
        if allowed is None:
            msg = f"distortion model {self.distortion_model!r}, known: {', '.join(DISTORTION_COEFFICIENTS)}"
            raise InputError(msg)
        if len(distortion) not in allowed or not np.isfinite(distortion).all():
            msg = f"distortion {distortion.tolist()}: {self.distortion_model} takes {allowed} finite coefficients"
            raise InputError(msg)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "distortion", distortion)

    def same_as(self, other: CameraModel) -> bool:
        """Whether both describe the same camera exactly."""
        return (
            (self.width, self.height, self.distortion_model) == (other.width, other.height, other.distortion_model)
            and np.array_equal(self.matrix, other.matrix)
            and np.array_equal(self.distortion, other.distortion)
        )


@dataclass(frozen=True, eq=False)
class CameraImage:
    """One image with what is known of the camera that took it.

    Fields:
        stamp_ns: Time of exposure [ns].
        pixels: (H, W, C) or, for mono8, (H, W) uint8; may be a view into the received message.
        encoding: Order of the channels.
        camera: Lens model at this image size, or None when not calibrated.
        base_from_camera: Pose of the optical frame (x right, y down, z forward) in base_link, or None when unknown.

    """

    stamp_ns: int
    pixels: NDArray[np.uint8]
    encoding: Encoding
    camera: CameraModel | None = None
    base_from_camera: SE3 | None = None

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            msg = f"image encoding {self.encoding!r}, wanted one of {', '.join(ENCODINGS)}"
            raise InputError(msg)
        channels = {"mono8": (), "rgba8": (4,), "bgra8": (4,)}.get(self.encoding, (3,))
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 2 + len(channels) or self.pixels.shape[2:] != channels:
            msg = f"{self.encoding} image of shape {self.pixels.shape} {self.pixels.dtype}"
            raise InputError(msg)
        if self.pixels.size == 0:
            msg = f"image has no pixels: {self.pixels.shape[1]}x{self.pixels.shape[0]}"
            raise InputError(msg)

    @property
    def width(self) -> int:
        """Columns [px]."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows [px]."""
        return int(self.pixels.shape[0])

    def rgb(self) -> NDArray[np.uint8]:
        """(H, W, 3) view in the order red, green, blue; a gray image is repeated over the three channels."""
        return as_rgb(self.pixels, self.encoding)


def as_rgb(pixels: NDArray[np.uint8], encoding: Encoding) -> NDArray[np.uint8]:
    """(H, W, 3) view of pixels of the given encoding; no pixel is copied."""
    if encoding == "mono8":
        return np.broadcast_to(pixels[..., None], (*pixels.shape, 3))
    if encoding in {"bgr8", "bgra8"}:
        return pixels[..., 2::-1]
    return pixels[..., :3]


@dataclass(frozen=True)
class CanonicalCamera:
    """The undistorted camera that a checkpoint sees: every real camera is warped to it.

    It looks straight ahead along base_link x, tilted by `pitch`.

    Fields:
        width, height: Image size [px].
        focal_length: [px], the same in both directions.
        center_x, center_y: Principal point [px].
        height_above_ground: Height of the lens over the road [m].
        pitch: Tilt of the optical axis [rad], positive = down.

    """

    width: int
    height: int
    focal_length: float
    center_x: float
    center_y: float
    height_above_ground: float
    pitch: float = 0.0

    def __post_init__(self) -> None:
        require_finite(**{k: float(v) for k, v in vars(self).items()})
        if self.width <= 0 or self.height <= 0 or self.focal_length <= 0.0:
            msg = f"canonical camera {self.width}x{self.height}, focal length {self.focal_length}: wanted positive"
            raise InputError(msg)
        if abs(self.pitch) >= math.pi / 2.0:
            msg = f"canonical camera pitch {self.pitch} rad, wanted within (-pi/2, pi/2)"
            raise InputError(msg)

    @property
    def matrix(self) -> Array:
        """(3, 3) intrinsic matrix K [px]."""
        f = self.focal_length
        return np.array([[f, 0.0, self.center_x], [0.0, f, self.center_y], [0.0, 0.0, 1.0]])

    def base_rotation(self) -> Array:
        """(3, 3) rotation from the optical frame to base_link."""
        tilt = SE3.from_euler(np.zeros(3), 0.0, self.pitch, 0.0)
        rotation: Array = (tilt @ BODY_FROM_OPTICAL).rotation
        return rotation

    def model(self) -> CameraModel:
        """The same camera as a lens model."""
        return CameraModel(self.width, self.height, self.matrix)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint's config."""
        return dict(vars(self))
