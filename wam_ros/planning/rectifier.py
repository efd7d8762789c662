"""Warps a real camera's image to the canonical camera of a checkpoint.

Only the direction of view, the focal length and the lens are made equal: a rotation between the cameras maps pixels
without knowing depth (the infinite homography; Hartley & Zisserman, "Multiple View Geometry", 13.4). Where the camera
stands is not: a lens higher over the road than the checkpoint's sees the road as if it were further down, by
`height_difference`, and nothing here corrects for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.core import SE3, CameraImage, CameraModel, CanonicalCamera, InputError
from wam_ros.core.camera import as_rgb
from wam_ros.core.geometry import Array

_FARTHEST_SLOPE = 20.0  # tangent of the widest angle from the optical axis that is looked at, 87 deg


class Rectifier:
    """The warp from one calibrated camera to the canonical one; tables are built once.

    An image is brought to half its size or less by averaging whole blocks of n x n pixels first (n = the whole part
    of the source's pixels per canonical pixel), then sampled bilinearly: no aliasing at strong reduction.

    Attributes:
        coverage: Share of canonical pixels that the camera sees, in [0, 1].
        valid: (H, W) bool, those pixels; the others come out black.
        height_difference: Height of the camera over the canonical one [m]; not compensated.
        shrink: Side n of the averaged blocks [px].

    """

    def __init__(self, camera: CameraModel, base_from_camera: SE3, canonical: CanonicalCamera) -> None:
        """For a camera mounted at `base_from_camera` (pose of its optical frame in base_link)."""
        import cv2  # costs 100 ms, and planners without images need none of it

        self._cv2: Any = cv2
        self.camera = camera
        self._base_from_camera = base_from_camera
        self.canonical = canonical
        self.height_difference = float(base_from_camera.translation[2]) - canonical.height_above_ground
        canonical_from_camera = canonical.base_rotation().T @ base_from_camera.rotation
        columns, rows = _tables(cv2, camera, canonical_from_camera, canonical)
        self.valid: NDArray[np.bool_] = _seen(camera, canonical_from_camera, canonical)
        self.valid &= (columns >= -0.5) & (columns <= camera.width - 0.5)
        self.valid &= (rows >= -0.5) & (rows <= camera.height - 0.5)
        self.shrink = _shrink(columns, rows, self.valid)
        # Pixel centres are whole numbers: a block of n pixels has its centre at (n - 1) / 2.
        columns, rows = ((table + 0.5) / self.shrink - 0.5 for table in (columns, rows))
        columns[~self.valid] = rows[~self.valid] = 0.0
        self._tables = cv2.convertMaps(columns.astype(np.float32), rows.astype(np.float32), cv2.CV_16SC2)
        self.valid.setflags(write=False)
        self.coverage = float(self.valid.mean())

    def serves(self, camera: CameraModel, base_from_camera: SE3) -> bool:
        """Whether this is the warp of that camera in that place."""
        mine = self._base_from_camera
        same_place = np.array_equal(mine.rotation, base_from_camera.rotation) and np.array_equal(
            mine.translation, base_from_camera.translation
        )
        return same_place and self.camera.same_as(camera)

    def __call__(self, image: CameraImage) -> NDArray[np.uint8]:
        """(H, W, 3) rgb of the canonical camera's size, a new array.

        Raises:
            InputError: The image has another size than the camera model.

        """
        if (image.width, image.height) != (self.camera.width, self.camera.height):
            msg = (
                f"image is {image.width}x{image.height}, its camera_info {self.camera.width}x{self.camera.height}: "
                "calibrate at the published size"
            )
            raise InputError(msg)
        cv2, n, pixels = self._cv2, self.shrink, image.pixels
        if n > 1:
            width, height = image.width // n, image.height // n
            # Whole blocks only, so that the ratio is exactly n.
            pixels = cv2.resize(pixels[: height * n, : width * n], (width, height), interpolation=cv2.INTER_AREA)
        warped = cv2.remap(pixels, *self._tables, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if self.coverage < 1.0:
            warped[~self.valid] = 0
        # Channels are put in order last, on the small image.
        return np.ascontiguousarray(as_rgb(warped, image.encoding))


def _tables(cv2: Any, camera: CameraModel, canonical_from_camera: Array, canonical: CanonicalCamera) -> list[Array]:
    """Column and row in the camera's image for each canonical pixel, each (H, W)."""
    size = (canonical.width, canonical.height)
    equidistant = camera.distortion_model == "equidistant"
    lens = camera.distortion if len(camera.distortion) else np.zeros(4)
    build = cv2.fisheye.initUndistortRectifyMap if equidistant else cv2.initUndistortRectifyMap
    tables = build(camera.matrix, lens, canonical_from_camera, canonical.matrix, size, cv2.CV_32FC1)
    return [np.nan_to_num(table.astype(np.float64), nan=-1e6, posinf=-1e6, neginf=-1e6) for table in tables]


def _seen(camera: CameraModel, canonical_from_camera: Array, canonical: CanonicalCamera) -> NDArray[np.bool_]:
    """(H, W) whether a canonical pixel's ray lies before the camera and inside the angle its lens model holds for."""
    columns, rows = np.meshgrid(np.arange(canonical.width), np.arange(canonical.height))
    pixels = np.stack([columns, rows, np.ones_like(columns)], axis=-1).astype(np.float64)
    rays = pixels @ np.linalg.inv(canonical.matrix).T @ canonical_from_camera
    ahead = rays[..., 2] > 1e-9
    slopes = np.hypot(rays[..., 0], rays[..., 1]) / np.where(ahead, rays[..., 2], 1.0)
    seen: NDArray[np.bool_] = ahead & (slopes < _widest(camera))
    return seen


def _widest(camera: CameraModel) -> float:
    """Tangent of the angle up to which the distorted radius grows; beyond it a lens polynomial folds back."""
    if not len(camera.distortion):
        return _FARTHEST_SLOPE
    slopes = np.linspace(0.0, _FARTHEST_SLOPE, 20_000)
    k = np.concatenate([camera.distortion, np.zeros(8)])
    if camera.distortion_model == "equidistant":
        theta2 = np.arctan(slopes) ** 2
        radii = np.arctan(slopes) * (1.0 + theta2 * (k[0] + theta2 * (k[1] + theta2 * (k[2] + theta2 * k[3]))))
    else:
        r2 = slopes**2
        radii = slopes * (1.0 + r2 * (k[0] + r2 * (k[1] + r2 * k[4])))
        if camera.distortion_model == "rational_polynomial":
            radii = radii / (1.0 + r2 * (k[5] + r2 * (k[6] + r2 * k[7])))
    falls = np.flatnonzero(np.diff(radii) <= 0.0)
    return float(slopes[falls[0]]) if len(falls) else _FARTHEST_SLOPE


def _shrink(columns: Array, rows: Array, valid: NDArray[np.bool_]) -> int:
    """Whole number of source pixels per canonical pixel, from the middle of what is seen."""
    across = np.abs(np.diff(columns, axis=1))[valid[:, 1:] & valid[:, :-1]]
    down = np.abs(np.diff(rows, axis=0))[valid[1:] & valid[:-1]]
    if not len(across) or not len(down):
        return 1
    # Near enough: a tilted camera of n times the focal length comes out a little under n.
    return max(int(min(np.median(across), np.median(down)) + 0.1), 1)
