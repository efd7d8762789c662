from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from wam_ros.core.errors import ConfigError, InputError
from wam_ros.evaluation.journal import Journal
from wam_ros.evaluation.result import RouteResult, Row, read_result, write_result
from wam_ros.evaluation.route_task import RouteTask, route_tasks
from wam_ros.evaluation.stamp import Stamp
from wam_ros.evaluation.summary import ratio_interval, summarise

TASKS = route_tasks(["town"], 3, 0)
IDS = [task.id for task in TASKS]


def row(task: RouteTask, **changes: Any) -> Row:
    content = {"outcome": "goal", "route_completion": 100.0, "driven_m": 500.0, "success": True, "plans": 2}
    scores = dict.fromkeys(("1.0", "2.0", "2.1", "bench2drive"), 60.0)
    made = RouteResult.crashed(task, "").as_row() | content | {"scores": scores, "plan_times_ms": [1.0, 3.0]}
    found: Row = json.loads(json.dumps(made | changes))
    return found


def test_a_row_has_finite_figures_only() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        RouteResult("town/0", "town", 0, 0, "goal", mean_speed=float("nan")).as_row()


def event(kind: str, *, at_fault: bool = True) -> dict[str, Any]:
    return {"kind": kind, "at_fault": at_fault}


def test_the_summary_counts_over_all_kilometres_and_crashed_routes_as_nothing() -> None:
    rows = [
        row(TASKS[0], events=[event("collision_vehicle"), event("collision_vehicle", at_fault=False)]),
        row(TASKS[1], events=[event("red_light"), event("stopped_at_green")], success=False, driven_m=1500.0),
        RouteResult.crashed(TASKS[2], "killed").as_row(),
    ]
    found = summarise(rows)
    assert (found["routes"], found["crashed"], found["km"]) == (3, 1, 2.0)
    assert found["route_completion"] == pytest.approx(200.0 / 3.0)
    assert found["driving_score"] == found["driving_scores"]["2.1"] == pytest.approx(40.0)
    assert found["success_rate"] == pytest.approx(1.0 / 3.0)
    assert (found["collisions_per_km"], found["red_lights_per_km"], found["stopped_at_green_per_km"]) == (0.5, 0.5, 0.5)
    assert (found["plans"], found["plan_ms"]["p50"], found["virtual_plan_ms"]) == (4, 2.0, None)
    low, high = found["ci95"]["driving_score"]
    assert low < found["driving_score"] < high


def test_where_nothing_was_driven_there_are_no_rates() -> None:
    found = summarise([RouteResult.crashed(TASKS[0], "killed").as_row()])
    assert found["collisions_per_km"] is None
    assert found["plan_ms"] is None
    assert found["ci95"] == {}
    with pytest.raises(InputError, match="no routes"):
        summarise([])


def test_the_interval_of_a_rate_holds_it_and_shrinks_with_routes() -> None:
    few, many = ratio_interval([1, 0, 2], [1.0, 1.0, 1.0]), ratio_interval([1, 0, 2] * 30, [1.0] * 90)
    assert few is not None
    assert many is not None
    assert few[0] < many[0] < 1.0 < many[1] < few[1]
    assert ratio_interval([1], [1.0]) is None
    # 20 km without an event: a rate of 3.69 / 20 would give none with probability 0.025.
    none = ratio_interval([0] * 40, [0.5] * 40)
    assert none == pytest.approx((0.0, 0.1844), abs=1e-4)
    assert math.exp(-20.0 * none[1]) == pytest.approx(0.025)  # type: ignore[index]


def test_a_result_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [row(task) for task in TASKS]
    stamp = Stamp({"planner": "p"}, "a machine", "wam").as_dict()
    write_result(tmp_path / "sub" / "r.json", "closed_loop", stamp=stamp, summary=summarise(rows), routes=rows)
    found = read_result(tmp_path / "sub" / "r.json")
    assert (found["kind"], found["routes"], found["stamp"]["planner"]) == ("closed_loop", rows, "p")
    assert [file.name for file in (tmp_path / "sub").iterdir()] == ["r.json"]


@pytest.mark.parametrize("content", ["{", "[]", '{"format": 2, "summary": {}}'])
def test_other_files_are_no_results(tmp_path: Path, content: str) -> None:
    (tmp_path / "r.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"r\.json"):
        read_result(tmp_path / "r.json")


def journal(path: Path, identity: str = "same", *, resume: bool = True, **task: Any) -> Journal:
    return Journal(path, IDS, identity, task, resume=resume)


def test_a_journal_keeps_what_was_finished(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    first = journal(path)
    first.add(row(TASKS[0]))
    with pytest.raises(ConfigError, match="another `wam evaluate` writes it now"):
        journal(path)
    first.close()
    second = journal(path)
    assert list(second.rows) == IDS[:1]
    second.add(row(TASKS[1]))
    second.close()
    third = journal(path)
    assert third.rows == {IDS[0]: row(TASKS[0]), IDS[1]: row(TASKS[1])}
    third.close()
    fourth = journal(path, resume=False)
    assert fourth.rows == {}
    fourth.close()


@pytest.mark.parametrize("cut", [1, 2, 30])
def test_a_torn_last_line_is_dropped_and_the_next_one_whole(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j.jsonl"
    first = journal(path)
    first.add(row(TASKS[0]))
    first.add(row(TASKS[1]))
    first.close()
    path.write_bytes(path.read_bytes()[:-cut])
    second = journal(path)
    assert list(second.rows) == IDS[:1]
    second.add(row(TASKS[1]))
    second.close()
    third = journal(path)
    assert list(third.rows) == IDS[:2]
    third.close()


def test_a_torn_header_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"form')
    opened = journal(path)
    opened.add(row(TASKS[0]))
    opened.close()
    again = journal(path)
    assert list(again.rows) == IDS[:1]
    again.close()


def test_another_evaluation_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal(path, "one", steps=4).close()
    with pytest.raises(ConfigError, match="steps was 4, now 8"):
        journal(path, "two", steps=8)
    journal(path, "one", steps=4).close()


def test_damage_in_the_middle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal(path).close()
    path.write_bytes(path.read_bytes() + b"{rubbish\n")
    with pytest.raises(ConfigError, match="damaged"):
        journal(path)


def test_stamps_of_the_same_task_are_the_same_on_any_machine() -> None:
    one, other = Stamp({"a": 1, "b": 2}, "here", "x"), Stamp({"b": 2, "a": 1}, "there", "y", "later")
    assert one.identity == other.identity != Stamp({"a": 1, "b": 3}, "here", "x").identity
