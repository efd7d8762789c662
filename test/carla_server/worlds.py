"""Worlds for tests: a committed town with a little traffic. One at a time in a process: libsumo allows no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.geometry import SE2

pytest.importorskip("carla")
pytest.importorskip("libsumo")

from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.world import World, WorldSettings


@cache
def town(name: str = "grid_small") -> Town:
    return Town.load(name)


@contextmanager
def small_world(
    name: str = "grid_small", *, vehicles: int = 10, pedestrians: int = 6, seed: int = 1, warm_up_s: float = 5.0
) -> Iterator[World]:
    world = World(town(name), WorldSettings(seed, vehicles, pedestrians, warm_up_s))
    try:
        yield world
    finally:
        world.close()


def free_place(world: World, *, ahead: float = 30.0) -> SE2:
    """A spawn point with nobody near and some way to go."""
    lanes = world.town.lanes
    for pose in world.town.spawn_points():
        match = lanes.match(pose)
        assert match is not None
        left = match.lane.centerline.length - match.projection.arc_length
        near = min((abs(complex(body.x - pose.x, body.y - pose.y)) for body in world.bodies.values()), default=1e9)
        if left > ahead and near > ahead:
            return pose
    message = "no free place in the town"
    raise AssertionError(message)


def spawn_car(world: World, pose: SE2 | None = None) -> Body:
    return world.spawn_vehicle("vehicle.tesla.model3", free_place(world) if pose is None else pose)
