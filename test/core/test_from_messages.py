from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.bags.definitions import base_typestore, message_from_fields
from wam_ros.core import SE3, InputError
from wam_ros.core.from_messages import (
    camera_from_info,
    header_stamp_ns,
    image_from_message,
    route_from_path,
    stamp_to_ns,
)
from wam_ros.core.transform_tree import TransformTree

HEADER = {"stamp": {"sec": 12, "nanosec": 34}, "frame_id": "/odom"}


def _image(pixels: np.ndarray, encoding: str, pad: int = 0, **changes):
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    rows = np.hstack([rows, np.full((height, pad), 255, dtype=np.uint8)])
    fields = {
        "header": HEADER,
        "height": height,
        "width": width,
        "encoding": encoding,
        "is_bigendian": 0,
        "step": rows.shape[1],
        "data": rows.reshape(-1),
    }
    return message_from_fields("sensor_msgs/msg/Image", {**fields, **changes})


@settings(derandomize=True, max_examples=40)
@given(
    st.sampled_from([("mono8", ()), ("rgb8", (3,)), ("bgr8", (3,)), ("rgba8", (4,)), ("bgra8", (4,))]),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 5),
)
def test_pixels_are_viewed_whatever_the_row_padding(kind, height, width, pad):
    encoding, channels = kind
    pixels = np.random.default_rng(height * width).integers(0, 255, (height, width, *channels), dtype=np.uint8)
    message = _image(pixels, encoding, pad)
    image = image_from_message(message)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.stamp_ns == 12_000_000_034
    assert np.shares_memory(image.pixels, message.data)


def test_images_that_do_not_fit_are_refused():
    pixels = np.zeros((4, 5, 3), np.uint8)
    for changes in ({"height": 5}, {"width": 6}, {"step": 14}, {"width": 0}, {"data": np.zeros(0, np.uint8)}):
        with pytest.raises(InputError, match=r"rgb8 image of \dx\d, step 1\d, has \d+ bytes|image has no pixels: 0x4"):
            image_from_message(_image(pixels, "rgb8", **changes))
    with pytest.raises(InputError, match="image encoding '16UC1'"):
        image_from_message(_image(pixels, "16UC1"))


def test_compressed_images_are_decoded():
    pixels = np.random.default_rng(0).integers(0, 255, (8, 6, 3), dtype=np.uint8)
    data = cv2.imencode(".png", pixels)[1].reshape(-1)
    fields = {"header": HEADER, "format": "png", "data": data}
    image = image_from_message(message_from_fields("sensor_msgs/msg/CompressedImage", fields))
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.encoding == "bgr8"
    broken = message_from_fields("sensor_msgs/msg/CompressedImage", {**fields, "data": data[:20].copy()})
    with pytest.raises(InputError, match="compressed image of format 'png', 20 bytes, cannot be decoded"):
        image_from_message(broken)


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("sec", [0, 1_700_000_000, 2**31 - 1])
def test_stamp_is_read_from_raw_bytes(little, sec):
    header = {"stamp": {"sec": sec, "nanosec": 999_999_999}, "frame_id": "x"}
    message = message_from_fields("std_msgs/msg/Header", header)
    raw = base_typestore().serialize_cdr(message, "std_msgs/msg/Header", little_endian=little)
    assert header_stamp_ns(raw) == stamp_to_ns(message.stamp) == sec * 10**9 + 999_999_999
    with pytest.raises(InputError, match="message of 8 bytes has no header"):
        header_stamp_ns(raw[:8])


def _info(**changes):
    region = {"x_offset": 0, "y_offset": 0, "height": 0, "width": 0, "do_rectify": False}
    fields = {
        "header": HEADER,
        "height": 48,
        "width": 64,
        "distortion_model": "plumb_bob",
        "d": np.array([0.1, 0.0, 0.0, 0.0, 0.0]),
        "k": np.array([50.0, 0.0, 32.0, 0.0, 51.0, 24.0, 0.0, 0.0, 1.0]),
        "r": np.eye(3).reshape(-1),
        "p": np.zeros(12),
        "binning_x": 0,
        "binning_y": 0,
        "roi": region,
    }
    return message_from_fields("sensor_msgs/msg/CameraInfo", {**fields, **changes})


def test_camera_info_becomes_a_camera_or_says_why_not():
    camera = camera_from_info(_info())
    assert (camera.width, camera.height, camera.matrix[1, 1], camera.distortion[0]) == (64, 48, 51.0, 0.1)
    assert len(camera_from_info(_info(d=np.zeros(5))).distortion) == 0
    with pytest.raises(InputError, match="not calibrated"):
        camera_from_info(_info(k=np.zeros(9)))
    with pytest.raises(InputError, match="binning"):
        camera_from_info(_info(binning_x=2))


def _pose(x: float) -> dict[str, Any]:
    return {"position": {"x": x, "y": 0.0, "z": 0.0}, "orientation": {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}}


def test_route_frames():
    def path(*frames: str):
        poses = [{"header": {**HEADER, "frame_id": f}, "pose": _pose(float(k))} for k, f in enumerate(frames)]
        return message_from_fields("nav_msgs/msg/Path", {"header": HEADER, "poses": poses})

    route = route_from_path(path("", "odom", "/odom"))
    assert route is not None
    assert (route.frame_id, route.line.length) == ("odom", 2.0)
    assert route_from_path(path()) is None
    with pytest.raises(InputError, match="route in frame 'odom' holds a pose in frame 'map'"):
        route_from_path(path("odom", "map"))


def _transforms(*edges: tuple[str, str, SE3]):
    def stamped(parent: str, child: str, pose: SE3) -> dict[str, Any]:
        x, y, z, w = pose.quaternion()
        turn = {"x": x, "y": y, "z": z, "w": w}
        move = dict(zip("xyz", pose.translation))
        transform = {"translation": move, "rotation": turn}
        return {"header": {**HEADER, "frame_id": parent}, "child_frame_id": child, "transform": transform}

    return message_from_fields("tf2_msgs/msg/TFMessage", {"transforms": [stamped(*edge) for edge in edges]})


def test_transforms_chain_over_a_common_ancestor():
    tree = TransformTree()
    base_from_a = SE3.from_euler([1.0, 2.0, 3.0], 0.1, -0.2, 2.0)
    a_from_b = SE3.from_euler([0.5, 0.0, 1.0], 0.0, 1.0, 0.3)
    base_from_c = SE3.from_euler([-1.0, 0.0, 0.0], 0.0, 0.0, -1.0)
    tree.add(_transforms(("base", "/a", base_from_a), ("a", "b", a_from_b), ("/base", "c", base_from_c)))
    expected = base_from_c.inverse() @ base_from_a @ a_from_b
    found = tree.lookup("c", "b")
    np.testing.assert_allclose(found.rotation, expected.rotation, atol=1e-12)
    np.testing.assert_allclose(found.translation, expected.translation, atol=1e-12)
    np.testing.assert_array_equal(tree.lookup("b", "b").translation, np.zeros(3))
    with pytest.raises(InputError, match="no transform from 'map' to 'base'"):
        tree.lookup("base", "map")
    tree.add(_transforms(("b", "base", SE3.identity())))
    with pytest.raises(InputError, match="loop"):
        tree.lookup("base", "a")
