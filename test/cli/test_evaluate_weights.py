"""`wam evaluate weights` on tiny networks that nobody trained and made demonstrations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from test.training.made_demos import CAMERA, make_demos
from wam_ros.cli.main import main
from wam_ros.models import preset, random_checkpoint, save_checkpoint
from wam_ros.training.dataset import DemoDataset


def test_checkpoints_are_compared_on_the_same_moments(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_demos(tmp_path / "demos", drives=4, samples=12)
    for seed in (0, 1):
        save_checkpoint(tmp_path / f"w{seed}", random_checkpoint(preset("tiny"), CAMERA, seed))
    folders = [str(tmp_path / name) for name in ("w0", "w1", "w0")]
    out = tmp_path / "out" / "told.json"
    command = ["evaluate", "weights", "--weights", *folders, "--data", str(data), "--towns", "west", "--json", str(out)]
    assert main([*command, "--steps", "1"]) == 0
    told = json.loads(out.read_text())
    first, second, again = told["rows"]
    columns = DemoDataset(data, ["west"]).columns
    assert told["samples"] == len(columns["drive"])
    assert first == again
    assert first["ade_change"] == 0.0
    assert second["ade_change"] == pytest.approx(second["ade"] - first["ade"])
    assert first["weights_hash"] != second["weights_hash"]
    standing = columns["velocity"][:, 0] < 0.3
    assert first["due"] == second["due"] == int((standing & columns["start_due"].astype(bool)).sum())
    assert first["due"] + first["not_due"] == int(standing.sum())
    assert 0 <= first["goes_where_due"] <= first["due"]
    shown = capsys.readouterr().out
    assert "ADE less the first's" in shown
    assert shown.count("standing moments where a start is due") == 3


def test_what_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_demos(tmp_path / "demos", drives=2, samples=4)
    save_checkpoint(tmp_path / "w", random_checkpoint(preset("tiny"), CAMERA))
    command = ["evaluate", "weights", "--data", str(data), "--weights", str(tmp_path / "w")]
    for more, told in (
        (("--towns", "west", "--samples", "0"), "--samples 0"),
        (("--towns", "north"), "no samples of towns"),
        (("--towns", "west", "--steps", "9"), "steps = 9"),
        ((str(tmp_path / "none"), "--towns", "west"), "no such checkpoint folder"),
    ):
        assert main([*command, *more]) == 1
        assert told in capsys.readouterr().err
