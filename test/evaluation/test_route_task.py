from __future__ import annotations

import pytest

from wam_ros.core.errors import ConfigError
from wam_ros.evaluation.route_task import route_tasks


def test_a_task_depends_on_its_town_its_index_and_the_seed_only() -> None:
    alone = route_tasks(["grid_small"], 4, seed=3)
    both = route_tasks(["grid_small", "some/where/random_small"], 8, seed=3)
    assert alone == tuple(task for task in both if task.town == "grid_small")
    assert [task.id for task in both[:4]] == ["grid_small/0", "random_small/0", "grid_small/1", "random_small/1"]


def test_seeds_differ_between_routes_towns_and_evaluations() -> None:
    tasks = [*route_tasks(["a", "b"], 40, seed=0), *route_tasks(["a", "b"], 40, seed=1)]
    seeds = [seed for task in tasks for seed in (task.traffic_seed, task.route_seed)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize(
    ("towns", "routes", "text"), [(["a"], 0, "at least one"), (["a", "x/a"], 2, "two of one name")]
)
def test_tasks_that_make_no_sense_are_refused(towns: list[str], routes: int, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        route_tasks(towns, routes, 0)
