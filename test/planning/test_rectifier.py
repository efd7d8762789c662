from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wam_ros.core import SE3, CameraImage, CameraModel, CanonicalCamera, InputError
from wam_ros.core.camera import BODY_FROM_OPTICAL, Encoding
from wam_ros.core.geometry import Array
from wam_ros.planning import Rectifier

K = np.array([[200.0, 0.0, 127.5], [0.0, 200.0, 63.5], [0.0, 0.0, 1.0]])
CANONICAL = CanonicalCamera(256, 128, 200.0, 127.5, 63.5, height_above_ground=1.5)
LEVEL = SE3(BODY_FROM_OPTICAL.rotation, np.array([1.2, 0.0, 1.7]))


def tilted(roll: float = 0.0, pitch: float = 0.0, yaw: float = 0.0) -> SE3:
    """Pose of a camera turned from looking straight ahead; positive pitch looks down."""
    return SE3.from_euler([1.2, 0.0, 1.7], roll, pitch, yaw) @ BODY_FROM_OPTICAL


def camera(
    width: int = 256, height: int = 128, matrix: Array = K, model: str = "plumb_bob", distortion: tuple[float, ...] = ()
) -> CameraModel:
    return CameraModel(width, height, matrix, model, np.array(distortion))


def image(pixels: NDArray[np.uint8], encoding: Encoding = "rgb8") -> CameraImage:
    return CameraImage(0, pixels, encoding)


def noise(height: int = 128, width: int = 256) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def project(model: CameraModel, rays: Array) -> Array:
    """(N, 2) pixels of rays (N, 3) in the optical frame, written out from the lens models' definitions."""
    x, y = rays[:, 0] / rays[:, 2], rays[:, 1] / rays[:, 2]
    d = np.concatenate([model.distortion, np.zeros(14)])
    r = np.hypot(x, y)
    if model.distortion_model == "equidistant":
        theta = np.arctan(r)
        scale = (
            theta * (1 + d[0] * theta**2 + d[1] * theta**4 + d[2] * theta**6 + d[3] * theta**8) / np.maximum(r, 1e-12)
        )
        x, y = x * scale, y * scale
    else:
        radial = (1 + d[0] * r**2 + d[1] * r**4 + d[4] * r**6) / (1 + d[5] * r**2 + d[6] * r**4 + d[7] * r**6)
        x, y = (
            x * radial + 2 * d[2] * x * y + d[3] * (r**2 + 2 * x**2),
            y * radial + d[2] * (r**2 + 2 * y**2) + 2 * d[3] * x * y,
        )
    pixels: Array = np.column_stack([x, y]) @ model.matrix[:2, :2].T + model.matrix[:2, 2]
    return pixels


def blob(model: CameraModel, pixel: Array, sigma: float = 3.0) -> NDArray[np.uint8]:
    """An image with one bright spot."""
    u, v = np.meshgrid(np.arange(model.width), np.arange(model.height))
    spot = 255.0 * np.exp(-((u - pixel[0]) ** 2 + (v - pixel[1]) ** 2) / (2.0 * sigma**2))
    rounded: NDArray[np.uint8] = spot.round().astype(np.uint8)
    return rounded


def centroid(pixels: NDArray[np.uint8]) -> Array:
    weights = pixels[..., 0].astype(np.float64)
    u, v = np.meshgrid(np.arange(weights.shape[1]), np.arange(weights.shape[0]))
    place: Array = np.array([(weights * u).sum(), (weights * v).sum()]) / weights.sum()
    return place


def test_the_canonical_camera_itself_changes_nothing():
    rectifier = Rectifier(camera(), LEVEL, CANONICAL)
    pixels = noise()
    np.testing.assert_array_equal(rectifier(image(pixels)), pixels)
    assert rectifier.coverage == 1.0
    assert rectifier.valid.all()
    assert rectifier.height_difference == pytest.approx(0.2)


