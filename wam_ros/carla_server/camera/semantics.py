"""The classes of things in a semantic image: CARLA 0.9.16's CityObjectLabel, as far as the embedded world has them."""

from __future__ import annotations

from enum import IntEnum

from wam_ros.carla_server.camera.meshes import Color


class Tag(IntEnum):
    """CARLA's number of a class."""

    ROADS = 1
    SIDEWALKS = 2
    BUILDINGS = 3
    POLES = 6
    TRAFFIC_LIGHT = 7
    VEGETATION = 9
    TERRAIN = 10
    SKY = 11
    PEDESTRIANS = 12
    RIDER = 13
    CAR = 14
    TRUCK = 15
    BUS = 16
    MOTORCYCLE = 18
    BICYCLE = 19
    STATIC = 20
    ROAD_LINES = 24


# Drawn as gray = 8 * tag + 4, so that a renderer's rounding does not change the tag.
SHIFT = 3


def flat_color(tag: Tag) -> Color:
    """The gray that stands for a tag while drawing; `gray >> SHIFT` gives it back."""
    gray = ((int(tag) << SHIFT) + (1 << (SHIFT - 1))) / 255.0
    return gray, gray, gray
