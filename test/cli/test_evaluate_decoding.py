"""`wam evaluate decoding` on a tiny network that nobody trained and made demonstrations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from test.training.made_demos import CAMERA, make_demos
from wam_ros.cli.main import main
from wam_ros.evaluation.step_time_table import StepTimeTable
from wam_ros.models import preset, random_checkpoint, save_checkpoint


def test_each_choice_has_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_demos(tmp_path / "demos", drives=4, samples=6)
    save_checkpoint(tmp_path / "weights", random_checkpoint(preset("tiny"), CAMERA))
    StepTimeTable(5.0, 5.0, {1: 9.0}, 1.0).save(tmp_path / "times.json")
    command = ["evaluate", "decoding", "--weights", str(tmp_path / "weights"), "--data", str(data), "--towns", "west"]
    command += ["--samples", "4", "--step-times", str(tmp_path / "times.json"), "--json", str(tmp_path / "told.json")]
    assert main(command) == 0
    told = json.loads((tmp_path / "told.json").read_text())
    rows = {row["way"]: row for row in told["rows"]}
    assert told["samples"] == 4
    assert rows["usual"]["ade_change"] == 0.0
    assert {"order causal", "read mean", "steps 16 single", "start rule off", "guidance 7", "budget 20 ms"} <= set(rows)
    assert rows["steps 1"]["steps"] == 1.0
    assert rows["steps 16 single"]["steps"] == 16.0
    assert rows["budget 20 ms"]["steps"] < 2.0 < rows["budget 40 ms"]["steps"] < 8.0 == rows["budget 160 ms"]["steps"]
    assert {"early commit threshold 0.9", "visual tokens 1 of 3", "products in int8"} <= set(rows)
    for row in rows.values():
        low, high = row["ade_ci95"]
        assert low <= row["ade"] <= high
    shown = capsys.readouterr().out
    assert shown.count("\n| ") == len(rows) + 1
