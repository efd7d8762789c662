from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from test.runtime.parts import MS, Desk, ScriptedPlanner, ego_at
from wam_ros.core import ConfigError, Observation, PlannerError, PlanStatus
from wam_ros.runtime import TimeBudget

SHORT = TimeBudget(0.050)


def waited(event: threading.Event) -> None:
    assert event.wait(5.0)


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """An event that a hanging planner waits for; always set at the end."""
    event = threading.Event()
    yield event
    event.set()


def test_a_plan_in_time_is_published_as_it_is() -> None:
    planner = ScriptedPlanner()
    desk = Desk(planner)
    desk.image(1000)
    (result,) = desk.wait_for(1)
    assert result.plan.status is PlanStatus.FULL
    assert (result.plan.planner, result.tick.stamp_ns, result.tick.planned) == ("test", 1000, True)
    assert desk.replacements.accepted == [1000]
    assert desk.service.stop()


def test_the_guard_answers_for_a_planner_that_hangs(released: threading.Event) -> None:
    desk = Desk(ScriptedPlanner(lambda _: waited(released)))
    tick = desk.image(1, SHORT)
    (result,) = desk.wait_for(1)
    assert result.plan.status is PlanStatus.STOP
    assert "had not finished" in result.plan.reason
    published_ns = desk.results[0][1]
    assert published_ns >= tick.received_ns + 0.9 * SHORT.guard_s * 1e9
    assert not result.tick.planned
    assert desk.service.health().busy_s > 0.0
    # Further images are answered too, each once and in order, while the planner still hangs.
    for stamp in (2, 3):
        desk.image(stamp, SHORT)
    results = desk.wait_for(3)
    assert [r.tick.stamp_ns for r in results] == [1, 2, 3]
    assert "superseded" in results[1].plan.reason
    assert "still busy with an older image" in results[2].plan.reason
    assert not desk.service.stop(0.05)
    released.set()


def test_a_late_plan_only_feeds_later_replacements(released: threading.Event) -> None:
    desk = Desk(ScriptedPlanner(lambda _: waited(released)))
    desk.image(1, SHORT)
    desk.wait_for(1)
    assert desk.replacements.accepted == []
    released.set()
    deadline = time.monotonic() + 5.0
    while not desk.replacements.accepted and time.monotonic() < deadline:
        time.sleep(0.005)
    assert desk.replacements.accepted == [1]
    assert len(desk.results) == 1
    assert desk.service.stop()
    assert desk.service.health().late == 1


@pytest.mark.parametrize("error", [PlannerError("no route"), ZeroDivisionError("no route")])
def test_a_planner_that_raises_is_replaced_and_told(error: Exception) -> None:
    def fail(_: Observation) -> None:
        raise error

    planner = ScriptedPlanner(fail)
    desk = Desk(planner)
    desk.image(1)
    (result,) = desk.wait_for(1)
    assert result.plan.status is PlanStatus.STOP
    assert "no route" in result.plan.reason
    assert "no route" in desk.logged[0]
    planner.act = lambda _: None
    desk.image(2)
    assert desk.wait_for(2)[1].plan.status is PlanStatus.FULL
    assert desk.service.health().errors == 1
    desk.service.stop()


def test_a_refused_plan_is_replaced_with_the_reason() -> None:
    desk = Desk(ScriptedPlanner())
    desk.monitor.refuse = ["too fast: 90 m/s", "not finite"]
    desk.image(1)
    (result,) = desk.wait_for(1)
    assert result.plan.reason == "monitor: too fast: 90 m/s (and 1 more)"
    assert result.tick.planned
    assert result.tick.rejected
    assert desk.replacements.accepted == []
    assert desk.service.health().rejected == 1
    desk.service.stop()


def test_images_in_a_burst_are_each_answered_once_in_order() -> None:
    planner = ScriptedPlanner(lambda _: time.sleep(0.02))
    desk = Desk(planner)
    stamps = list(range(1, 31))
    for stamp in stamps:
        desk.image(stamp, TimeBudget(0.5))
    results = desk.wait_for(len(stamps))
    assert [r.tick.stamp_ns for r in results] == stamps
    # The worker took the first, and after that only the newest.
    assert len(planner.seen) < 5
    assert planner.seen[-1] == stamps[-1]
    assert results[-1].plan.status is PlanStatus.FULL
    desk.service.stop()


