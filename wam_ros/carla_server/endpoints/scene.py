"""Calls about what stands around: rays, buildings, and shapes drawn for debugging."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from wam_ros.carla_server.actors.carla_poses import planar_transform
from wam_ros.carla_server.actors.ray_casting import NOTHING
from wam_ros.carla_server.actors.simulation import Simulation
from wam_ros.carla_server.actors.surroundings import Surroundings
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.towns.buildings import Building
from wam_ros.carla_server.wire.calls import Calls
from wam_ros.carla_server.wire.layouts import Triple
from wam_ros.carla_server.wire.wire_types import anything, box_form, location, number, transform_form, uint8, vector
from wam_ros.core.geometry import SE2, Array
from wam_ros.maps.handedness import flip_y

_ANY = 255
_FIRST_BUILDING = 1
calls: Calls[Simulation] = Calls()


@calls.value("cast_ray", location, location)
def _cast_ray(simulation: Simulation, start: Triple, end: Triple) -> list[Any]:
    """All that one ray meets, as far as its first hit tells."""
    begin, way = flip_y(start), flip_y(end) - flip_y(start)
    found = _first_hit(simulation, begin, way, float(np.linalg.norm(way)))
    return [] if found is None else [found]


@calls.value("project_point", location, vector, number)
def _project(simulation: Simulation, start: Triple, direction: Triple, distance: float) -> list[Any]:
    found = _first_hit(simulation, flip_y(start), flip_y(direction), distance)
    return [False, [[0.0, 0.0, 0.0], 0]] if found is None else [True, found]


@calls.value("get_environment_objects", uint8)
def _objects(simulation: Simulation, label: int) -> list[Any]:
    if label not in {Tag.BUILDINGS, _ANY}:
        return []
    houses = enumerate(simulation.episode.world.buildings, _FIRST_BUILDING)
    return [
        [
            transform_form(planar_transform(_pose(house), 0.0)),
            _box(house),
            index,
            f"Building_{index}",
            int(Tag.BUILDINGS),
        ]
        for index, house in houses
    ]


@calls.value("get_all_level_BBs", uint8)
def _level_boxes(simulation: Simulation, label: int) -> list[Any]:
    houses = simulation.episode.world.buildings if label in {Tag.BUILDINGS, _ANY} else []
    return [_box(house) for house in houses]


@calls.value("get_names_of_all_objects")
def _names(simulation: Simulation) -> list[str]:
    return [f"Building_{index}" for index, _ in enumerate(simulation.episode.world.buildings, _FIRST_BUILDING)]


@calls.void("draw_debug_shape", anything)
def _draw(_: Simulation, _shape: Any) -> None:
    """Taken and forgotten: there is no screen, and cameras of CARLA do not see such shapes either."""


def _first_hit(simulation: Simulation, start: Array, way: Array, reach: float) -> list[Any] | None:
    """A LabelledPoint, or None where a ray meets nothing."""
    length = float(np.linalg.norm(way))
    if not length > 0.0 or not math.isfinite(length):
        return None
    around = Surroundings(simulation.episode.world)
    hits = around.cast(start, way[None] / length, reach)
    index, distance = int(hits.indices[0]), float(hits.distances[0])
    if index == NOTHING:
        return None
    return [flip_y(start + way / length * distance).tolist(), int(around.tag(index))]


def _pose(house: Building) -> SE2:
    return SE2(house.x, house.y, house.yaw)


def _box(house: Building) -> list[Any]:
    place = planar_transform(_pose(house), house.height / 2.0)
    return box_form(place.location, (house.length, house.width, house.height), 0, place.rotation[1])
