"""From displaced poses back on the route, and what plans look like."""

from __future__ import annotations

import math

import numpy as np
import pytest

from test.planning.expert import roads
from test.planning.expert.small_world import CAR, TICK, drive_small, ego_of
from wam_ros.core import SE2, BicycleState, InputError, Observation, Plan, Route, Scene
from wam_ros.planning import PlanMonitor
from wam_ros.planning.expert import ExpertSettings, PrivilegedExpert

POSES = [
    (0.0, 2.0, 25.0),
    (0.0, -2.0, 0.0),
    (0.0, 2.0, -25.0),
    (5.0, -2.0, -25.0),
    (5.0, 2.0, 0.0),
    (9.0, -2.0, 25.0),
    (9.0, 2.0, 25.0),
    (13.0, 2.0, 0.0),
    (13.0, 0.0, -25.0),
]


@pytest.mark.parametrize(("speed", "offset", "degrees"), POSES)
def test_comes_back_to_the_lane(speed, offset, degrees):
    start = SE2(30.0, offset, math.radians(degrees))
    trace = drive_small(roads.two_lanes(), roads.straight(), start, 8.0, speed)
    beside = trace.xy[:, 1]
    assert np.abs(beside[round(5.5 / TICK) :]).max() < 0.3
    assert abs(trace.poses[-1].yaw) < 0.05
    # Nobody turns at once: heading away at an angle it takes v^2 (1 - cos) / a aside, and steering takes time.
    angle = abs(math.radians(degrees))
    outward = degrees * offset >= 0.0
    unavoidable = speed**2 * (1.0 - math.cos(angle)) / 4.0 + 0.35 * speed * math.sin(angle) + 1.3 * math.sin(angle)
    assert np.abs(beside).max() < abs(offset) + 0.1 + (unavoidable if outward else 0.0)
    overshoot = -np.sign(offset or degrees) * beside
    assert overshoot.max() < 0.3 if offset * degrees >= 0.0 else overshoot.max() < 1.0


def test_lateral_acceleration_and_braking_are_comfortable_where_the_ego_is_only_beside_its_lane():
    for speed in (0.0, 6.0, 12.0):
        trace = drive_small(roads.two_lanes(), roads.straight(), SE2(30.0, 2.0, 0.0), 6.0, speed)
        assert np.abs(trace.lateral_accelerations).max() < 2.6
        assert min(trace.accelerations) > -4.0
        assert max(trace.accelerations) < 2.2


@pytest.mark.parametrize("radius", [8.0, 15.0, 40.0])
def test_bends_are_driven_comfortably_and_on_the_lane(radius):
    lanes, route = roads.bend(radius)
    trace = drive_small(lanes, route, SE2(5.0, 0.0, 0.0), 26.0)
    lateral = np.abs(trace.lateral_accelerations)
    assert 1.2 < lateral.max() < 2.6
    assert route.line.distances(trace.xy).max() < 0.35
    assert min(trace.accelerations) > -3.0
    assert route.line.project(trace.xy[-1]).arc_length > 100.0


def test_stops_at_the_end_of_the_route():
    route = roads.straight(120.0)
    trace = drive_small(roads.two_lanes(), route, SE2(20.0, 0.0, 0.0), 22.0)
    assert trace.speeds[-1] == 0.0
    assert 118.5 < trace.xy[-1, 0] <= 120.0
    assert min(trace.accelerations) > -2.6


def test_starts_from_standstill_without_delay():
    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(20.0, 0.0, 0.0), 4.0)
    assert trace.speeds[round(1.0 / TICK)] > 0.5
    assert trace.speeds[-1] > 4.0
    assert max(trace.accelerations) < 2.2


def test_keeps_to_the_speed_limit_and_uses_it():
    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(20.0, 0.0, 0.0), 16.0)
    assert 0.9 * roads.LIMIT < trace.speeds[-1] < roads.LIMIT
    assert max(trace.speeds) < roads.LIMIT


def scene_of(x: float, y: float, yaw: float, speed: float, *actors, lights=()) -> Scene:
    ego = ego_of(BicycleState(SE2(x, y, yaw), speed), 0.0)
    return Scene(0, ego, actors, lights)


