from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from test.evaluation.roads import LANES, LENGTH, PLANNED, VEHICLE, StraightRoad, parked
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Planner
from wam_ros.core.timing import NS_PER_S, Deadline
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.evaluation.moments import MOST, Moments
from wam_ros.evaluation.result import RouteEvent, RouteResult, without_wall_times
from wam_ros.evaluation.route_completion import RouteCompletion, RouteTimeout
from wam_ros.evaluation.route_run import RouteParts, RouteSettings, drive_route
from wam_ros.evaluation.route_task import route_tasks
from wam_ros.evaluation.step_time_table import StepTimeTable
from wam_ros.planning import ConstantVelocityPlanner, Fallback, PlanMonitor
from wam_ros.planning.route_follower import RouteFollower
from wam_ros.runtime.checked_planner import CheckedPlanner
from wam_ros.runtime.loop import DriveLoop, DriveTick, LoopSettings

TASK = route_tasks(["road"], 1, 0)[0]


def follower() -> Planner:
    return RouteFollower(VEHICLE, 10.0)


def drive(
    road: StraightRoad, planner: Planner, settings: RouteSettings | None = None, *, pictures: bool = False
) -> RouteResult:
    drawn: Callable[[DriveTick, DriveTick | None], bytes] = lambda tick, _seen: str(tick.index).encode()  # noqa: E731
    parts = RouteParts(road, planner, VEHICLE, LANES, PLANNED, drawn if pictures else None)
    return drive_route(TASK, parts, RouteSettings() if settings is None else settings)


class Working(ConstantVelocityPlanner):
    """Tells of one pass per plan."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        deadline.worked("encode", 0)
        deadline.worked("pass", 8)
        return super().plan(observation, deadline)


def test_a_clean_drive_has_full_marks() -> None:
    found = drive(StraightRoad(), follower())
    assert (found.outcome, found.route_completion, found.events, found.success) == ("goal", 100.0, (), True)
    assert found.scores["1.0"] == found.scores["2.0"] == found.scores["bench2drive"] == 100.0
    assert LENGTH - 15.0 < found.driven_m < LENGTH
    assert found.plans == sum(found.statuses.values()) == len(found.plan_times_ms) == sum(found.steps.values())
    assert found.path[1][0] == 0.5
    assert found.route == [[0.0, 0.0], [LENGTH, 0.0]]
    assert found.virtual_times_ms is None


def test_collisions_cost_and_go_on_unless_they_are_to_stop() -> None:
    road = StraightRoad(actors=(parked(40.0),))
    through, stopped = (
        drive(road, follower(), pictures=True),
        drive(road, follower(), RouteSettings(stop_at_collision=True)),
    )
    assert through.outcome == "goal"
    assert through.scores["1.0"] < 60.0 + 1e-9
    assert not through.success
    assert [event.kind for event in stopped.events] == ["collision_vehicle"]
    assert (stopped.outcome, stopped.events[0].actor, stopped.events[0].at_fault) == ("collision", 7, True)
    assert 20.0 < stopped.route_completion < 40.0
    assert stopped.scores["1.0"] == pytest.approx(0.6 * stopped.route_completion, rel=1e-4)
    assert through.moments[0].picture.startswith("data:image/jpeg;base64,")
    assert stopped.moments == ()


def test_standing_ends_as_blocked() -> None:
    found = drive(StraightRoad(), ConstantVelocityPlanner(), RouteSettings(blocked_after=5.0))
    assert found.outcome == "blocked"
    assert found.duration_s == pytest.approx(5.0, abs=0.1)
    assert found.route_completion < 2.0


class Sure(ConstantVelocityPlanner):
    """Says how sure it is."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        plan = super().plan(observation, deadline)
        return replace(plan, confidence=0.75, waypoint_confidence=np.linspace(0.9, 0.6, len(plan.trajectory)))


def test_each_plan_s_confidence_is_kept_with_what_it_does() -> None:
    found = drive(StraightRoad(speed=8.0), Sure())
    assert found.outcome == "goal"
    assert len(found.confidence) == len(found.features) > 100  # but those that the monitor refused
    assert {one[1:] for one in found.confidence} == {(0.75, 0)}
    mean, least, speed, gain, distance, turn = found.features[0]
    assert (mean, least) == pytest.approx((0.75, 0.6))
    assert (speed, gain, turn) == pytest.approx((8.0, 0.0, 0.0), abs=0.05)
    assert distance == pytest.approx(32.0, abs=0.3)
    assert drive(StraightRoad(), follower()).features == []


