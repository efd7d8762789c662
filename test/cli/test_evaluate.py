"""`wam evaluate`, as a user calls it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from wam_ros.cli.evaluate_progress import EvaluationProgress
from wam_ros.cli.main import main
from wam_ros.evaluation.result import RouteResult
from wam_ros.evaluation.route_task import route_tasks

TASKS = route_tasks(["town"], 4, 0)
_FEW = ("--vehicles", "2", "--pedestrians", "0", "--route-length", "50", "--routes", "1")


def evaluate(*options: str) -> int:
    return main(["evaluate", "closed-loop", *options])


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--route-length", "0"), "--route-length 0.0"),
        (("--processes", "-1"), "--processes -1"),
        (("--budget-ms", "0"), "--budget-ms 0.0"),
        (("--step-times", "x.json"), "without a budget"),
        (("--routes", "0"), "0 routes"),
        (("--weight-noise", "0.1"), "only wam_diff takes it, not route_follower"),
        (("--town", "nowhere"), "no town 'nowhere'"),
    ],
)
def test_what_makes_no_sense_is_one_line(
    options: tuple[str, ...], text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("carla")
    assert evaluate("--planner", "route_follower", "--out", str(tmp_path), *options) == 1
    told = capsys.readouterr().err
    assert text in told
    assert told.startswith("wam evaluate: ")


def test_step_times_of_another_network_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("carla")
    options = ("--checkpoint", "random:tiny", "--budget-ms", "50", "--out", str(tmp_path))
    assert evaluate("--planner", "wam_diff", *options) == 1
    assert "step times of preset small, the checkpoint's is tiny" in capsys.readouterr().err


def test_an_evaluation_is_stamped_and_a_finished_one_is_not_driven_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("carla")
    pytest.importorskip("libsumo")
    options = (*_FEW, "--planner", "privileged_expert", "--out", str(tmp_path), "--processes", "1")
    assert evaluate(*options, "--budget-ms", "50") == 0
    result = json.loads((tmp_path / "closed_loop_privileged_expert.json").read_text(encoding="utf-8"))
    stamp, summary, route = result["stamp"], result["summary"], result["routes"][0]
    assert (stamp["planner"], stamp["privileged"], stamp["towns"]) == ("privileged_expert", True, ["grid_small"])
    assert stamp["decode"]["budget_ms"] == 50.0
    assert {"machine", "python", "command", "date", "weights_hash", "metric_version", "seed"} <= set(stamp)
    assert (summary["routes"], summary["late_plans"], summary["virtual_plan_ms"]) == (1, 0, {"p50": 0.0, "p99": 0.0})
    assert route["outcome"] == "goal"
    assert result["map"]["grid_small"]["lanes"]
    told = capsys.readouterr().out
    assert "it sees the simulator's truth" in told
    assert "1 of 1 routes" in told
    assert evaluate(*options, "--budget-ms", "50") == 0
    again = json.loads((tmp_path / "closed_loop_privileged_expert.json").read_text(encoding="utf-8"))
    assert again["routes"] == result["routes"], "wall times too"
    assert evaluate(*options, "--budget-ms", "60") == 1
    assert "belongs to another evaluation" in capsys.readouterr().err


def test_a_route_that_cannot_be_planned_is_told_loudly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("carla")
    pytest.importorskip("libsumo")
    options = ("--routes", "1", "--route-length", "1e6", "--out", str(tmp_path), "--planner", "route_follower")
    assert evaluate(*options, "--processes", "1") == 1
    told = capsys.readouterr().out
    assert "CRASHED grid_small/0: no way of about 1000000 m" in told
    assert "ATTENTION: 1 of 1 routes crashed" in told


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_with_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, now = Terminal(), [0.0]
    monkeypatch.setattr("sys.stdout", screen)
    progress = EvaluationProgress(4, 3, 2, lambda: now[0])
    now[0] = 30.0
    progress.finished(RouteResult(TASKS[1].id, "town", 0, 0, "goal").as_row())
    progress.beat()
    assert "2 of 4 routes, 1 min 00 s left" in screen.getvalue()
    assert "\n" not in screen.getvalue()
    progress.finished(RouteResult.crashed(TASKS[2], "SIGKILL").as_row())
    assert f"CRASHED {TASKS[2].id}: SIGKILL\n" in screen.getvalue()


def test_a_pipe_has_a_line_for_each_route(capsys: pytest.CaptureFixture[str]) -> None:
    progress = EvaluationProgress(4, 4, 2, lambda: 0.0)
    progress.beat()
    assert capsys.readouterr().out == ""
    progress.finished(RouteResult(TASKS[1].id, "town", 0, 0, "goal", route_completion=100.0, length_m=50.0).as_row())
    assert "town/1: goal, 100 % of 50 m, score 0.0" in capsys.readouterr().out
