from __future__ import annotations

import math
import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core import (
    SE2,
    Candidate,
    ConfigError,
    Deadline,
    EgoState,
    Observation,
    Plan,
    PlanStatus,
    Route,
    Trajectory,
    VehicleDescription,
)
from wam_ros.core.geometry import Array
from wam_ros.core.resources import resource
from wam_ros.planning import Fallback, Horizon, PlanMonitor, RouteFollower

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
TIMES = Horizon().times
LATE = "deadline: planner not finished after 76 ms"
U = np.arange(0.0, 300.0, 2.0)
ROUTE = Route.from_points("odom", np.column_stack([U, 8.0 * np.sin(U / 25.0)]))
CONFIDENCE = np.array([0.95, 0.9, 0.92, 0.8, 0.7, 0.6, 0.5, 0.4])


def pose_of(position: Array, heading: Any) -> SE2:
    return SE2(float(position[0]), float(position[1]), float(heading))


def planned(speed: float = 9.0) -> tuple[Plan, EgoState]:
    """A plan along the route, and the observation it was made from, at 10 s."""
    pose = pose_of(ROUTE.line.position(20.0), ROUTE.line.heading(20.0))
    ego = EgoState(10_000_000_000, "odom", pose, speed, 0.0, 0.0)
    observation = Observation(ego.stamp_ns, ego, route=ROUTE)
    plan = RouteFollower(CAR).plan(observation, Deadline.unlimited())
    return replace(plan, weights_hash="ab12", waypoint_confidence=CONFIDENCE, confidence=0.8, calibrated=True), ego


def later(plan: Plan, ego: EgoState, seconds: float) -> EgoState:
    """The ego after following the plan."""
    stamp = ego.stamp_ns + round(seconds * 1e9)
    fine = plan.trajectory.resampled(ego, stamp, [1e-9])
    pose = pose_of(fine.positions[0], fine.headings[0])
    return EgoState(
        stamp, "odom", pose, float(fine.speeds[0]), float(fine.accelerations[0]), float(fine.heading_rates[0])
    )


def remembering(plan: Plan, ego: EgoState, max_reuse_age_s: float = 1.0) -> Fallback:
    fallback = Fallback(CAR, max_reuse_age_s=max_reuse_age_s)
    fallback.accept(plan, ego)
    return fallback


def assert_complete(plan: Plan) -> None:
    path = plan.trajectory
    np.testing.assert_array_equal(path.times, TIMES)
    for name in ("positions", "headings", "speeds", "accelerations", "heading_rates"):
        assert np.isfinite(getattr(path, name)).all()


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.37, 0.5, 1.0])
def test_the_moved_plan_is_the_old_one_at_the_same_absolute_times(seconds):
    plan, ego = planned()
    now = later(plan, ego, seconds)
    moved = remembering(plan, ego).replacement(Observation(now.stamp_ns, now, route=ROUTE), LATE)
    assert moved.status is PlanStatus.REUSED
    assert moved.reason == f"{LATE}; previous plan, {seconds * 1e3:.0f} ms old, moved to now"
    assert moved.trajectory.stamp_ns == now.stamp_ns
    assert_complete(moved)
    within = TIMES + seconds <= 4.0 + 1e-9
    old = plan.trajectory
    knots = np.concatenate([[0.0], old.times])
    for axis in (0, 1):
        wanted = np.interp(TIMES + seconds, knots, np.concatenate([[ego.pose.position[axis]], old.positions[:, axis]]))
        np.testing.assert_allclose(moved.trajectory.positions[within, axis], wanted[within], atol=1e-9)
    wanted = np.interp(TIMES + seconds, knots, np.concatenate([[ego.speed], old.speeds]))
    np.testing.assert_allclose(moved.trajectory.speeds[within], wanted[within], atol=1e-9)
    assert PlanMonitor(CAR).check(moved, Observation(now.stamp_ns, now, route=ROUTE)) == ()