class Leaping(ConstantVelocityPlanner):
    """Makes plans that nothing can drive."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        plan = super().plan(observation, deadline)
        return replace(plan, trajectory=replace(plan.trajectory, positions=plan.trajectory.positions + 50.0))


def test_reasons_that_differ_in_figures_only_are_one() -> None:
    found = drive(StraightRoad(speed=5.0), Leaping(), RouteSettings(LoopSettings(time_limit=3.0)))
    assert found.statuses == {"STOP": found.plans}
    assert 1 <= len(found.reasons) <= 3
    assert sum(found.reasons.values()) == found.plans
    assert all("monitor: waypoint #" in reason for reason in found.reasons)


def moment(time_s: float, x: float, y: float = 0.0) -> DriveTick:
    ego = EgoState(round(time_s * NS_PER_S), "map", SE2(x, y, 0.0), 1.0)
    observation = Observation(ego.stamp_ns, ego, {}, PLANNED.route)
    return DriveTick(0, observation, None, None, None, VehicleCommand(ego.stamp_ns, 0.0, 0.0, 0.0))


def test_time_is_up_after_300_s_and_what_the_metres_give() -> None:
    completion = RouteCompletion(PLANNED.route, VEHICLE)
    timeout = RouteTimeout(completion, LANES)
    for second in range(60):
        tick = moment(float(second), float(second))
        assert completion.on_tick(tick) is None
        assert timeout.on_tick(tick) is None
    # At 10 % of the limit of 10 m/s a metre gives a second.
    assert timeout.allowed == pytest.approx(300.0 + completion.arc_length)
    assert timeout.on_tick(moment(timeout.allowed, 59.0)) is None
    assert timeout.on_tick(moment(timeout.allowed + 0.1, 59.0)) == "time limit"


def test_points_are_passed_in_order_and_the_goal_is_near_the_end() -> None:
    completion = RouteCompletion(PLANNED.route, VEHICLE)
    completion.on_tick(moment(0.0, 80.0))
    assert completion.arc_length == 2.0, "two points beyond the last at most"
    for x in range(100):
        assert completion.on_tick(moment(0.0, float(x), 20.0)) is None, "beside the road counts too"
    middle = 99.0 + VEHICLE.rear_axle_to_center
    assert completion.arc_length == pytest.approx(middle, abs=1.0)
    for x in range(100, 118):
        assert completion.on_tick(moment(0.0, float(x))) is None or completion.percent > 99.0
    assert completion.on_tick(moment(0.0, LENGTH)) == "goal"


class Follows:
    """A controller that notes when it is given which plan."""

    def __init__(self) -> None:
        self.given: dict[float, float | None] = {}

    def reset(self) -> None:
        self.given.clear()

    def control(self, ego: EgoState, plan: Plan | None) -> VehicleCommand:
        made = None if plan is None else round(plan.trajectory.stamp_ns / NS_PER_S, 3)
        self.given[round(ego.stamp_ns / NS_PER_S, 3)] = made
        return VehicleCommand(ego.stamp_ns, 0.0, ego.speed, 0.0)


def test_the_loop_follows_a_plan_when_it_is_done() -> None:
    times = iter([0.12, 0.05, *[0.3] * 100])
    checked = CheckedPlanner(ConstantVelocityPlanner(), PlanMonitor(VEHICLE), Fallback(VEHICLE))
    follows = Follows()
    settings = LoopSettings(planning_period=0.1, plan_delay=0.1, time_limit=1.0)
    DriveLoop(StraightRoad(speed=5.0), checked, follows, settings, plan_time=lambda: next(times)).run()
    given = follows.given
    assert (given[0.1], given[0.15]) == (None, 0.0), "0.12 s after its image"
    assert (given[0.2], given[0.25]) == (0.0, 0.15), "the next image that is planned for, 0.1 s later"
    assert (given[0.5], given[0.55]) == (0.15, 0.25)
    assert (given[0.8], given[0.85]) == (0.25, 0.55)


def test_plans_take_effect_late_by_their_virtual_time_and_later_images_wait() -> None:
    def settings(step_ms: float) -> RouteSettings:
        table = StepTimeTable(encode_ms=20.0, first_pass_ms=step_ms)
        return RouteSettings(LoopSettings(time_limit=3.0), budget_ms=80.0, step_times=table)

    prompt = drive(StraightRoad(speed=8.0), Working(), settings(50.0))
    late = drive(StraightRoad(speed=8.0), Working(), settings(180.0))
    assert (prompt.late_plans, late.late_plans) == (0, late.plans)
    assert prompt.virtual_times_ms == [70.0] * prompt.plans
    assert late.virtual_times_ms == [200.0] * late.plans
    assert prompt.plans == pytest.approx(2 * late.plans, abs=1), "the planner is busy for two periods"
    untold = drive(StraightRoad(speed=8.0), ConstantVelocityPlanner(), settings(180.0))
    assert untold.virtual_times_ms == [0.0] * untold.plans


def test_two_drives_of_a_task_are_the_same_but_for_wall_times() -> None:
    first, second = (drive(StraightRoad(actors=(parked(60.0),)), follower()).as_row() for _ in range(2))
    assert without_wall_times(first) == without_wall_times(second)


def test_the_worst_moments_are_kept() -> None:
    drawn: list[str] = []

    def picture(tick: DriveTick, _seen: DriveTick | None) -> bytes:
        drawn.append(str(tick))
        return b"picture"

    moments = Moments(picture)
    kinds = ["stopped_at_green", "off_lane", "red_light", "collision_vehicle", "blocked", "collision_pedestrian"]
    for time_s, kind in enumerate(kinds):
        event = RouteEvent(kind, float(time_s), 0.0, 0.0, kind != "collision_pedestrian", None, "", 0.0)
        moments.offer(event, kind)  # type: ignore[arg-type]  # what is drawn does not matter
    assert [moment.kind for moment in moments.moments] == ["off_lane", "red_light", "collision_vehicle"]
    assert len(moments.moments) == MOST
    assert drawn == kinds[:4], "what is not kept is not drawn"
