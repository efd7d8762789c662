from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from wam_ros.core.camera import CameraImage
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import ConfigError
from wam_ros.core.geometry import SE2
from wam_ros.core.observation import Observation
from wam_ros.core.resources import resource
from wam_ros.evaluation.step_time_table import StepTimeTable
from wam_ros.evaluation.virtual_clock import VirtualClock

TABLE = StepTimeTable(encode_ms=10.0, first_pass_ms=8.0, step_ms={7: 6.0, 3: 2.0}, rest_ms=1.0)


def test_time_goes_on_by_work_alone() -> None:
    clock = VirtualClock(TABLE)
    deadline = clock.deadline(30.0)
    clock.begin_plan()
    assert deadline.remaining_s() == pytest.approx(0.029), "the rest is kept in reserve"
    for work, units in (("encode", 0), ("pass", 8), ("pass", 7), ("pass", 4)):
        deadline.worked(work, units)
    assert deadline.expired
    assert clock.end_plan() == pytest.approx(0.031), "10 + 8 + 6 + 6 + 1 ms: with 4 units open as with the next more, 7"
    clock.begin_plan()
    assert clock.end_plan() == pytest.approx(0.001), "a planner that tells of no work takes the rest only"


def test_each_plan_has_its_first_pass() -> None:
    clock = VirtualClock(TABLE)
    for _ in range(2):
        clock.begin_plan()
        clock.worked("pass", 8)
        assert clock.end_plan() == pytest.approx(0.009)


def test_a_table_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    TABLE.save(tmp_path / "table.json")
    assert StepTimeTable.load(tmp_path / "table.json") == TABLE


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{", "no table"),
        ("[]", "no table"),
        ('{"format": 1, "encode": 3}', "encode_ms"),
        ('{"format": 1, "encode_ms": -3}', "wanted 0 or more"),
        ('{"format": 1, "step_ms": {"x": 3}}', "invalid literal"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, content: str, text: str) -> None:
    (tmp_path / "table.json").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=text):
        StepTimeTable.load(tmp_path / "table.json")


def test_the_shipped_table_is_one_of_a_network() -> None:
    table = StepTimeTable.load(resource("config/step_times/small_cpu.json"))
    assert table.made_from["preset"] == "small"
    assert min(table.encode_ms, table.first_pass_ms, *table.step_ms.values()) > 0.0
    assert sorted(table.step_ms) == [1, 2, 3, 4, 5, 6, 7]
    assert json.dumps(table.as_dict())


def test_the_anytime_decoder_does_what_the_table_allows_and_nothing_of_the_machine() -> None:
    from wam_ros.planning.wam_diff import load_wam_diff

    planner = load_wam_diff("random:tiny")
    planner.warm_up()  # on the real clock: nothing of it may count
    camera = planner.camera
    assert camera is not None
    image = CameraImage(0, np.zeros((camera.height, camera.width, 3), np.uint8), "rgb8", camera.model())
    observation = Observation(0, EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 5.0), {"front": image})
    clock = VirtualClock(StepTimeTable(encode_ms=10.0, first_pass_ms=10.0, step_ms={8: 10.0}))

    def plan(budget_ms: float) -> tuple[int, int]:
        deadline = clock.deadline(budget_ms)
        clock.begin_plan()
        steps = planner.plan(observation, deadline).steps_done
        return steps, round(1e3 * clock.end_plan())

    # After encoding and one pass 40 ms are left; the controller reckons with 12.5 ms a step while it knows few.
    assert [plan(60.0) for _ in range(3)] == [(4, 50)] * 3
    assert plan(1.0) == (1, 20), "the first pass is always made"
    assert plan(1000.0) == (8, 90)
