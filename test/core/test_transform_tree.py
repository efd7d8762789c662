from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from wam_ros.core import SE3, InputError
from wam_ros.core.transform_tree import TransformTree


def message(parent: str, child: str, transform: SE3) -> Any:
    x, y, z = transform.translation
    qx, qy, qz, qw = transform.quaternion()
    stamped = SimpleNamespace(
        header=SimpleNamespace(frame_id=parent),
        child_frame_id=child,
        transform=SimpleNamespace(
            translation=SimpleNamespace(x=x, y=y, z=z), rotation=SimpleNamespace(x=qx, y=qy, z=qz, w=qw)
        ),
    )
    return SimpleNamespace(transforms=[stamped])


@pytest.fixture
def tree() -> TransformTree:
    made = TransformTree()
    made.add(message("map", "odom", SE3.from_euler([10, 0, 0], 0, 0, math.pi / 2)))
    made.add(message("odom", "base_link", SE3.from_euler([1, 2, 0], 0, 0, 0)))
    made.add(message("base_link", "/camera", SE3.from_euler([1.5, 0, 1.4], 0.1, 0.2, 0.3)))
    made.add(message("base_link", "imu", SE3.from_euler([-0.5, 0, 0.3], 0, 0, 0)))
    return made


def test_along_the_chain_both_ways(tree: TransformTree) -> None:
    np.testing.assert_allclose(tree.lookup("map", "base_link").translation, [8, 1, 0], atol=1e-9)
    there, back = tree.lookup("camera", "map"), tree.lookup("map", "camera")
    np.testing.assert_allclose((there @ back).rotation, np.eye(3), atol=1e-9)
    np.testing.assert_allclose((there @ back).translation, 0.0, atol=1e-9)


def test_across_branches(tree: TransformTree) -> None:
    np.testing.assert_allclose(tree.lookup("imu", "camera").translation, [2.0, 0.0, 1.1], atol=1e-9)


def test_the_newest_counts(tree: TransformTree) -> None:
    tree.add(message("odom", "base_link", SE3.from_euler([5, 5, 0], 0, 0, 0)))
    np.testing.assert_allclose(tree.lookup("odom", "base_link").translation, [5, 5, 0])


def test_frames_that_are_not_connected_are_named(tree: TransformTree) -> None:
    with pytest.raises(InputError, match="no transform from 'lidar' to 'map'"):
        tree.lookup("map", "lidar")
    tree.add(message("base_link", "map", SE3.identity()))
    with pytest.raises(InputError, match="loop"):
        tree.lookup("lidar", "camera")


def test_bad_transforms_are_refused_by_name(tree: TransformTree) -> None:
    bad = message("odom", "base_link", SE3.identity())
    bad.transforms[0].transform.rotation.w = 3.0
    with pytest.raises(InputError, match="transform from 'base_link' to 'odom': quaternion"):
        tree.add(bad)
    np.testing.assert_allclose(tree.lookup("odom", "base_link").translation, [1, 2, 0])