LENSES = [
    camera(),
    camera(distortion=(-0.25, 0.08, 0.001, -0.002, -0.01)),
    camera(model="rational_polynomial", distortion=(0.4, 0.05, 0.0005, 0.001, 0.01, 0.7, 0.2, 0.02)),
    camera(512, 256, np.array([[300.0, 0.0, 250.0], [0.0, 310.0, 130.0], [0.0, 0.0, 1.0]])),
    camera(512, 384, np.array([[180.0, 0.0, 256.0], [0.0, 180.0, 190.0], [0.0, 0.0, 1.0]]), "equidistant",
           (-0.02, 0.004, -0.001, 0.0002)),
    camera(1024, 512, np.array([[800.0, 0.0, 511.5], [0.0, 800.0, 255.5], [0.0, 0.0, 1.0]])),
]  # fmt: skip


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    st.sampled_from(LENSES),
    st.floats(-0.05, 0.05),
    st.floats(-0.08, 0.08),
    st.floats(-0.1, 0.1),
    st.floats(70.0, 185.0),
    st.floats(45.0, 85.0),
)
def test_a_direction_lands_where_the_projection_says(lens, roll, pitch, yaw, column, row):
    pose = tilted(roll, pitch, yaw)
    ray_in_base = CANONICAL.base_rotation() @ np.linalg.inv(CANONICAL.matrix) @ [column, row, 1.0]
    pixel = project(lens, (pose.rotation.T @ ray_in_base)[None])[0]
    sigma = 3.0 * lens.matrix[0, 0] / 200.0
    margin = 4.0 * sigma
    if not (margin < pixel[0] < lens.width - margin and margin < pixel[1] < lens.height - margin):
        return
    warped = Rectifier(lens, pose, CANONICAL)(image(blob(lens, pixel, sigma), "mono8"))
    assert np.linalg.norm(centroid(warped) - [column, row]) < 0.5


@pytest.mark.parametrize("pitch", [-0.1, 0.05, 0.12])
@pytest.mark.parametrize("canonical_pitch", [0.0, 0.06])
def test_the_horizon_comes_to_the_canonical_row(pitch, canonical_pitch):
    wanted = CanonicalCamera(256, 128, 200.0, 127.5, 63.5, 1.5, canonical_pitch)
    rows = np.arange(128)[:, None]
    horizon = 63.5 - 200.0 * math.tan(pitch)
    pixels = np.broadcast_to(np.where(rows < horizon, 255, 0), (128, 256)).astype(np.uint8)
    warped = Rectifier(camera(), tilted(pitch=pitch), wanted)(image(np.ascontiguousarray(pixels), "mono8"))
    column = warped[:, 128, 0].astype(int)
    edge = int(np.flatnonzero((column[:-1] > 127) & (column[1:] <= 127))[0]) + 0.5
    assert edge == pytest.approx(63.5 - 200.0 * math.tan(canonical_pitch), abs=1.0)


@pytest.mark.parametrize("shrunk", [False, True])
def test_every_encoding_gives_the_same_colours(shrunk):
    n = 3 if shrunk else 1
    matrix = np.array([[200.0 * n, 0.0, 127.5 * n], [0.0, 200.0 * n, 63.5 * n], [0.0, 0.0, 1.0]])
    rectifier = Rectifier(camera(256 * n, 128 * n, matrix), tilted(pitch=0.05), CANONICAL)
    assert rectifier.shrink == n
    rgb = noise(128 * n, 256 * n)
    alpha = np.full((*rgb.shape[:2], 1), 17, np.uint8)
    wanted = rectifier(image(rgb))
    assert wanted.shape == (128, 256, 3)
    assert (wanted.dtype, wanted.flags.c_contiguous) == (np.uint8, True)
    variants: dict[Encoding, NDArray[np.uint8]] = {
        "bgr8": np.ascontiguousarray(rgb[..., ::-1]),
        "rgba8": np.concatenate([rgb, alpha], axis=2),
        "bgra8": np.concatenate([rgb[..., ::-1], alpha], axis=2),
    }
    for encoding, pixels in variants.items():
        np.testing.assert_array_equal(rectifier(image(pixels, encoding)), wanted)
    gray = np.ascontiguousarray(rgb[..., 0])
    np.testing.assert_array_equal(
        rectifier(image(gray, "mono8")), rectifier(image(np.repeat(gray[..., None], 3, axis=2)))
    )