def test_past_its_end_the_moved_plan_brakes():
    plan, ego = planned()
    moved = remembering(plan, ego).replacement(later(plan, ego, 1.0), LATE).trajectory
    assert moved.speeds[5] == pytest.approx(plan.trajectory.speeds[7])
    assert moved.speeds[7] < moved.speeds[6] < moved.speeds[5]
    assert -CAR.comfort_deceleration - 1e-6 <= moved.accelerations[7] < -1.0


def test_what_a_reused_plan_keeps_and_what_not():
    plan, ego = planned()
    plan = replace(plan, candidates=(Candidate(plan.trajectory, 0.5),), steps_done=3, steps_planned=8)
    moved = remembering(plan, ego).replacement(later(plan, ego, 0.5), LATE)
    assert (moved.planner, moved.weights_hash, moved.confidence) == ("route_follower", "ab12", 0.8)
    assert (moved.steps_done, moved.steps_planned) == (3, 8)
    assert not moved.calibrated
    assert moved.candidates == ()
    np.testing.assert_array_equal(moved.waypoint_confidence, [*CONFIDENCE[1:], 0.0])
    between = remembering(plan, ego).replacement(later(plan, ego, 0.2), LATE)
    np.testing.assert_array_equal(between.waypoint_confidence, [0.9, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.0])
    silent = replace(plan, waypoint_confidence=None, confidence=None)
    moved = remembering(silent, ego).replacement(later(plan, ego, 0.2), LATE)
    assert (moved.waypoint_confidence, moved.confidence) == (None, None)


def stops(fallback: Fallback, now: Observation | EgoState, text: str) -> Plan:
    plan = fallback.replacement(now, LATE)
    assert (plan.status, plan.planner, plan.confidence) == (PlanStatus.STOP, "fallback", None)
    assert plan.reason.startswith(f"{LATE}; comfortable stop, previous plan not used: ")
    assert text in plan.reason
    assert_complete(plan)
    assert plan.trajectory.speeds[-1] < (now if isinstance(now, EgoState) else now.ego).speed - 3.0
    return plan


def test_the_stop_says_why_the_previous_plan_was_not_used():
    plan, ego = planned()
    assert stops(Fallback(CAR), ego, "there is no previous plan")
    fallback = remembering(plan, ego)
    stops(fallback, later(plan, ego, 1.5), "it is 1500 ms old, limit 1000 ms")
    stops(fallback, replace(later(plan, ego, 0.1), frame_id="map"), "it is in frame 'odom', the ego state in 'map'")
    stops(fallback, replace(ego, stamp_ns=ego.stamp_ns - 50_000_000), "it is 50 ms newer than the ego state")
    jumped = later(plan, ego, 0.1)
    jumped = replace(jumped, pose=jumped.pose @ SE2(3.0, 4.0, 0.5))
    stops(fallback, jumped, "beyond what the ego reaches in 0.5 s")
    stops(remembering(plan, ego, max_reuse_age_s=0.0), later(plan, ego, 0.1), "100 ms old, limit 0 ms")
    fallback.reset()
    stops(fallback, later(plan, ego, 0.1), "there is no previous plan")


def test_the_stop_follows_the_previous_path_or_the_route():
    plan, ego = planned(speed=6.0)  # short enough to stop on what is left of the old path
    now = later(plan, ego, 1.2)
    stop = stops(remembering(plan, ego), now, "1200 ms old")
    assert ROUTE.line.distances(stop.trajectory.positions).max() < 0.3
    by_route = stops(Fallback(CAR), Observation(now.stamp_ns, now, route=ROUTE), "no previous plan")
    assert ROUTE.line.distances(by_route.trajectory.positions).max() < 0.3


@pytest.mark.parametrize("status", [PlanStatus.REUSED, PlanStatus.STOP])
def test_replacements_are_not_remembered(status):
    plan, ego = planned()
    stops(remembering(plan.with_status(status, "x"), ego), later(plan, ego, 0.1), "there is no previous plan")