def test_the_same_input_gives_the_same_plan_whatever_was_planned_before():
    lanes, route = roads.two_lanes(), roads.straight()
    scene = scene_of(50.0, 0.4, 0.1, 7.0, roads.car(SE2(80.0, 0.0, 0.0), 3.0))
    fresh, used = PrivilegedExpert(CAR), PrivilegedExpert(CAR)
    for x in (20.0, 120.0):
        used.plan(scene_of(x, 1.0, 0.0, 4.0), lanes, route)
    used.plan(scene, roads.crossing(), roads.straight(90.0))
    first, second = fresh.plan(scene, lanes, route), used.plan(scene, lanes, route)
    for name in ("positions", "headings", "speeds", "accelerations", "heading_rates"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name


def test_a_mirrored_world_gives_a_mirrored_plan():
    def mirrored(points):
        return np.asarray(points) * [1.0, -1.0]

    lanes, route = roads.bend(20.0)
    bend = lanes.lanes["bend"].centerline.points
    other_lanes = roads.graph(roads.lane("bend", mirrored(bend)))
    other_route = roads.route(mirrored(bend))
    expert = PrivilegedExpert(CAR)
    ahead = roads.place_on(lanes, "bend", 95.0)
    for x, y, yaw, speed in ((60.0, 1.5, 0.2, 6.0), (75.0, -1.0, -0.1, 4.0), (40.0, 0.0, 0.0, 11.0)):
        plan = expert.plan(scene_of(x, y, yaw, speed, roads.car(ahead, 2.0)), lanes, route)
        there = SE2(ahead.x, -ahead.y, -ahead.yaw)
        other = expert.plan(scene_of(x, -y, -yaw, speed, roads.car(there, 2.0)), other_lanes, other_route)
        np.testing.assert_allclose(mirrored(other.positions), plan.positions, atol=1e-6)
        np.testing.assert_allclose(-other.headings, plan.headings, atol=1e-6)
        np.testing.assert_allclose(other.speeds, plan.speeds, atol=1e-6)


def test_plans_have_eight_waypoints_in_the_egos_frame_and_pass_the_monitor():
    lanes, route = roads.two_lanes(), roads.straight()
    expert, monitor = PrivilegedExpert(CAR), PlanMonitor(CAR)
    for x, y, yaw, speed in (
        (30.0, 0.0, 0.0, 0.0),
        (30.0, 2.0, 0.4, 5.0),
        (30.0, -2.0, -0.4, 0.0),
        (30.0, 1.0, 0.0, 13.0),
    ):
        scene = scene_of(x, y, yaw, speed)
        path = expert.plan(scene, lanes, route)
        assert (path.frame_id, path.stamp_ns) == ("map", 0)
        np.testing.assert_allclose(path.times, 0.5 * np.arange(1, 9))
        assert monitor.check(Plan(path, "expert"), Observation(0, scene.ego, route=route)) == ()


def test_far_off_the_road_and_against_the_route_there_is_still_a_drivable_plan():
    lanes, route = roads.two_lanes(), roads.straight()
    expert, monitor = PrivilegedExpert(CAR), PlanMonitor(CAR)
    for x, y, yaw, speed in (
        (100.0, 40.0, 0.0, 8.0),
        (100.0, -60.0, 3.0, 0.0),
        (-80.0, 5.0, 1.5, 3.0),
        (600.0, 0.0, 0.0, 5.0),
    ):
        scene = scene_of(x, y, yaw, speed)
        path = expert.plan(scene, lanes, route)
        assert monitor.check(Plan(path, "expert"), Observation(0, scene.ego)) == ()


def test_turns_round_and_comes_back_from_the_wrong_direction():
    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(150.0, 3.0, math.radians(150.0)), 20.0)
    assert abs(trace.xy[-1, 1]) < 0.5
    assert abs(trace.poses[-1].yaw) < 0.1


def test_rolling_backwards_it_stops():
    path = PrivilegedExpert(CAR).plan(scene_of(50.0, 0.0, 0.0, -1.5), roads.two_lanes(), roads.straight())
    assert path.speeds[-1] == pytest.approx(0.0, abs=0.05)


def test_refuses_other_frames_by_name():
    lanes = roads.two_lanes()
    odd = Route("odom", roads.straight().line)
    with pytest.raises(InputError, match="route in frame 'odom', ego state in 'map'"):
        PrivilegedExpert(CAR).plan(scene_of(0.0, 0.0, 0.0, 0.0), lanes, odd)


def test_settings_must_be_positive():
    with pytest.raises(ValueError, match="time_headway = -1"):
        ExpertSettings(time_headway=-1.0)