def test_an_older_tick_is_answered_before_a_newer_one() -> None:
    desk = Desk(ScriptedPlanner())
    waiting = desk.service.open(1, TimeBudget(0.5), 0.0, time.monotonic_ns())
    waiting.waiting_for = "no image of left"
    desk.image(2)
    results = desk.wait_for(2)
    assert [r.tick.stamp_ns for r in results] == [1, 2]
    assert results[0].plan.reason == "superseded by a newer image"
    desk.service.stop()


def test_a_tick_that_never_gets_its_inputs_says_what_it_waited_for() -> None:
    desk = Desk(ScriptedPlanner(), estimate=ego_at(0, x=7.0))
    tick = desk.service.open(1, SHORT, 0.0, time.monotonic_ns())
    tick.waiting_for = "no image of left"
    (result,) = desk.wait_for(1)
    assert result.plan.reason == "deadline: no image of left"
    assert result.plan.trajectory.positions[0, 0] > 7.0  # from the estimate of the ego state
    desk.service.stop()


def test_forgetting_resets_planner_and_replacements() -> None:
    planner = ScriptedPlanner()
    desk = Desk(planner)
    desk.service.forget()
    desk.image(1)
    desk.wait_for(1)
    assert (planner.resets, desk.replacements.resets) == (1, 1)
    desk.service.stop()


def test_the_planner_is_asked_to_end_before_the_guard_acts() -> None:
    left: list[float] = []

    class Asking(ScriptedPlanner):
        def plan(self, observation, deadline):
            left.append(deadline.remaining_s())
            return super().plan(observation, deadline)

    desk = Desk(Asking())
    desk.image(1, TimeBudget(0.100, 0.010, 0.020))
    desk.wait_for(1)
    assert 0.0 < left[0] <= 0.070
    desk.service.stop()


def test_a_budget_without_time_for_the_planner_is_refused() -> None:
    with pytest.raises(ConfigError, match="leaves the planner no time"):
        TimeBudget(0.010, 0.006, 0.004)


def test_an_error_on_the_guard_thread_is_told_and_the_guard_goes_on(released: threading.Event) -> None:
    desk = Desk(ScriptedPlanner(lambda _: waited(released)))

    def explode() -> None:
        msg = "boom"
        raise ValueError(msg)

    desk.service.alarm(time.monotonic_ns() + MS, explode)
    desk.image(1, SHORT)
    (result,) = desk.wait_for(1)
    assert "had not finished" in result.plan.reason
    assert desk.logged == ["in the guard thread: ValueError('boom')"]
    assert desk.service.health().guard_alive
    released.set()
    assert desk.service.stop()
    assert not desk.service.health().guard_alive


def test_a_guard_that_wakes_up_late_acts_earlier_from_then_on() -> None:
    desk = Desk(ScriptedPlanner())
    assert desk.image(1, SHORT).budget == SHORT
    desk.wait_for(1)
    desk.service.alarm(time.monotonic_ns(), lambda: time.sleep(0.070))  # holds the guard up
    desk.image(2, SHORT)
    desk.wait_for(2)
    end = time.monotonic() + 5.0
    while desk.service.health().guard_lateness_s < 0.015 and time.monotonic() < end:
        time.sleep(0.005)
    lateness = desk.service.health().guard_lateness_s
    assert lateness >= 0.015
    budget = desk.image(3, SHORT).budget
    assert budget.total_s == SHORT.total_s
    assert SHORT.guard_s - budget.guard_s == pytest.approx(min(lateness, 0.5 * SHORT.planner_s), abs=1e-3)
    assert budget.planner_s >= 0.5 * SHORT.planner_s - 1e-9
    desk.service.stop()


def test_a_replacement_that_cannot_be_made_is_a_standstill(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(ScriptedPlanner())
    desk.monitor.refuse = ["too fast"]

    def broken(*_: object) -> None:
        msg = "boom"
        raise ValueError(msg)

    monkeypatch.setattr(desk.replacements, "replacement", broken)
    for stamp in (1, 2):
        desk.image(stamp)
        result = desk.wait_for(stamp)[-1]
        assert (result.plan.status, result.plan.planner) == (PlanStatus.STOP, "standstill")
        assert result.plan.reason == "monitor: too fast; and ValueError('boom')"
    assert desk.logged == ["no replacement could be made: ValueError('boom')"] * 2
    assert desk.service.stop()
