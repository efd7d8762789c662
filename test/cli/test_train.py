"""`wam train` from made demonstrations to planners that drive."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from test.training.made_demos import CAMERA, make_demos
from wam_ros.cli.main import main
from wam_ros.core import SE2, CameraImage, EgoState, Observation
from wam_ros.core.timing import Deadline
from wam_ros.models import load_checkpoint
from wam_ros.planning.cnn_planner import load_cnn_planner
from wam_ros.planning.wam_diff import load_wam_diff


def train(data: Path, out: Path, *more: str) -> int:
    common = ["--preset", "tiny", "--batch", "8", "--threads", "1", "--held-out", "west"]
    return main(["train", "--data", str(data), "--out", str(out), *common, *more])


def observation() -> Observation:
    pixels = np.full((CAMERA.height, CAMERA.width, 3), 90, np.uint8)
    image = CameraImage(0, pixels, "rgb8", CAMERA.model())
    return Observation(0, EgoState(0, "odom", SE2(5.0, 3.0, 0.7), 6.0), {"front": image})


def test_stem_then_planner_then_experts_and_each_of_them_drives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_demos(tmp_path / "data", drives=2, samples=16)
    assert train(data, tmp_path / "stem", "--stage", "stem", "--steps", "20") == 0
    planner = ("--steps", "20", "--start-from", str(tmp_path / "stem"))
    assert train(data, tmp_path / "planner", "--stage", "planner", *planner) == 0
    experts = ("--steps", "3", "--start-from", str(tmp_path / "planner"))
    assert train(data, tmp_path / "experts", "--stage", "experts", *experts) == 0
    told = capsys.readouterr().out
    assert "16 samples, 16 held out" in told
    for made in (
        load_cnn_planner(str(tmp_path / "stem" / "cnn")),
        load_wam_diff(str(tmp_path / "planner" / "planner"), compute_dtype="float32"),
        load_wam_diff(str(tmp_path / "experts" / "planner"), compute_dtype="float32"),
    ):
        made.warm_up()
        plan = made.plan(observation(), Deadline.unlimited())
        assert bool(np.isfinite(plan.trajectory.positions).all())
        assert "wam train" in made.provenance
    card = (tmp_path / "planner" / "planner" / "README.md").read_text(encoding="utf-8")
    assert "| ade |" in card
    assert "held out: west" in card
    with (tmp_path / "planner" / "held_out.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["20"]
    assert {"ade", "fde", "ece", "light", "start_due", "start_not_due"} <= set(rows[0])
    frozen = load_checkpoint(tmp_path / "planner" / "planner").model.state_dict()
    with_experts = load_checkpoint(tmp_path / "experts" / "planner").model.state_dict()
    assert all(torch.equal(value, with_experts[name]) for name, value in frozen.items())
    assert not list(tmp_path.rglob("*.pt"))
    assert json.loads((tmp_path / "planner" / "planner" / "config.json").read_text())["model"]["experts"] is None


def test_called_again_it_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_demos(tmp_path / "data", drives=2, samples=16)
    assert train(data, tmp_path / "out", "--stage", "stem", "--steps", "4") == 0
    assert train(data, tmp_path / "out", "--stage", "stem", "--steps", "6") == 0
    assert "goes on from step 4" in capsys.readouterr().out


def test_two_processes_leave_what_one_leaves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_demos(tmp_path / "data", drives=2, samples=16)
    assert train(data, tmp_path / "out", "--stage", "planner", "--steps", "4", "--processes", "2") == 0
    assert capsys.readouterr().out.count("begins") == 1
    with (tmp_path / "out" / "held_out.csv").open(encoding="utf-8") as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["4"]
    assert train(data, tmp_path / "out", "--stage", "planner", "--steps", "6") == 0
    assert "goes on from step 4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--steps", "3", "--held-out", "north"), "north: the data has east, west"),
        (("--steps", "3", "--schedule", "sawtooth"), "linear or cosine"),
        (("--steps", "3", "--batch", "99"), "smaller batches"),
        (("--steps", "3", "--processes", "3"), "take a multiple"),
        (("--minutes", "0"), "set one of them"),
    ],
)
def test_what_cannot_be_trained_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    data = make_demos(tmp_path / "data", drives=2, samples=8)
    assert train(data, tmp_path / "out", *arguments) == 1
    assert told in capsys.readouterr().err