def test_it_takes_a_read_only_view_with_padded_rows():
    raw = np.frombuffer(noise(128, 300).tobytes(), np.uint8).reshape(128, 900)
    view = np.lib.stride_tricks.as_strided(raw, (128, 256, 3), (900, 3, 1), writeable=False)
    np.testing.assert_array_equal(Rectifier(camera(), LEVEL, CANONICAL)(image(view)), np.array(view))


def test_a_narrow_lens_covers_less_and_leaves_the_rest_black():
    matrix = np.array([[280.0, 0.0, 127.5], [0.0, 280.0, 63.5], [0.0, 0.0, 1.0]])
    rectifier = Rectifier(camera(matrix=matrix), LEVEL, CANONICAL)
    assert rectifier.coverage == pytest.approx((200.0 / 280.0) ** 2, abs=0.02)
    assert rectifier.coverage < 0.9
    warped = rectifier(image(np.full((128, 256, 3), 200, np.uint8)))
    np.testing.assert_array_equal(warped.any(axis=2), rectifier.valid)
    assert (warped[rectifier.valid] == 200).all()


@pytest.mark.parametrize("lens", LENSES)
def test_a_camera_that_looks_back_sees_nothing(lens):
    rectifier = Rectifier(lens, tilted(yaw=math.pi), CANONICAL)
    assert rectifier.coverage == 0.0
    assert not rectifier(image(np.full((lens.height, lens.width, 3), 200, np.uint8))).any()


def test_a_lens_polynomial_that_folds_back_is_not_coverage():
    wide = CanonicalCamera(256, 128, 60.0, 127.5, 63.5, 1.5)
    rectifier = Rectifier(camera(distortion=(-0.3, 0.0, 0.0, 0.0)), LEVEL, wide)
    # r (1 - 0.3 r^2) falls beyond r = 1 / sqrt(0.9): pixels further out than that see something else.
    u, v = np.meshgrid(np.arange(256), np.arange(128))
    slopes = np.hypot(u - 127.5, v - 63.5) / 60.0
    assert slopes[rectifier.valid].max() <= 1.0 / math.sqrt(0.9) + 0.01
    assert rectifier.coverage > 0.05


@pytest.mark.parametrize("n", [2, 3, 4, 8])
def test_strong_reduction_averages_instead_of_aliasing(n):
    matrix = np.array([[200.0 * n, 0.0, 128.0 * n - 0.5], [0.0, 200.0 * n, 64.0 * n - 0.5], [0.0, 0.0, 1.0]])
    rectifier = Rectifier(camera(256 * n, 128 * n, matrix), LEVEL, CANONICAL)
    assert rectifier.shrink == n
    stripes = np.zeros((128 * n, 256 * n), np.uint8)
    stripes[:, ::2] = 240
    inside = rectifier(image(stripes, "mono8"))[4:-4, 4:-4].astype(int)
    share = np.array([120] if n % 2 == 0 else [240 * (n // 2) // n, 240 * (n // 2 + 1) // n])
    assert np.abs(inside[..., None] - share).min(axis=-1).max() <= 2
    # Blocks of n x n that are one colour come out as they are: no shift by half a pixel.
    blocks = noise()
    big = np.repeat(np.repeat(blocks, n, axis=0), n, axis=1)
    np.testing.assert_array_equal(rectifier(image(big)), blocks)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(InputError, match=r"image is 128x64, its camera_info 256x128"):
        Rectifier(camera(), LEVEL, CANONICAL)(image(noise(64, 128)))


def test_importing_the_planners_does_not_import_cv2():
    code = "import sys, wam_ros.planning; sys.exit('cv2' in sys.modules or 'rclpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
