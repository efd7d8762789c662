from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from test.metrics.navsim.test_scenario_file import SCENE
from wam_ros.cli import bench_score
from wam_ros.cli.main import main


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "scene.json"
    path.write_text(json.dumps(SCENE))
    return path


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["score", *arguments]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_v2_is_the_default_and_prints_a_line_for_each_proposal(
    capsys: pytest.CaptureFixture[str], scenario: Path
) -> None:
    found = rows(capsys, str(scenario))
    assert [row["proposal"] for row in found] == [0, 1]
    assert set(found[0]) == {"proposal", "raw", "filtered", "internals", "EC", "EPDMS", "PDMS_without_EC"}
    assert found == rows(capsys, str(scenario), "--version", "v2")


def test_v1_has_the_fields_of_pdms(capsys: pytest.CaptureFixture[str], scenario: Path) -> None:
    found = rows(capsys, str(scenario), "--version", "v1")
    assert set(found[0]) == {
        "proposal",
        "no_at_fault_collisions",
        "drivable_area_compliance",
        "ego_progress",
        "time_to_collision_within_bound",
        "comfort",
        "driving_direction_compliance",
        "score",
        "internals",
    }
    assert found[0]["internals"]["t_ttc_s"] == "inf" or found[0]["internals"]["t_ttc_s"] >= 0.0


def test_states_are_printed_on_demand(capsys: pytest.CaptureFixture[str], scenario: Path) -> None:
    (first, _) = rows(capsys, str(scenario), "--states")
    assert len(first["simulated_states"]) == 41
    assert len(first["simulated_states"][0]) == 11


def test_errors_name_path_and_field_and_print_no_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({**SCENE, "proposal_dt": -0.5}))
    assert main(["score", str(bad)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{bad}: proposal_dt = -0.5, wanted a positive number" in printed.err


def test_the_bench_measures_and_writes_its_figures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    bench_score.add_parser(parser.add_subparsers())
    out = tmp_path / "figures.json"
    sizes = ["--proposals", "4", "--agents", "3", "--repeats", "1", "--singles", "2"]
    args = parser.parse_args(["score", *sizes, "--json", str(out)])
    assert args.run(args) == 0
    (figures,) = json.loads(out.read_text())["rows"]
    assert figures["proposals"] == 4
    assert figures["ratio"] == pytest.approx(figures["single_ms_per_proposal"] / figures["batch_ms_per_proposal"])
    assert f"{figures['proposals_per_s']:.0f} proposals/s" in capsys.readouterr().out
