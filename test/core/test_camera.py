from __future__ import annotations

import math

import numpy as np
import pytest

from wam_ros.core import CameraImage, CameraModel, CanonicalCamera, InputError

K = np.array([[500.0, 0.0, 320.0], [0.0, 500.0, 240.0], [0.0, 0.0, 1.0]])
RGB = np.array([10, 20, 30], dtype=np.uint8)


@pytest.mark.parametrize(
    ("encoding", "pixel"),
    [("rgb8", [10, 20, 30]), ("bgr8", [30, 20, 10]), ("rgba8", [10, 20, 30, 9]), ("bgra8", [30, 20, 10, 9])],
)
def test_colours_come_out_in_one_order_without_a_copy(encoding: str, pixel: list[int]) -> None:
    pixels = np.tile(np.array(pixel, dtype=np.uint8), (4, 6, 1))
    image = CameraImage(0, pixels, encoding)  # type: ignore[arg-type]
    assert (image.rgb() == RGB).all()
    assert np.shares_memory(image.rgb(), pixels)


def test_gray_is_repeated_without_a_copy() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    rgb = CameraImage(0, pixels, "mono8").rgb()
    assert rgb.shape == (4, 6, 3)
    assert (rgb == pixels[..., None]).all()
    assert np.shares_memory(rgb, pixels)


def test_wrong_images_are_refused() -> None:
    with pytest.raises(InputError, match="no pixels: 0x4"):
        CameraImage(0, np.zeros((4, 0, 3), np.uint8), "rgb8")
    with pytest.raises(InputError, match=r"rgb8 image of shape \(4, 4\)"):
        CameraImage(0, np.zeros((4, 4), np.uint8), "rgb8")
    with pytest.raises(InputError, match="encoding 'yuv422'"):
        CameraImage(0, np.zeros((4, 4, 3), np.uint8), "yuv422")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="float64"):
        CameraImage(0, np.zeros((4, 4, 3)), "rgb8")  # type: ignore[arg-type]


def test_wrong_calibrations_are_refused() -> None:
    with pytest.raises(InputError, match="not calibrated"):
        CameraModel(640, 480, np.zeros((3, 3)))
    with pytest.raises(InputError, match="size 0x480"):
        CameraModel(0, 480, K)
    with pytest.raises(InputError, match="distortion model 'fisheye62'"):
        CameraModel(640, 480, K, "fisheye62")
    with pytest.raises(InputError, match="plumb_bob takes"):
        CameraModel(640, 480, K, "plumb_bob", [0.1, 0.2])  # type: ignore[arg-type]


def test_the_canonical_camera_looks_ahead_and_down() -> None:
    level = CanonicalCamera(640, 360, 500.0, 320.0, 180.0, 1.5)
    np.testing.assert_allclose(level.base_rotation() @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(level.base_rotation() @ [1, 0, 0], [0, -1, 0], atol=1e-12)
    down = CanonicalCamera(640, 360, 500.0, 320.0, 180.0, 1.5, pitch=0.1)
    np.testing.assert_allclose(down.base_rotation() @ [0, 0, 1], [math.cos(0.1), 0, -math.sin(0.1)], atol=1e-12)
    with pytest.raises(InputError, match="focal_length is nan"):
        CanonicalCamera(640, 360, math.nan, 320.0, 180.0, 1.5)
