"""`wam calibrate` on a tiny network that nobody trained, made demonstrations and made drives."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from test.training.made_demos import CAMERA, make_demos
from wam_ros.cli.main import main
from wam_ros.core.plan_features import PlanFeatures
from wam_ros.decoding import Calibration, PlanMap
from wam_ros.evaluation.result import RouteEvent, RouteResult, write_result
from wam_ros.models import load_checkpoint, preset, random_checkpoint, save_checkpoint
from wam_ros.models.checkpoint import write_calibration
from wam_ros.planning.wam_diff import load_wam_diff

PLANS = 60  # of a made drive


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demos(tmp_path_factory.mktemp("demos"), drives=4, samples=30)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "weights", random_checkpoint(preset("tiny"), CAMERA))
    return tmp_path / "weights"


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory, data: Path) -> tuple[Path, dict[str, Any]]:
    """A checkpoint with maps of the waypoints, and what the command wrote of them."""
    folder = tmp_path_factory.mktemp("calibrated")
    save_checkpoint(folder / "weights", random_checkpoint(preset("tiny"), CAMERA))
    towns = ("--towns", "east", "--check", "west", "--steps", "1", "--json", str(folder / "out" / "told.json"))
    assert calibrate(folder / "weights", "--data", str(data), *towns) == 0
    told: dict[str, Any] = json.loads((folder / "out" / "told.json").read_text())
    return folder / "weights", told


@pytest.fixture
def fitted(tmp_path: Path, calibrated: tuple[Path, dict[str, Any]]) -> Path:
    return Path(shutil.copytree(calibrated[0], tmp_path / "fitted"))


def calibrate(weights: Path, *more: str) -> int:
    return main(["calibrate", "--weights", str(weights), *more])


def maps(weights: Path) -> Calibration:
    stored = load_checkpoint(weights).calibration
    return Calibration() if stored is None else Calibration.from_mapping(stored)


def result(path: Path, weights_hash: str, *, telling: bool = True, routes: int = 10, **stamp: Any) -> str:
    """Drives in which plans meet an infraction the likelier the less sure they are, or a quarter of any."""
    rng = np.random.default_rng(len(path.name))
    rows = []
    for number in range(routes):
        sure = rng.uniform(0.5, 1.0, size=PLANS).round(4)
        risk = 1.0 / (1.0 + np.exp(15.0 * (sure - 0.6))) if telling else 0.25
        bad = rng.uniform(size=PLANS) < risk
        told = [(10.0 * k, float(sure[k]), int(bad[k])) for k in range(PLANS)]
        features = [(float(one), float(one) - 0.1, 5.0, 0.0, 20.0, 0.0) for one in sure]
        events = tuple(
            RouteEvent("red_light", time + 1.0, 0.0, 0.0, True, None, "", 0.0) for time, _, hit in told if hit
        )
        rows.append(
            RouteResult("x", "t", number, number, "goal", confidence=told, features=features, events=events).as_row()
        )
    content = {"planner": "wam_diff", "weights_hash": weights_hash, "identity": path.name, **stamp}
    write_result(path, "closed_loop", stamp=content, summary={}, routes=rows)
    return str(path)


def test_waypoints_that_nobody_trained_become_honest(calibrated: tuple[Path, dict[str, Any]]) -> None:
    weights, told = calibrated
    fitted = maps(weights)
    assert fitted.waypoints is not None
    assert fitted.overall is None
    assert fitted.to_mapping() == told["calibration"]
    assert (told["towns"], told["samples"]) == ({"fit": ["east"], "check": ["west"]}, {"fit": 60, "check": 60})
    assert (told["steps"], told["order"]) == (1, "reverse-causal")
    before, after = (told[when]["waypoints"] for when in ("before", "after"))
    assert after["ece"] < before["ece"]
    assert [row["n"] for row in after["by_horizon"]] == [60] * 8
    unfitted = random_checkpoint(preset("tiny"), CAMERA)
    assert (
        told["weights_hash"] == load_checkpoint(weights).weights_hash == save_checkpoint(weights.parent / "b", unfitted)
    )
    assert not load_wam_diff(str(weights))._calibration.complete  # type: ignore[union-attr]


def test_then_the_plan_from_its_own_drives_and_auroc_from_all(
    tmp_path: Path, fitted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights_hash, before = load_checkpoint(fitted).weights_hash, maps(fitted)
    own = result(tmp_path / "own.json", weights_hash, calibration=before.identity)
    noisy = result(tmp_path / "noisy.json", f"{weights_hash}+noise", telling=False, calibration=before.identity)
    out = tmp_path / "told.json"
    assert calibrate(fitted, "--results", own, noisy, "--json", str(out)) == 0
    after, told = maps(fitted), json.loads(out.read_text())
    assert after.complete
    assert after.waypoints == before.waypoints
    assert load_checkpoint(fitted).weights_hash == weights_hash
    assert after.overall is not None
    plans = [PlanFeatures(mean, mean - 0.1, 5.0, 0.0, 20.0, 0.0) for mean in (0.95, 0.55)]
    sure, doubted = (after.of_plan(plan) for plan in plans)
    assert sure > 0.9
    assert doubted == pytest.approx(0.32, abs=0.1)  # as it was drawn
    assert told["routes"] == 10
    assert told["after"]["overall"]["ece"] < told["before"]["overall"]["ece"]
    first, second = told["results"]
    assert told["own_events"] == first["events"]
    assert first["auroc"] > 0.75 > second["auroc"]
    pooled = told["pooled"]
    assert (pooled["routes"], pooled["events"]) == (10, first["events"] + second["events"])
    low, high = pooled["figures"]["ci95"]["auroc"]
    assert low <= pooled["auroc_with_map"] <= high
    assert pooled["events"] == told["events"]
    shown = capsys.readouterr().out
    assert f"{pooled['auroc_with_map']:.3f}  95 % [{low:.3f}, {high:.3f}]" in shown
    assert "ATTENTION" not in shown
    silent = result(tmp_path / "silent.json", weights_hash)
    assert calibrate(fitted, "--results", own, silent) == 0
    shown = capsys.readouterr().out
    assert f"{silent} does not say by which maps" in shown
    assert "different maps" in shown


def test_new_maps_of_waypoints_take_the_plan_s_away(
    fitted: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_calibration(fitted, replace(maps(fitted), overall=PlanMap((0.1,) * 14)).to_mapping())
    assert maps(fitted).complete
    again = ("--towns", "west", "--check", "east", "--steps", "1", "--samples", "50")
    assert calibrate(fitted, "--data", str(data), *again) == 0
    assert "the map of the plan belonged to the old ones and is gone" in capsys.readouterr().out
    assert maps(fitted).overall is None


def test_towns_of_another_folder_are_told_apart_by_what_they_are(
    fitted: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = make_demos(tmp_path / "other", drives=4, samples=30)
    few = ("--steps", "1", "--samples", "60")
    apart = ("--data", str(data), "--towns", "east", "west", "--check-data", str(other), "--check", "east", *few)
    assert calibrate(fitted, *apart) == 0
    shutil.copytree(data, tmp_path / "copy")
    same = ("--data", str(data), "--towns", "east", "--check-data", str(tmp_path / "copy"), "--check", "east", *few)
    assert calibrate(fitted, *same) == 1
    assert "--check east: a town that is fitted on as well" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--towns", "east", "--check", "west", "east"), "--check east: fitted on as well"),
        (("--towns", "east"), "needs --towns to fit on and --check"),
        (("--towns", "east", "--check", "north"), "no samples of towns"),
        (("--towns", "east", "--check", "west", "--samples", "0"), "--samples 0"),
        (("--towns", "east", "--check", "west", "--steps", "9"), "steps = 9, wanted 1..8"),
        (("--towns", "east", "--check", "west", "--steps", "1", "--samples", "20"), "from 20 samples, wanted at least"),
    ],
)
def test_waypoints_that_cannot_be_fitted(
    weights: Path, data: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    before = (weights / "config.json").read_bytes()
    assert calibrate(weights, "--data", str(data), *arguments) == 1
    assert told in capsys.readouterr().err
    assert (weights / "config.json").read_bytes() == before


def test_plans_that_cannot_be_fitted(
    tmp_path: Path, weights: Path, fitted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights_hash, before = load_checkpoint(fitted).weights_hash, (fitted / "config.json").read_bytes()
    own = result(tmp_path / "own.json", weights_hash)
    faults = {
        "goes with --data": (own, "--towns", "east"),
        "no result of the weights": (result(tmp_path / "other.json", "other"),),
        "driven with other maps": (result(tmp_path / "old.json", weights_hash, calibration="before"),),
        "wanted at least 2": (result(tmp_path / "one.json", weights_hash, routes=1),),
    }
    for told, arguments in faults.items():
        assert calibrate(fitted, "--results", *arguments) == 1
        assert told in capsys.readouterr().err
    assert calibrate(weights, "--results", own) == 1
    assert "the waypoints have no maps yet" in capsys.readouterr().err
    content = json.loads(Path(own).read_text())
    for row in content["routes"]:
        row["confidence"] = [[time, sure, 0] for time, sure, _ in row["confidence"]]
    Path(own).write_text(json.dumps(content))
    assert calibrate(fitted, "--results", own) == 1
    assert "there is nothing to learn from" in capsys.readouterr().err
    assert (fitted / "config.json").read_bytes() == before
