from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wam_ros.core import (
    SE2,
    ConfigError,
    Deadline,
    EgoState,
    Observation,
    PlannerError,
    PlanStatus,
    Route,
    VehicleDescription,
)
from wam_ros.core.geometry import Array
from wam_ros.core.resources import resource
from wam_ros.planning import Horizon, PlanMonitor, RouteFollower

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
U = np.arange(0.0, 300.0, 1.5)


def arc(radius: float, angle: float = 4.5) -> Array:
    turned = np.arange(0.0, angle, 1.0 / abs(radius))
    return np.column_stack([abs(radius) * np.sin(turned), radius * (1.0 - np.cos(turned))])


ROUTES = {
    "straight": np.column_stack([U, 0.2 * U]),
    "sparse": np.array([[0.0, 0.0], [300.0, 0.0]]),
    "left": arc(30.0),
    "right": arc(-15.0),
    "s": np.column_stack([U, 8.0 * np.sin(U / 25.0)]),
    "corner": np.array([[0.0, 0.0], [60.0, 0.0], [60.0, 60.0], [150.0, 60.0]]),
}


def pose_of(position: Array, heading: Any) -> SE2:
    return SE2(float(position[0]), float(position[1]), float(heading))


def seen(points: Array, ego: EgoState) -> Observation:
    return Observation(ego.stamp_ns, ego, route=Route.from_points("odom", points))


def at(
    points: Array, arc_length: float, speed: float, offset: float = 0.0, angle: float = 0.0, acceleration: float = 0.0
) -> EgoState:
    line = Route.from_points("odom", points).line
    pose = pose_of(line.position(arc_length), line.heading(arc_length)) @ SE2(0.0, offset, angle)
    bend = float(line.curvature(arc_length))
    return EgoState(0, "odom", pose, speed, acceleration, speed * max(min(bend, 0.2), -0.2))


def drive(points: Array, ego: EgoState, seconds: float, target_speed: float = 10.0) -> list[EgoState]:
    """Closed loop at 10 Hz with a vehicle that does what each plan says for 0.1 s; gives the ego states."""
    follower, route, states = RouteFollower(CAR, target_speed, Horizon(40, 0.1)), seen(points, ego).route, [ego]
    for tick in range(1, round(seconds * 10.0) + 1):
        path = follower.plan(Observation(ego.stamp_ns, ego, route=route), Deadline.unlimited()).trajectory
        pose = pose_of(path.positions[0], path.headings[0])
        motion = (float(path.speeds[0]), float(path.accelerations[0]), float(path.heading_rates[0]))
        ego = EgoState(tick * 100_000_000, "odom", pose, *motion)
        states.append(ego)
    return states


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(ROUTES)),
    st.floats(0.0, 0.9),
    st.floats(0.0, 33.0),
    st.floats(-2.5, 2.5),
    st.floats(-0.3, 0.3),
    st.floats(-1.0, 1.0),
    st.sampled_from([3.0, 10.0, 30.0]),
)
def test_every_plan_passes_the_monitor(name, share, speed, offset, angle, push, target):
    points = ROUTES[name]
    line = Route.from_points("odom", points).line
    start = share * line.length
    # An ego that can still make the next curves and the end of the route, as one that followed it would.
    stations = np.arange(0.0, speed**2 / 4.0 + 2.0 * speed + 1.0, 1.0)
    bends = np.abs(line.curvature(start + stations))
    possible = 2.0 / np.maximum(bends, 1e-9) + 2.0 * CAR.comfort_deceleration * np.maximum(stations - 0.7 * speed, 0.0)
    assume(speed**2 <= possible.min())
    assume(speed**2 <= 4.0 * max(line.length - start - 0.8 * speed, 0.0))
    assume(speed * abs(angle) <= 3.0)
    acceleration = push * 1.5 if speed > 1.0 else 0.0
    observation = seen(points, at(points, start, speed, offset, angle, acceleration))
    plan = RouteFollower(CAR, target).plan(observation, Deadline.unlimited())
    assert (plan.status, plan.planner, len(plan.trajectory)) == (PlanStatus.FULL, "route_follower", 8)
    assert PlanMonitor(CAR).check(plan, observation) == ()