def test_reuse_ends_when_the_plan_is_too_old_however_often_it_was_moved():
    plan, ego = planned()
    fallback = remembering(plan, ego)
    statuses = []
    for tick in range(1, 14):
        now = later(plan, ego, 0.1 * tick)
        moved = fallback.replacement(now, LATE)
        fallback.accept(moved, now)
        statuses.append(moved.status)
    assert statuses == [PlanStatus.REUSED] * 10 + [PlanStatus.STOP] * 3


wild = st.floats(allow_nan=False, allow_infinity=False)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(wild, wild, wild, wild, wild, wild, st.integers(9_000_000_000, 12_000_000_000), st.booleans(), st.booleans())
def test_it_is_complete_for_every_ego_state(x, y, yaw, speed, acceleration, yaw_rate, stamp_ns, with_plan, with_route):
    fallback = Fallback(CAR)
    if with_plan:
        fallback.accept(*planned())
    ego = EgoState(stamp_ns, "odom", SE2(x, y, yaw), speed, acceleration, yaw_rate)
    now = Observation(stamp_ns, ego, route=ROUTE if with_route else None)
    plan = fallback.replacement(now, LATE)
    assert plan.status in {PlanStatus.REUSED, PlanStatus.STOP}
    assert_complete(plan)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.sampled_from(["positions", "headings", "speeds", "accelerations", "heading_rates"]), st.integers(0, 7))
def test_even_an_accepted_plan_of_nan_gives_a_complete_one(field, index):
    plan, ego = planned()
    values = getattr(plan.trajectory, field).copy()
    values[index] = math.nan
    bad = replace(plan, trajectory=replace(plan.trajectory, **{field: values}))
    assert_complete(remembering(bad, ego).replacement(later(plan, ego, 0.7), LATE))


def test_a_plan_of_one_standing_waypoint_is_no_line_to_stop_along():
    ego = EgoState(0, "odom", SE2(1.0, 2.0, 0.3), 0.0)
    path = Trajectory.from_waypoints(ego, TIMES, np.tile([1.0, 2.0], (8, 1)))
    fallback = remembering(Plan(path, "standing"), ego)
    old = fallback.replacement(replace(ego, stamp_ns=5_000_000_000), LATE)
    assert old.status is PlanStatus.STOP
    np.testing.assert_allclose(old.trajectory.positions, np.tile([1.0, 2.0], (8, 1)))


def test_standstill_is_for_when_nothing_is_known():
    plan = Fallback(CAR).standstill("base_link", 42, "no odometry received")
    assert (plan.status, plan.trajectory.frame_id, plan.trajectory.stamp_ns) == (PlanStatus.STOP, "base_link", 42)
    assert plan.reason == "no odometry received; standstill, no ego state was ever known"
    assert not plan.trajectory.positions.any()
    assert not plan.trajectory.speeds.any()
    assert_complete(plan)


def test_accepting_and_replacing_at_once_gives_one_plan_or_the_other():
    slow, ego = planned(speed=5.0)
    fast, _ = planned(speed=9.0)
    fallback, stop, wrong = remembering(slow, ego), threading.Event(), []
    fast_ego = replace(ego, speed=9.0)

    def accept():
        while not stop.is_set():
            fallback.accept(slow, ego)
            fallback.accept(fast, fast_ego)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        for _ in range(100):
            plan = fallback.replacement(replace(ego, speed=7.0), LATE)
            first = plan.trajectory.positions[0]
            candidates = [slow.trajectory.positions[0], fast.trajectory.positions[0]]
            if plan.status is PlanStatus.REUSED and min(np.linalg.norm(first - one) for one in candidates) > 1e-9:
                wrong.append(first)
            if len(plan.trajectory) != 8:
                wrong.append(plan)
    finally:
        stop.set()
        thread.join()
    assert not wrong


@pytest.mark.parametrize("age", [-1.0, math.nan, math.inf])
def test_an_age_that_is_no_age_is_refused(age):
    with pytest.raises(ConfigError, match="max_reuse_age_s"):
        Fallback(CAR, max_reuse_age_s=age)
