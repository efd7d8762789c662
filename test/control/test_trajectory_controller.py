"""The controller in closed loop with the bicycle and its lags, ticks of 0.05 s."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from test.control.closed_loop import (
    DT,
    Drive,
    PoseAt,
    braking,
    circle,
    drive,
    ego_of,
    fixed,
    lane_change,
    mirrored_ego,
    mirrored_plan,
    ns,
    plan_of,
    standing_plan,
    starting,
    straight,
    trajectory_of,
)
from wam_ros.control import CommandGuard, ControllerSettings, TrajectoryController
from wam_ros.core import (
    SE2,
    BicycleState,
    ConfigError,
    Deadline,
    EgoState,
    Observation,
    Plan,
    PlanStatus,
    Polyline,
    Route,
    Trajectory,
    VehicleDescription,
)
from wam_ros.planning import Horizon, RouteFollower, comfortable_stop


def on(pose_at: PoseAt, speed: float, curvature: float = 0.0, wheelbase: float = 2.85) -> BicycleState:
    return BicycleState(SE2(*pose_at(0.0)), speed, 0.0, math.atan(wheelbase * curvature))


def lateral_errors(found: Drive, pose_at: PoseAt) -> np.ndarray:
    errors: np.ndarray = np.abs(found.errors(pose_at)[:, 1])
    return errors


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("speed", [3.0, 10.0, 25.0])
def test_straight_on_at_constant_speed(vehicle: VehicleDescription, speed: float, delay: float) -> None:
    pose_at = straight(speed)
    found = drive(TrajectoryController(vehicle), fixed(pose_at), 5.0, state=on(pose_at, speed), delay=delay)
    assert np.abs(found.errors(pose_at)).max() < 0.02
    assert np.abs(found.values("speed") - speed).max() < 0.02


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
@pytest.mark.parametrize(("radius", "speed"), [(8.0, 4.0), (25.0, 8.0)])
def test_circles(vehicle: VehicleDescription, radius: float, speed: float, delay: float, side: int) -> None:
    pose_at = circle(radius, speed, side)
    wheels_straight = on(pose_at, speed)
    found = drive(TrajectoryController(vehicle), fixed(pose_at), 10.0, state=wheels_straight, delay=delay)
    errors = lateral_errors(found, pose_at)
    assert errors.max() < 0.5, "the wheels were straight at the beginning"
    assert errors[80:].max() < 0.05
    assert np.abs(found.errors(pose_at)[100:, 0]).max() < 0.1


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("speed", [4.0, 10.0, 15.0])
def test_lane_changes(vehicle: VehicleDescription, speed: float, delay: float) -> None:
    pose_at = lane_change(speed)
    found = drive(TrajectoryController(vehicle), fixed(pose_at), 9.0, state=on(pose_at, speed), delay=delay)
    assert lateral_errors(found, pose_at).max() < 0.12
    assert lateral_errors(found, pose_at)[-1] < 0.01
    assert np.max([state.pose.y for state in found.states]) < 3.5 + 0.05, "it overshoots"


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
def test_moving_off(vehicle: VehicleDescription, delay: float) -> None:
    pose_at = starting(1.5, 8.0)
    found = drive(TrajectoryController(vehicle), fixed(pose_at), 9.0, delay=delay)
    assert np.abs(found.errors(pose_at)[:, 0]).max() < 0.3
    assert found.values("speed").max() < 8.2
    rise = np.diff([command.acceleration for command in found.commands])
    assert rise.max() <= vehicle.max_jerk * DT + 1e-9


@pytest.mark.parametrize(("speed", "deceleration"), [(8.0, 2.5), (10.0, 4.0), (3.0, 1.0), (1.5, 1.0)])
def test_a_stop_ends_at_its_last_waypoint(vehicle: VehicleDescription, speed: float, deceleration: float) -> None:
    pose_at = braking(speed, deceleration)
    once = plan_of(trajectory_of(pose_at, 0.0), PlanStatus.STOP)
    controller = TrajectoryController(vehicle, ControllerSettings(max_plan_age=10.0))
    found = drive(controller, lambda _ego, _time: once, 8.0, state=on(pose_at, speed))
    assert found.states[-1].speed == 0.0
    assert abs(found.states[-1].pose.x - once.trajectory.positions[-1, 0]) < 0.3
    assert (np.diff([state.pose.x for state in found.states]) >= 0.0).all(), "it reverses"
    assert max(command.acceleration for command in found.commands) <= 0.0, "a STOP accelerates"


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("speed", [2.0, 8.0, 15.0])
def test_a_stop_planned_anew_each_time(vehicle: VehicleDescription, speed: float, delay: float) -> None:
    def stop(ego: EgoState, _time: float) -> Plan:
        return plan_of(comfortable_stop(ego, vehicle, Horizon()), PlanStatus.STOP)

    found = drive(TrajectoryController(vehicle), stop, 15.0, state=BicycleState(SE2(0, 0, 0), speed), delay=delay)
    assert found.states[-1].speed == 0.0
    assert found.values("acceleration").min() > -1.6 * vehicle.comfort_deceleration
    assert max(command.acceleration for command in found.commands) <= 0.0
    assert found.commands[-1].acceleration == -vehicle.comfort_deceleration, "the brake is not held"


def test_a_standing_plan_holds_the_brake_and_does_not_creep(vehicle: VehicleDescription) -> None:
    rng = np.random.default_rng(5)

    def jittering(_ego: EgoState, time: float) -> Plan:
        plan = standing_plan(ns(time))
        moved = plan.trajectory.positions + rng.uniform(-0.15, 0.15, (8, 2))
        return plan_of(replace(plan.trajectory, positions=moved, speeds=rng.uniform(0.0, 0.1, 8)))

    found = drive(TrajectoryController(vehicle), jittering, 10.0, delay=0.1)
    assert found.states[-1].pose == SE2(0.0, 0.0, 0.0)
    assert {command.acceleration for command in found.commands} == {-vehicle.comfort_deceleration}
    assert {command.speed for command in found.commands} == {0.0}
    assert {command.steering_angle for command in found.commands} == {0.0}


@pytest.mark.parametrize("delay", [0.1, 0.2, 0.3])
def test_the_stamps_make_up_for_latency(vehicle: VehicleDescription, delay: float) -> None:
    """Against the same plans taken as if they were of now."""
    pose_at, speed = lane_change(10.0), 10.0
    compensated = drive(TrajectoryController(vehicle), fixed(pose_at), 9.0, state=on(pose_at, speed), delay=delay)

    def stamped_late(_ego: EgoState, time: float) -> Plan:
        return plan_of(replace(trajectory_of(pose_at, time - delay), stamp_ns=ns(time)))

    naive = drive(TrajectoryController(vehicle), stamped_late, 9.0, state=on(pose_at, speed))
    along, across = (np.abs(one.errors(pose_at)).max(axis=0) for one in (compensated, naive))
    assert along[1] < 0.12
    assert along[0] < 0.1 * across[0], "late along the path"


def test_the_lag_of_the_steering_is_made_up_for(vehicle: VehicleDescription) -> None:
    pose_at = lane_change(12.0, begin=1.0, duration=2.5)

    def worst(known: VehicleDescription) -> float:
        found = drive(TrajectoryController(known), fixed(pose_at), 5.0, state=on(pose_at, 12.0), vehicle=vehicle)
        return float(lateral_errors(found, pose_at).max())

    assert worst(vehicle) < 0.8 * worst(replace(vehicle, steering_lag=0.0))


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("speed", [2.0, 8.0, 20.0])
def test_plans_that_do_not_mind_the_vehicle_do_not_swing_it_up(
    vehicle: VehicleDescription, speed: float, delay: float
) -> None:
    pose_at = straight(speed)
    aside = BicycleState(SE2(0.0, 1.0, 0.0), speed)
    found = drive(TrajectoryController(vehicle), fixed(pose_at), 10.0, state=aside, delay=delay)
    left = found.errors(pose_at)[:, 1]
    assert left.min() > -0.05, "it overshoots"
    assert np.abs(left[-40:]).max() < 0.02
    assert np.abs(found.errors(pose_at)[-1, 0]) < 0.05


def winding_route() -> Route:
    points = [(x, 0.0) for x in np.arange(-5.0, 60.0, 0.5)]
    points += [(60.0 + 12.0 * math.sin(a), 12.0 - 12.0 * math.cos(a)) for a in np.arange(0.0, math.pi / 2, 0.05)]
    points += [(72.0, y) for y in np.arange(12.0, 40.0, 0.5)]
    points += [(84.0 - 12.0 * math.cos(a), 40.0 + 12.0 * math.sin(a)) for a in np.arange(0.0, math.pi / 2, 0.05)]
    points += [(x, 52.0) for x in np.arange(84.0, 300.0, 0.5)]
    return Route.from_points("odom", points)


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
def test_planning_anew_from_where_it_is_stays_stable(vehicle: VehicleDescription, delay: float) -> None:
    route, planner = winding_route(), RouteFollower(vehicle, 9.0)

    def plan(ego: EgoState, _time: float) -> Plan:
        return planner.plan(Observation(ego.stamp_ns, ego, {}, route), Deadline.unlimited())

    state = BicycleState(SE2(0.0, 1.5, 0.0), 6.0)
    found = drive(TrajectoryController(vehicle), plan, 30.0, state=state, delay=delay)
    line: Polyline = route.line
    aside = np.array([line.project(one.pose.position).distance for one in found.states])
    assert line.project(found.states[-1].pose.position).arc_length > 120.0
    assert aside[80:].max() < 0.7  # what pursuit cuts of the corners, driven exactly, is 0.35 m
    assert aside[-20:].max() < 0.3
    sideways = [s.speed**2 * math.tan(s.steering_angle) / vehicle.wheelbase for s in found.states]
    assert np.abs(sideways).max() < 3.2
    assert np.abs(np.diff(found.values("steering_angle"), 2)).max() < 0.02, "the steering trembles"


def test_the_same_inputs_give_the_same_commands(vehicle: VehicleDescription) -> None:
    pose_at = lane_change(9.0)
    controller = TrajectoryController(vehicle)
    first = drive(controller, fixed(pose_at), 5.0, state=on(pose_at, 9.0), delay=0.1)
    controller.reset()
    again = drive(controller, fixed(pose_at), 5.0, state=on(pose_at, 9.0), delay=0.1)
    assert first.commands == again.commands
    assert first.reports == again.reports


def test_mirrored_inputs_give_mirrored_commands(vehicle: VehicleDescription) -> None:
    pose_at = circle(15.0, 6.0)
    found = drive(TrajectoryController(vehicle), fixed(pose_at), 4.0, state=on(straight(6.0), 6.0), delay=0.1)
    mirror = TrajectoryController(vehicle)
    for ego, command, report in zip(found.egos, found.commands, found.reports):
        age = report.plan_age
        plan = None if age is None else plan_of(trajectory_of(pose_at, ego.stamp_ns / 1e9 - age))
        other = mirror.control(mirrored_ego(ego), None if plan is None else mirrored_plan(plan))
        assert other.steering_angle == pytest.approx(-command.steering_angle, abs=1e-6)
        assert other.acceleration == pytest.approx(command.acceleration, abs=1e-6)


def test_the_guard_has_nothing_to_do(vehicle: VehicleDescription) -> None:
    """What the controller says is within the limits that the guard knows."""
    pose_at = lane_change(12.0, begin=0.5, duration=1.5)  # harder than can be driven
    found = drive(TrajectoryController(vehicle), fixed(pose_at), 6.0, state=on(pose_at, 12.0))
    guard = CommandGuard(vehicle)
    for command in found.commands:
        checked = guard.check(
            command.stamp_ns, command.steering_angle, command.speed, command.acceleration, command.stamp_ns
        )
        assert checked.interventions == ()
        assert checked.command == command


def test_the_report_has_signs(vehicle: VehicleDescription) -> None:
    controller = TrajectoryController(vehicle)
    first = controller.report
    assert first is None
    ego = ego_of(BicycleState(SE2(0.0, 0.4, 0.1), 9.0), 0.2, vehicle)
    controller.control(ego, plan_of(trajectory_of(straight(8.0), 0.1)))
    report = controller.report
    assert report is not None
    assert report.following
    assert report.plan_age == pytest.approx(0.1)
    assert report.cross_track_error == pytest.approx(0.4)
    assert report.heading_error == pytest.approx(0.1)
    assert report.speed_error == pytest.approx(0.2, abs=0.01), "the plan slows down evenly, 1 m/s in 0.5 s"


def test_speed_of_a_command_leads_to_its_acceleration(vehicle: VehicleDescription) -> None:
    found = drive(TrajectoryController(vehicle), fixed(starting(1.5, 8.0)), 3.0)
    for ego, command in zip(found.egos, found.commands):
        assert command.stamp_ns == ego.stamp_ns
        assert command.speed == pytest.approx(max(ego.speed + 0.5 * command.acceleration, 0.0))


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="speed_gain = 0"):
        ControllerSettings(speed_gain=0.0)
    with pytest.raises(ConfigError, match="actuation_delay = nan"):
        ControllerSettings(actuation_delay=math.nan)


def test_a_plan_of_one_waypoint_can_be_followed(vehicle: VehicleDescription) -> None:
    one = np.ones(1)
    path = Trajectory("odom", 0, one, np.array([[8.0, 0.0]]), 0.0 * one, 8.0 * one, 0.0 * one, 0.0 * one)
    controller = TrajectoryController(vehicle)
    command = controller.control(ego_of(BicycleState(SE2(0.0, 0.0, 0.0), 8.0), 0.0, vehicle), plan_of(path))
    assert command.acceleration == pytest.approx(0.0, abs=0.05)
