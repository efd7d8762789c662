from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from wam_ros.carla_server.actors.ray_casting import GROUND, NOTHING, Box, cast_rays
from wam_ros.core.geometry import Array

EYE = np.array([0.0, 0.0, 1.5])


def unit(*direction: float) -> Array:
    vector = np.array([direction])
    normed: Array = vector / np.linalg.norm(vector)
    return normed


def test_a_box_ahead_is_hit_on_its_face() -> None:
    hits = cast_rays(EYE, unit(1.0, 0.0, 0.0), [Box(10.0, 0.0, 0.0, 0.0, 4.0, 2.0, 2.0)], 50.0)
    assert hits.distances[0] == pytest.approx(8.0)
    assert hits.indices[0] == 0


def test_a_turned_box_is_hit_on_its_corner_line() -> None:
    hits = cast_rays(EYE, unit(1.0, 0.0, 0.0), [Box(10.0, 0.0, 0.0, math.pi / 4.0, 2.0, 2.0, 2.0)], 50.0)
    assert hits.distances[0] == pytest.approx(10.0 - math.sqrt(2.0))


@pytest.mark.parametrize(
    "box",
    [
        Box(10.0, 3.0, 0.0, 0.0, 4.0, 2.0, 2.0),  # beside
        Box(10.0, 0.0, 0.0, 0.0, 4.0, 2.0, 1.0),  # below
        Box(10.0, 0.0, 2.0, 0.0, 4.0, 2.0, 1.0),  # above
        Box(-10.0, 0.0, 0.0, 0.0, 4.0, 2.0, 2.0),  # behind
        Box(100.0, 0.0, 0.0, 0.0, 4.0, 2.0, 2.0),  # too far
        Box(0.0, 0.0, 0.0, 0.0, 4.0, 2.0, 2.0),  # around the eye
    ],
)
def test_what_is_not_in_the_way_is_not_hit(box: Box) -> None:
    hits = cast_rays(EYE, unit(1.0, 0.0, 0.0), [box], 50.0)
    assert hits.indices[0] == NOTHING
    assert hits.distances[0] == math.inf


def test_the_ground_and_the_nearest_of_several() -> None:
    boxes = [Box(20.0, 0.0, 0.0, 0.0, 2.0, 2.0, 3.0), Box(10.0, 0.0, 0.0, 0.0, 2.0, 2.0, 3.0)]
    rays = np.concatenate([unit(1.0, 0.0, 0.0), unit(1.0, 0.0, -1.0), unit(0.0, 0.0, 1.0)])
    hits = cast_rays(EYE, rays, boxes, 50.0)
    assert hits.indices.tolist() == [1, GROUND, NOTHING]
    assert hits.distances[:2] == pytest.approx([9.0, 1.5 * math.sqrt(2.0)])


def test_many_rays_agree_with_points_stepped_along_them() -> None:
    rng = np.random.default_rng(3)
    boxes = [
        Box(x, y, 0.0, yaw, length, width, height)
        for x, y, yaw, length, width, height in rng.uniform(
            (-15, -15, -3, 1, 1, 1), (15, 15, 3, 5, 5, 4), (12, 6)
        ).tolist()
    ]
    rays = rng.normal(size=(60, 3))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    eye = np.array([0.0, 0.0, 2.0])
    boxes = [box for box in boxes if not _inside(eye[None], box)[0]]
    hits = cast_rays(eye, rays, boxes, 40.0)
    steps = np.arange(0.0, 40.0, 0.005)
    for ray, distance in zip(rays, hits.distances):
        points = eye + steps[:, None] * ray
        solid = points[:, 2] <= 0.0
        for box in boxes:
            solid |= _inside(points, box)
        expected = steps[int(np.argmax(solid))] if solid.any() else math.inf
        assert distance == pytest.approx(expected, abs=0.011) or (math.isinf(expected) and distance > 39.9)


def _inside(points: Array, box: Box) -> NDArray[np.bool_]:
    cos, sin = math.cos(box.yaw), math.sin(box.yaw)
    x, y = points[:, 0] - box.x, points[:, 1] - box.y
    along, across = x * cos + y * sin, y * cos - x * sin
    found: NDArray[np.bool_] = (
        (np.abs(along) <= box.length / 2.0)
        & (np.abs(across) <= box.width / 2.0)
        & (points[:, 2] >= box.z)
        & (points[:, 2] <= box.z + box.height)
    )
    return found
