from __future__ import annotations

import pytest

from test.evaluation.roads import VEHICLE, StraightRoad
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import ConfigError
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.planning import ConstantVelocityPlanner, Fallback, PlanMonitor
from wam_ros.runtime.checked_planner import CheckedPlanner
from wam_ros.runtime.loop import DriveLoop, DriveTick, LoopSettings

TICK_S = 0.05


def road(goal: float = 30.0) -> StraightRoad:
    """Driven at 8 m/s from the start."""
    return StraightRoad(speed=8.0, goal=goal)


class Follows:
    """A controller that notes which plan it was given."""

    def __init__(self):
        self.given: list[tuple[int, int | None]] = []

    def reset(self) -> None:
        self.given.clear()

    def control(self, ego: EgoState, plan: Plan | None) -> VehicleCommand:
        self.given.append((ego.stamp_ns, None if plan is None else plan.trajectory.stamp_ns))
        return VehicleCommand(ego.stamp_ns, 0.0, ego.speed, 0.0)


class Notes:
    def __init__(self, stop_at: int | None = None):
        self.ticks: list[DriveTick] = []
        self.stop_at = stop_at

    def on_tick(self, tick: DriveTick) -> str | None:
        self.ticks.append(tick)
        return "enough" if tick.index == self.stop_at else None


def loop(environment, controller, settings=None, observers=(), planner=None) -> DriveLoop:
    made = ConstantVelocityPlanner() if planner is None else planner
    checked = CheckedPlanner(made, PlanMonitor(VEHICLE), Fallback(VEHICLE))
    return DriveLoop(environment, checked, controller, settings, observers)


def test_it_ends_at_the_goal_and_tells_every_tick_once():
    world, notes = road(), Notes()
    end = loop(world, Follows(), observers=[notes]).run()
    assert end.reason == "goal"
    assert end.ticks == world.ticks == len(notes.ticks) == len(world.commands)
    assert end.duration == pytest.approx(world.ticks * TICK_S)
    assert [tick.index for tick in notes.ticks] == list(range(end.ticks))
    assert all(tick.scene is not None and tick.scene.stamp_ns == tick.ego.stamp_ns for tick in notes.ticks)
    assert [tick.command for tick in notes.ticks] == world.commands


@pytest.mark.parametrize(("period", "delay"), [(0.1, None), (0.1, 0.3), (0.2, 0.05), (0.05, 0.0)])
def test_a_plan_is_made_each_period_and_takes_effect_after_the_delay(period, delay):
    follows, notes = Follows(), Notes()
    settings = LoopSettings(planning_period=period, plan_delay=delay)
    end = loop(road(), follows, settings, [notes]).run()
    stride = round(period / TICK_S)
    assert [tick.index for tick in notes.ticks if tick.answer is not None] == list(range(0, end.ticks, stride))
    assert end.plans == len(range(0, end.ticks, stride))
    wanted_delay = round((period if delay is None else delay) * NS_PER_S)
    made = [tick.ego.stamp_ns for tick in notes.ticks if tick.answer is not None]
    for stamp_ns, plan_ns in follows.given:
        in_effect = [at for at in made if at + wanted_delay <= stamp_ns]
        assert plan_ns == (in_effect[-1] if in_effect else None)


def test_the_time_limit_and_an_observer_end_it():
    end = loop(road(goal=1e9), Follows(), LoopSettings(time_limit=1.0)).run()
    assert (end.reason, end.duration) == ("time limit", pytest.approx(1.0))
    notes = Notes(stop_at=7)
    end = loop(road(), Follows(), observers=[notes]).run()
    assert (end.reason, end.ticks, len(notes.ticks)) == ("enough", 7, 8)


def test_a_plan_that_cannot_be_driven_is_replaced():
    class Jumps(ConstantVelocityPlanner):
        def plan(self, observation, deadline):
            plan = super().plan(observation, deadline)
            path = plan.trajectory
            far = Trajectory.from_waypoints(observation.ego, path.times, path.positions + 50.0)
            return Plan(far, "jumps")

    notes = Notes()
    loop(road(), Follows(), observers=[notes], planner=Jumps()).run()
    answers = [tick.answer for tick in notes.ticks if tick.answer is not None]
    assert answers
    assert all(answer.rejected and answer.plan.reason.startswith("monitor: ") for answer in answers)


def test_a_period_that_is_no_whole_number_of_ticks_is_refused():
    with pytest.raises(ConfigError, match="no whole number of the world's ticks"):
        loop(road(), Follows(), LoopSettings(planning_period=0.12))
    with pytest.raises(ConfigError, match="wanted positive"):
        LoopSettings(time_limit=0.0)
