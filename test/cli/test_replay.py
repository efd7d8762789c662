from __future__ import annotations

import json
from pathlib import Path

import pytest

from wam_ros.cli.main import main


def step(kitti: Path, out: Path, *more: str) -> int:
    return main(["replay", str(kitti), "--out", str(out), "--step", "--planner", "constant_velocity", *more])


def test_the_same_figures_for_people_and_machines(
    kitti_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert step(kitti_folder, tmp_path, "--json", str(tmp_path / "mine.json")) == 0
    output = capsys.readouterr().out
    summary = json.loads((tmp_path / "mine.json").read_text())["summary"]
    assert (summary["frames"], summary["planned"], summary["incomplete"]) == (51, 51, 0)
    assert f"{summary['ade_m']:.3f} m" in output
    assert all(f"  {name} " in output for name in ("constant_velocity", "route_follower"))


def test_an_earlier_run_is_written_over_even_if_it_was_killed(kitti_folder: Path, tmp_path: Path) -> None:
    assert step(kitti_folder, tmp_path) == 0
    result = tmp_path / "result_constant_velocity"
    before = (result / "result_constant_velocity_0.mcap").read_bytes()
    (result / "metadata.yaml").unlink()
    assert step(kitti_folder, tmp_path) == 0
    assert (result / "result_constant_velocity_0.mcap").read_bytes() == before


def test_what_is_no_bag_of_ours_is_left_alone(
    kitti_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep = tmp_path / "result_constant_velocity" / "thesis.txt"
    keep.parent.mkdir()
    keep.write_text("years of work")
    assert step(kitti_folder, tmp_path) == 1
    assert "in the way, and no bag of an earlier run: it holds thesis.txt" in capsys.readouterr().err
    assert keep.exists()
