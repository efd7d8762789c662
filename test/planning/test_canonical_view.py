from __future__ import annotations

import numpy as np

from wam_ros.core import SE3, CameraImage, CameraModel, CanonicalCamera
from wam_ros.core.camera import BODY_FROM_OPTICAL
from wam_ros.planning.canonical_view import CanonicalView

CANONICAL = CanonicalCamera(32, 18, 20.0, 16.0, 9.0, height_above_ground=1.5)
K = np.array([[40.0, 0.0, 32.0], [0.0, 40.0, 18.0], [0.0, 0.0, 1.0]])
POSE = SE3(BODY_FROM_OPTICAL.rotation, np.array([1.5, 0.0, 1.6]))


def image(focal_scale: float = 1.0) -> CameraImage:
    matrix = K * np.array([[focal_scale], [focal_scale], [1.0]])
    matrix[:2, 2] = K[:2, 2]
    pixels = np.random.default_rng(0).integers(0, 255, (36, 64, 3), dtype=np.uint8)
    return CameraImage(5, pixels, "bgr8", CameraModel(64, 36, matrix), POSE)


def test_images_become_those_of_the_canonical_camera() -> None:
    view = CanonicalView(CANONICAL)
    assert view.rectifier("front") is None
    seen = view("front", image())
    assert (seen.width, seen.height, seen.encoding, seen.stamp_ns) == (32, 18, "rgb8", 5)
    assert seen.camera is not None
    np.testing.assert_array_equal(seen.camera.matrix, CANONICAL.matrix)
    assert seen.base_from_camera is not None
    np.testing.assert_allclose(seen.base_from_camera.translation, POSE.translation)


def test_the_warp_is_built_once_for_each_calibration() -> None:
    view = CanonicalView(CANONICAL)
    view("front", image())
    first = view.rectifier("front")
    view("front", image())
    assert view.rectifier("front") is first
    view("front", image(focal_scale=1.1))
    assert view.rectifier("front") is not first


def test_without_canonical_camera_or_calibration_images_stay_as_they_are() -> None:
    raw = image()
    assert CanonicalView(None)("front", raw) is raw
    bare = CameraImage(5, raw.pixels, "bgr8")
    assert CanonicalView(CANONICAL)("front", bare) is bare
