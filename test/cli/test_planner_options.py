from __future__ import annotations

import argparse

import pytest

from test.planning.fallen_back import REASON, fallen_back_planner
from wam_ros.cli.planner_options import add_planner_options, planner_options, planner_parameters, tell_fallbacks
from wam_ros.core import VehicleDescription
from wam_ros.planning.catalog import PlannerOptions, make_planner


def parsed(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_planner_options(parser)
    parser.add_argument("--steps", type=int)
    return parser.parse_args(options)


def test_what_is_not_asked_for_is_left_to_the_planner_and_the_node() -> None:
    assert planner_options(parsed()) == PlannerOptions()
    assert planner_parameters(parsed()) == {}


def test_what_is_asked_for_reaches_planner_and_node() -> None:
    args = parsed(
        "--checkpoint",
        "mine",
        "--device",
        "cuda:1",
        "--backend",
        "inductor",
        "--visual-stride",
        "3",
        "--steps",
        "2",
        "--quantisation",
        "int8",
        "--early-commit",
        "factor",
        "--early-level",
        "0.5",
    )
    asked = {
        "checkpoint": "mine",
        "device": "cuda:1",
        "backend": "inductor",
        "visual_stride": 3,
        "quantisation": "int8",
        "early_commit": "factor",
        "early_level": 0.5,
    }
    assert planner_options(args) == PlannerOptions(**asked, steps=2)  # type: ignore[arg-type]
    assert planner_parameters(args) == {**asked, "decode_steps": 2}
    assert planner_options(parsed("--target-speed", "6")) == PlannerOptions(target_speed=6.0)


def test_unknown_backends_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--backend", "inducter")
    assert "invalid choice: 'inducter'" in capsys.readouterr().err


def test_fall_backs_are_told(vehicle: VehicleDescription, capsys: pytest.CaptureFixture[str]) -> None:
    tell_fallbacks(make_planner("route_follower", vehicle))
    assert capsys.readouterr().out == ""
    tell_fallbacks(fallen_back_planner())
    assert capsys.readouterr().out == f"ATTENTION: wam_diff: {REASON}\n"
