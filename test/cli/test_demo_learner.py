"""`wam demos --driver`: weights found and checked, and drives of a learner with the expert beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("carla")
pytest.importorskip("libsumo")
pytest.importorskip("panda3d")

from dataclasses import replace

from wam_ros.cli.demo_drive import DemoWork, DriveTask
from wam_ros.cli.demo_learner import Learner, find_learners
from wam_ros.cli.main import main
from wam_ros.core.errors import ConfigError
from wam_ros.evaluation.route_task import route_tasks
from wam_ros.models.checkpoint import random_checkpoint, save_checkpoint
from wam_ros.models.cnn_checkpoint import CnnCheckpoint, save_cnn
from wam_ros.models.config import preset
from wam_ros.models.regression_cnn import RegressionCnn
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.wam_diff_weights import default_camera
from wam_ros.training.demo_recipe import DemoRecipe, DriverRecipe, learner_recipe
from wam_ros.training.demo_sample import SOURCES
from wam_ros.training.demo_shard import Shard, read_shard

VEHICLE = load_vehicle("passenger_car")
TINY = preset("tiny")
EVERY = DemoRecipe(
    seed=4,
    towns=("grid_small",),
    routes=1,
    time_limit=10.0,
    vehicles=(0, 0),
    pedestrians=(0, 0),
    kept=dict.fromkeys(DemoRecipe().kept, 1.0),
    speed_share=0.0,
)


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline that says "stay" whatever it sees."""
    folder = tmp_path_factory.mktemp("weights") / "cnn"
    torch.manual_seed(0)
    network = RegressionCnn(TINY)
    last = network.plan[-1]
    assert isinstance(last, torch.nn.Linear)
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(last.bias)
    save_cnn(folder, CnnCheckpoint(network, default_camera(TINY), "made up"))
    return folder


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights") / "planner"
    save_checkpoint(folder, random_checkpoint(TINY, default_camera(TINY)))
    return folder


def _drive(out: Path, weights: Path, share: float, **changes: float) -> Shard:
    learners = find_learners([weights], VEHICLE, 1)
    recipe = learner_recipe(replace(EVERY, **changes), DriverRecipe((learners[0].weights,), 1, share))  # type: ignore[arg-type]
    task = DriveTask(0, route_tasks(recipe.towns, 1, recipe.seed)[0], out / "drive_00000.npz")
    DemoWork(recipe, learners)(task)
    return read_shard(task.shard)


def _times(shard: Shard, source: str) -> np.ndarray:
    times: np.ndarray = shard.columns["time"][shard.columns["source"] == SOURCES.index(source)]
    return times


def test_the_expert_takes_over_from_a_learner_that_stands_and_gives_the_wheel_back(
    stands: Path, tmp_path: Path
) -> None:
    shard = _drive(tmp_path, stands, 0.0, time_limit=14.0)
    learner, expert = _times(shard, "learner"), _times(shard, "drive")
    # What it should have done there is in the data: stands, and is to start.
    waits = shard.columns["start_due"] & (shard.columns["source"] == SOURCES.index("learner"))
    assert waits.sum() >= 5
    assert learner.min() == 0.0
    assert expert.min() > 6.0
    assert learner.max() > expert.max()  # after 10 m it is the learner's turn
    speeds = np.array(shard.columns["velocity"])[:, 0]
    assert speeds[shard.columns["source"] == SOURCES.index("drive")].max() > 2.0


def test_a_drive_of_both_is_the_same_again(untrained: Path, tmp_path: Path) -> None:
    first = _drive(tmp_path / "a", untrained, 0.5, seed=1)
    again = _drive(tmp_path / "b", untrained, 0.5, seed=1)
    assert len(_times(first, "learner")) >= 2
    assert len(_times(first, "drive")) >= 2
    assert again.path.read_bytes() == first.path.read_bytes()


def test_weights_are_told_by_what_they_are(stands: Path, untrained: Path, tmp_path: Path) -> None:
    found = find_learners([stands, untrained], VEHICLE, 1)
    assert [learner.planner for learner in found] == ["cnn", "wam_diff"]
    for learner in found:
        planner = learner.load(VEHICLE, 1)
        assert (planner.name, planner.weights_hash) == (learner.planner, learner.weights)
    assert torch.get_num_threads() == 1
    with pytest.raises(ConfigError, match="no weights here"):
        find_learners([tmp_path], VEHICLE, 1)
    with pytest.raises(ConfigError, match="same weights"):
        find_learners([stands, stands], VEHICLE, 1)
    with pytest.raises(ConfigError, match="steps = 99"):
        find_learners([untrained], VEHICLE, 99)


def test_weights_that_changed_meanwhile_are_refused(stands: Path) -> None:
    with pytest.raises(ConfigError, match="they changed"):
        Learner(stands, "cnn", "0" * 64).load(VEHICLE, 1)


def test_wrong_drivers_are_refused_by_the_command(
    stands: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["demos", "--towns", "grid_small", "--routes", "1", "--seed", "2", "--out", str(tmp_path / "x")]
    for more in (["--driver", str(tmp_path)], ["--driver", str(stands), "--expert-share", "1.5"]):
        assert main([*given, *more]) == 1
        assert "driver" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
