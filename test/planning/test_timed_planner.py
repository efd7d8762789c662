from __future__ import annotations

import pytest

from wam_ros.core import SE2, ConfigError, Deadline, EgoState, Observation, PlanStatus
from wam_ros.planning.timed_planner import TimedPlanner

NOW = Observation(0, EgoState(0, "odom", SE2(0, 0, 0), 8.0))


def test_without_a_deadline_every_step_is_done() -> None:
    plan = TimedPlanner(steps=3, step_s=0.001).plan(NOW, Deadline.unlimited())
    assert (plan.status, plan.steps_done, plan.steps_planned, plan.planner) == (PlanStatus.FULL, 3, 3, "timed")


def test_the_first_step_is_always_done() -> None:
    plan = TimedPlanner(steps=3, step_s=0.001).plan(NOW, Deadline.after(-1.0))
    assert (plan.status, plan.steps_done) == (PlanStatus.ANYTIME, 1)
    assert plan.reason == "deadline: 1 of 3 steps"


def test_more_time_gives_more_steps() -> None:
    planner = TimedPlanner(steps=1000, step_s=0.002)
    few, many = (planner.plan(NOW, Deadline.after(budget)).steps_done for budget in (0.005, 0.2))
    assert 1 <= few < many < 1000


def test_no_steps_are_refused() -> None:
    with pytest.raises(ConfigError, match="0 steps"):
        TimedPlanner(0, 0.1)
