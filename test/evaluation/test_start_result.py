from __future__ import annotations

import pytest

from wam_ros.core.errors import ConfigError
from wam_ros.evaluation.start_result import StartResult, summarise_starts, wilson_interval
from wam_ros.evaluation.start_task import StartKind, StartTask, start_tasks


def test_tasks_are_dealt_to_the_towns_by_kind_and_each_draw_differs() -> None:
    tasks = start_tasks(["a", "/else/b"], 3, 7)
    assert [task.id for task in tasks[:3]] == ["a/green/0", "b/green/0", "a/green/1"]
    assert len({task.id for task in tasks}) == len(tasks) == 9
    numbers = {task.numbers(draw).random() for task in tasks for draw in range(3)}
    assert len(numbers) == 27
    assert tasks[4].numbers(1).random() == start_tasks(["a", "/else/b"], 30, 7)[31].numbers(1).random()
    with pytest.raises(ConfigError, match="two of one name"):
        start_tasks(["a", "/else/a"], 1, 0)
    with pytest.raises(ConfigError, match="0 cases"):
        start_tasks(["a"], 0, 0)


def test_wilsons_interval_is_the_textbooks() -> None:
    # Newcombe (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20.
    for passed, cases, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert wilson_interval(passed, cases) == pytest.approx((low, high), abs=5e-5)
    low, high = wilson_interval(20, 20)
    assert (low, high) == pytest.approx((1.0 - 0.1611, 1.0), abs=5e-5)


def test_a_crash_counts_as_failed_and_both_starts_count_together() -> None:
    def row(kind: StartKind, index: int, *, passed: bool) -> dict[str, object]:
        return StartResult(f"t/{kind.value}/{index}", "t", kind.value, moved_s=0.7, passed=passed, not_cases=1).as_row()

    rows = [row(StartKind.GREEN, 0, passed=True), row(StartKind.LEAD, 0, passed=True)]
    rows += [row(StartKind.RED, 0, passed=True), row(StartKind.RED, 1, passed=False)]
    rows.append(StartResult.crashed(StartTask("t", StartKind.LEAD, 1, 0), "SIGKILL").as_row())
    found = summarise_starts(rows)
    assert (found["cases"], found["crashed"], found["not_cases"]) == (5, 1, {"green": 1, "lead": 1, "red": 2})
    assert (found["starts"]["passed"], found["starts"]["cases"], found["starts"]["reached"]) == (2, 3, False)
    assert (found["red"]["share"], found["red"]["aim"]) == (0.5, 0.98)
    assert found["green"]["ci95"][1] == 1.0
