"""The small map of classes: each cell is what fills it, and what is small and matters is not outvoted."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("panda3d")

from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.training.demo_sample import GRID, SEMANTICS
from wam_ros.training.demo_semantics import CELL, DRAWN, cells


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (Tag.ROADS, "road"),
        (Tag.ROAD_LINES, "road line"),
        (Tag.SIDEWALKS, "sidewalk"),
        (Tag.TERRAIN, "sidewalk"),
        (Tag.CAR, "vehicle"),
        (Tag.TRUCK, "vehicle"),
        (Tag.BUS, "vehicle"),
        (Tag.PEDESTRIANS, "pedestrian"),
        (Tag.BICYCLE, "two-wheeler"),
        (Tag.RIDER, "two-wheeler"),
        (Tag.MOTORCYCLE, "two-wheeler"),
        (Tag.TRAFFIC_LIGHT, "traffic light"),
        (Tag.SKY, "background"),
        (Tag.BUILDINGS, "background"),
        (Tag.VEGETATION, "background"),
        (Tag.POLES, "background"),
        (Tag.STATIC, "background"),
    ],
)
def test_each_class_of_the_world_has_one_of_ours(tag: Tag, name: str) -> None:
    found = cells(np.full(DRAWN, tag, np.uint8))
    assert found.shape == GRID
    assert (found == SEMANTICS.index(name)).all()


def test_a_class_lies_where_it_was_drawn() -> None:
    tags = np.full(DRAWN, Tag.ROADS, np.uint8)
    tags[8:12, 20:24] = Tag.CAR
    found = cells(tags)
    assert np.argwhere(found == SEMANTICS.index("vehicle")).tolist() == [[8 // CELL, 20 // CELL]]


def test_two_pixels_of_a_light_are_seen_two_of_a_house_are_not() -> None:
    tags = np.full(DRAWN, Tag.SKY, np.uint8)
    tags[4:6, 4] = Tag.TRAFFIC_LIGHT
    tags[4:6, 40] = Tag.ROADS
    found = cells(tags)
    assert found[1, 1] == SEMANTICS.index("traffic light")
    assert found[1, 10] == SEMANTICS.index("background")
