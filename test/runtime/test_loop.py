from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import ConfigError
from wam_ros.core.geometry import SE2
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.core.scene import Scene
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import BicycleState, KinematicBicycle, VehicleCommand
from wam_ros.planning import ConstantVelocityPlanner, Fallback, PlanMonitor
from wam_ros.planning.catalog import load_vehicle
from wam_ros.runtime.checked_planner import CheckedPlanner
from wam_ros.runtime.loop import DriveLoop, DriveTick, LoopSettings, paths_differ

VEHICLE = load_vehicle("passenger_car")
TICK_S = 0.05


@dataclass
class EmptyRoad:
    """An environment of nothing but the bicycle; it ends after `goal` metres."""

    goal: float = 30.0
    tick_s: float = TICK_S
    ticks: int = 0
    commands: list[VehicleCommand] = field(default_factory=list)

    def reset(self) -> Observation:
        self.state = BicycleState(SE2(0.0, 0.0, 0.0), speed=8.0)
        self.ticks = 0
        self.commands.clear()
        return self.observe()

    def ego(self) -> EgoState:
        stamp_ns = round(self.ticks * self.tick_s * NS_PER_S)
        return EgoState(stamp_ns, "map", self.state.pose, self.state.speed, self.state.acceleration)

    def observe(self) -> Observation:
        ego = self.ego()
        return Observation(ego.stamp_ns, ego)

    def apply(self, command: VehicleCommand) -> bool:
        self.commands.append(command)
        self.state = KinematicBicycle(VEHICLE).step(
            self.state, command.steering_angle, command.acceleration, self.tick_s
        )
        self.ticks += 1
        return self.state.pose.x < self.goal

    def scene(self) -> Scene | None:
        return Scene(self.ego().stamp_ns, self.ego())

    def close(self) -> None:
        pass


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
    road, notes = EmptyRoad(), Notes()
    end = loop(road, Follows(), observers=[notes]).run()
    assert end.reason == "goal"
    assert end.ticks == road.ticks == len(notes.ticks) == len(road.commands)
    assert end.duration == pytest.approx(road.ticks * TICK_S)
    assert [tick.index for tick in notes.ticks] == list(range(end.ticks))
    assert all(tick.scene is not None and tick.scene.stamp_ns == tick.ego.stamp_ns for tick in notes.ticks)
    assert [tick.command for tick in notes.ticks] == road.commands


@pytest.mark.parametrize(("period", "delay"), [(0.1, None), (0.1, 0.3), (0.2, 0.05), (0.05, 0.0)])
def test_a_plan_is_made_each_period_and_takes_effect_after_the_delay(period, delay):
    follows, notes = Follows(), Notes()
    settings = LoopSettings(planning_period=period, plan_delay=delay)
    end = loop(EmptyRoad(), follows, settings, [notes]).run()
    stride = round(period / TICK_S)
    assert [tick.index for tick in notes.ticks if tick.answer is not None] == list(range(0, end.ticks, stride))
    assert end.plans == len(range(0, end.ticks, stride))
    wanted_delay = round((period if delay is None else delay) * NS_PER_S)
    made = [tick.ego.stamp_ns for tick in notes.ticks if tick.answer is not None]
    for stamp_ns, plan_ns in follows.given:
        in_effect = [at for at in made if at + wanted_delay <= stamp_ns]
        assert plan_ns == (in_effect[-1] if in_effect else None)


def test_the_time_limit_and_an_observer_end_it():
    end = loop(EmptyRoad(goal=1e9), Follows(), LoopSettings(time_limit=1.0)).run()
    assert (end.reason, end.duration) == ("time limit", pytest.approx(1.0))
    notes = Notes(stop_at=7)
    end = loop(EmptyRoad(), Follows(), observers=[notes]).run()
    assert (end.reason, end.ticks, len(notes.ticks)) == ("enough", 7, 8)


def test_a_plan_that_cannot_be_driven_is_replaced():
    class Jumps(ConstantVelocityPlanner):
        def plan(self, observation, deadline):
            plan = super().plan(observation, deadline)
            path = plan.trajectory
            far = Trajectory.from_waypoints(observation.ego, path.times, path.positions + 50.0)
            return Plan(far, "jumps")

    notes = Notes()
    loop(EmptyRoad(), Follows(), observers=[notes], planner=Jumps()).run()
    answers = [tick.answer for tick in notes.ticks if tick.answer is not None]
    assert answers
    assert all(answer.rejected and answer.plan.reason.startswith("monitor: ") for answer in answers)


def test_a_period_that_is_no_whole_number_of_ticks_is_refused():
    with pytest.raises(ConfigError, match="no whole number of the world's ticks"):
        loop(EmptyRoad(), Follows(), LoopSettings(planning_period=0.12))
    with pytest.raises(ConfigError, match="wanted positive"):
        LoopSettings(time_limit=0.0)


def test_paths_differ_by_their_largest_distance():
    first = [EgoState(n, "map", SE2(float(n), 0.0, 0.0), 1.0) for n in range(5)]
    second = [EgoState(n, "map", SE2(float(n), 0.3 if n == 3 else 0.0, 0.0), 1.0) for n in range(2, 9)]
    assert paths_differ(first, second) == pytest.approx(0.3)
    assert paths_differ(first[:1], second) == float("inf")