@pytest.mark.parametrize("name", sorted(ROUTES))
@pytest.mark.parametrize("offset", [0.0, 2.0, -2.0])
def test_it_merges_on_the_route_and_stays(name, offset):
    points = ROUTES[name]
    states = drive(points, at(points, 0.0, 5.0, offset), 15.0)
    line = Route.from_points("odom", points).line
    off = line.distances([state.pose.position for state in states])
    rounding = 2.2 if name == "corner" else 0.4  # a corner of no radius: at full lock 1.7 m
    assert off[60:].max() < rounding
    assert off.max() < abs(offset) + max(rounding, 1.2)
    sideways = [abs(state.yaw_rate * state.speed) for state in states[5:]]
    assert max(sideways) < 1.6 * CAR.comfort_lateral_acceleration


def test_on_a_straight_route_it_takes_the_target_speed():
    states = drive(ROUTES["straight"], at(ROUTES["straight"], 0.0, 0.0), 15.0)
    assert states[-1].speed == pytest.approx(10.0, abs=0.1)
    assert max(state.acceleration for state in states) < CAR.comfort_acceleration + 0.3
    assert max(abs(state.yaw_rate) for state in states) < 1e-3


def test_a_curve_is_driven_at_its_comfortable_speed():
    states = drive(ROUTES["right"], at(ROUTES["right"], 0.0, 4.0), 8.0)
    assert states[-1].speed == pytest.approx(math.sqrt(2.0 * 15.0), abs=0.4)


@pytest.mark.parametrize("name", ["straight", "left", "s"])
def test_it_stops_comfortably_at_the_end(name):
    points = ROUTES[name]
    line = Route.from_points("odom", points).line
    states = drive(points, at(points, line.length - 60.0, 9.0), 25.0)
    assert states[-1].speed == pytest.approx(0.0, abs=0.02)
    assert np.linalg.norm(states[-1].pose.position - points[-1]) < 0.7
    assert min(state.acceleration for state in states) > -CAR.comfort_deceleration - 0.7


def test_past_the_end_it_stands():
    points = ROUTES["sparse"]
    for beyond, speed in ((2.0, 0.0), (0.5, 0.2)):
        plan = RouteFollower(CAR).plan(seen(points, at(points, 300.0 + beyond, speed)), Deadline.unlimited())
        assert np.abs(plan.trajectory.speeds[1:]).max() < 1e-6


def test_a_short_way_before_the_end_it_does_not_creep():
    points = ROUTES["sparse"]
    plan = RouteFollower(CAR).plan(seen(points, at(points, 299.8, 0.0)), Deadline.unlimited())
    assert not plan.trajectory.speeds.any()


def test_the_path_starts_tangent_to_the_ego():
    ego = at(ROUTES["straight"], 20.0, 6.0, offset=3.0, angle=0.4)
    path = RouteFollower(CAR).plan(seen(ROUTES["straight"], ego), Deadline.unlimited()).trajectory
    first = ego.pose.inverse() @ pose_of(path.positions[0], path.headings[0])
    assert first.x == pytest.approx(3.0, abs=0.2)
    assert abs(first.y) < 0.15
    assert abs(first.yaw) < 0.15


def test_a_route_that_crosses_itself_is_followed_in_order():
    turned = np.arange(0.0, 2.0 * math.pi, 0.02)
    loop = np.column_stack([100.0 + 20.0 * np.sin(turned), 20.0 * (1.0 - np.cos(turned))])
    points = np.concatenate([[[0.0, 0.0]], loop, [[110.0, 0.0], [200.0, 0.0]]])
    states = drive(points, at(points, 60.0, 6.0), 40.0)
    assert max(state.pose.y for state in states) > 39.0  # it went round
    assert states[-1].pose.x > 120.0  # and on


def test_without_a_route_it_says_so():
    with pytest.raises(PlannerError, match="no route to follow"):
        RouteFollower(CAR).plan(Observation(0, EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 3.0)), Deadline.unlimited())


@pytest.mark.parametrize(
    ("offset", "angle", "speed", "text"),
    [
        (10.5, 0.0, 5.0, r"ego is 10\.5 m from the route, wanted at most 10\.0 m"),
        (0.0, 3.0, 5.0, "ego faces the wrong way: 172 deg off"),
        (0.0, 0.0, -1.0, r"ego rolls backwards at -1\.00 m/s"),
    ],
)
def test_where_it_cannot_follow_it_says_why(offset, angle, speed, text):
    points = ROUTES["sparse"]
    observation = seen(points, at(points, 50.0, speed, offset, angle))
    with pytest.raises(PlannerError, match=text):
        RouteFollower(CAR).plan(observation, Deadline.unlimited())


@pytest.mark.parametrize("target", [0.0, -3.0, 99.0, math.nan])
def test_a_target_speed_out_of_range_is_refused(target):
    with pytest.raises(ConfigError, match="target_speed"):
        RouteFollower(CAR, target)
