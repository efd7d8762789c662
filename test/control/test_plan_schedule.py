from __future__ import annotations

import itertools
import random

import pytest

from test.control.closed_loop import ns, standing_plan
from wam_ros.control import PlanSchedule
from wam_ros.core import ConfigError, Plan


def plan(seconds: float) -> Plan:
    return standing_plan(ns(seconds))


def test_a_plan_takes_effect_after_the_delay() -> None:
    schedule = PlanSchedule(0.1)
    first, second = plan(1.0), plan(1.1)
    schedule.add(first)
    assert schedule.in_effect(ns(1.05)) is None
    assert schedule.in_effect(ns(1.1)) is first
    schedule.add(second)
    assert schedule.in_effect(ns(1.15)) is first
    assert schedule.in_effect(ns(1.2)) is second
    assert schedule.in_effect(ns(9.0)) is second, "without a newer one it stays"


def test_without_delay_the_plan_of_now_counts() -> None:
    schedule = PlanSchedule(0.0)
    schedule.add(plan(2.0))
    assert schedule.in_effect(ns(1.95)) is None
    assert schedule.in_effect(ns(2.0)) is not None


def test_stamps_that_were_added_up_in_floats_are_the_same_tick() -> None:
    schedule = PlanSchedule(0.1)
    only = plan(1.0)
    schedule.add(only)
    assert schedule.in_effect(ns(1.1) - 2) is only
    assert schedule.due(ns(1.1) - 2) is None, "the first stamp asked for"
    assert schedule.due(ns(1.2) - 900) == "wait"


def test_of_two_plans_with_one_stamp_the_later_counts() -> None:
    schedule = PlanSchedule(0.0)
    early, late = plan(1.0), plan(1.0)
    schedule.add(early)
    schedule.add(late)
    assert schedule.in_effect(ns(1.0)) is late


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    plans = [plan(1.0 + 0.1 * i) for i in range(8)]
    shuffled = random.Random(seed).sample(plans, len(plans))
    straight, mixed = PlanSchedule(0.1), PlanSchedule(0.1)
    for one, other in zip(plans, shuffled):
        straight.add(one)
        mixed.add(other)
    for tick in range(20, 50):
        assert straight.in_effect(ns(0.05 * tick)) is mixed.in_effect(ns(0.05 * tick))


@pytest.mark.parametrize(("delay", "period"), itertools.product([0.0, 0.1, 0.25], [0.05, 0.1, 0.2]))
def test_lockstep_follows_what_the_loop_in_process_follows(delay: float, period: float) -> None:
    """In process the plan is made before it is asked for; over ROS it comes late, and is waited for."""
    loop, node = PlanSchedule(delay, period), PlanSchedule(delay, period)
    coming: list[Plan] = []
    waited = 0
    for tick in range(60):
        now = ns(5.0 + 0.05 * tick)
        if tick % round(period / 0.05) == 0:
            made = plan(5.0 + 0.05 * tick)
            loop.add(made)
            coming.append(made)
        due = node.due(now)
        while due == "wait":
            waited += 1
            node.add(coming.pop(0))
            due = node.due(now)
        assert due is loop.in_effect(now)
    assert waited > 5


def test_before_the_first_plan_can_be_due_nobody_waits() -> None:
    schedule = PlanSchedule(0.1, 0.1)
    assert schedule.due(ns(3.0)) is None
    assert schedule.due(ns(3.05)) is None
    assert schedule.due(ns(3.1)) == "wait"


def test_an_old_plan_is_not_due() -> None:
    schedule = PlanSchedule(0.1, 0.1)
    schedule.due(ns(1.0))
    old = plan(1.0)
    schedule.add(old)
    assert schedule.due(ns(1.15)) is old
    assert schedule.due(ns(1.2)) == "wait"
    assert schedule.in_effect(ns(1.2)) is old, "what is followed once the wait is over"


def test_a_new_drive_knows_nothing() -> None:
    schedule = PlanSchedule(0.1)
    schedule.due(ns(1.0))
    schedule.add(plan(1.0))
    schedule.reset()
    assert schedule.in_effect(ns(2.0)) is None
    assert schedule.due(ns(0.5)) is None


@pytest.mark.parametrize(("delay", "period"), [(-0.1, 0.1), (float("nan"), 0.1), (0.1, 0.0), (0.1, float("inf"))])
def test_impossible_times_are_refused(delay: float, period: float) -> None:
    with pytest.raises(ConfigError, match="plan delay"):
        PlanSchedule(delay, period)
