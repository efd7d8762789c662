"""Overlaps of boxes against shapely's."""

import numpy as np
import pytest
import shapely
from shapely import affinity

from wam_ros.carla_server.world.collisions import contacts


def polygon(row):
    x, y, yaw, length, width = row
    box = shapely.box(-length / 2.0, -width / 2.0, length / 2.0, width / 2.0)
    return affinity.translate(affinity.rotate(box, yaw, origin=(0.0, 0.0), use_radians=True), x, y)


def boxes(rng, count):
    low, high = [-6.0, -6.0, -3.2, 0.3, 0.3], [6.0, 6.0, 3.2, 6.0, 3.0]
    return rng.uniform(low, high, (count, 5))


def test_the_same_boxes_overlap_as_in_shapely():
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(40):
        box, others = boxes(rng, 1)[0], boxes(rng, 25)
        found = {hit.other for hit in contacts(box, others)}
        expected = {
            index for index, other in enumerate(others) if polygon(box).intersection(polygon(other)).area > 1e-9
        }
        assert found == expected
        seen += len(found)
    assert seen > 100


def test_moving_by_the_depth_along_the_normal_frees_the_box():
    rng = np.random.default_rng(1)
    for _ in range(60):
        box, other = boxes(rng, 1)[0], boxes(rng, 1)
        for hit in contacts(box, other):
            free = other.copy()
            free[0, :2] += (hit.depth + 1e-6) * np.array(hit.normal)
            assert not contacts(box, free)
            assert np.hypot(*hit.normal) == pytest.approx(1.0)


def test_nothing_overlaps_with_nothing():
    assert contacts(np.zeros(5), np.empty((0, 5))) == []
