"""SUMO with clients' bodies that behave as no driver does."""

import random

import pytest

from test.carla_server.worlds import small_world, spawn_car
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2


def anywhere(rng: random.Random) -> SE2:
    return SE2(rng.uniform(-50.0, 450.0), rng.uniform(-50.0, 350.0), rng.uniform(-3.0, 3.0))


@pytest.mark.parametrize("seed", [1])
def test_wild_clients_never_stop_the_world(seed):
    rng = random.Random(seed)
    with small_world() as world:
        cars: list[int] = []
        for step in range(500):
            if step % 7 == 0 and len(cars) < 10:
                place = anywhere(rng) if rng.random() < 0.5 else rng.choice(world.town.spawn_points())
                try:
                    cars.append(spawn_car(world, place).id)
                except WorldError as err:
                    assert "collision at spawn" in str(err)  # noqa: PT017  # most places are free
            car = rng.choice(cars)
            choice = rng.random()
            if choice < 0.1:
                world.teleport(car, anywhere(rng))
            elif choice < 0.13 and len(cars) > 1:
                assert world.remove(car)
                cars.remove(car)
            else:
                world.drive_ackermann(car, rng.uniform(-0.6, 0.6), rng.uniform(0.0, 15.0), 3.0)
            world.step(rng.choice((0.05, 0.02, 0.1)))
        assert world.frame == 500
