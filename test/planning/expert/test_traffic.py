"""Others on the road: following, cutting in, crossing, walking, standing in the way."""

from __future__ import annotations

import math

import numpy as np

from test.planning.expert import roads
from test.planning.expert.small_world import CAR, TICK, drive_small
from wam_ros.core import SE2, Actor, ActorKind, LightState

FRONT = CAR.wheelbase + CAR.front_overhang


def test_stops_behind_a_standing_car():
    other = roads.car(SE2(120.0, 0.0, 0.0))
    for speed, x in ((0.0, 40.0), (12.0, 50.0)):
        trace = drive_small(roads.two_lanes(), roads.straight(), SE2(x, 0.0, 0.0), 18.0, speed, roads.always(other))
        gap = 120.0 - 2.3 - (trace.xy[-1, 0] + FRONT)
        assert trace.speeds[-1] < 0.05
        assert 1.5 < gap < 5.0
        assert min(trace.accelerations) > -4.0


def test_follows_a_slower_car_at_its_speed():
    def ahead(time):
        return (roads.car(SE2(90.0 + 5.0 * time, 0.0, 0.0), 5.0),)

    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(40.0, 0.0, 0.0), 18.0, 12.0, ahead)
    times = TICK * np.arange(len(trace.speeds))
    gaps = 90.0 + 5.0 * times - 2.3 - trace.xy[:, 0] - FRONT
    assert gaps.min() > 3.0
    assert abs(trace.speeds[-1] - 5.0) < 0.4
    assert gaps[-1] < 16.0


def test_goes_around_what_stands_in_the_lane_where_there_is_another_one():
    thing = Actor(7, ActorKind.STATIC, SE2(120.0, 0.3, 0.4), 2.0, 1.2, 1.0, 0.0)
    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(50.0, 0.0, 0.0), 16.0, 9.0, roads.always(thing))
    beside = trace.xy[np.abs(trace.xy[:, 0] + CAR.rear_axle_to_center - 120.0) < 4.0]
    assert (beside[:, 1] > 2.5).all()
    assert (trace.xy[:, 1] < 3.6).all()
    assert trace.xy[-1, 0] > 160.0
    assert abs(trace.xy[-1, 1]) < 0.3
    assert np.abs(trace.lateral_accelerations).max() < 2.6


def test_stops_for_what_stands_in_the_only_lane():
    thing = Actor(7, ActorKind.STATIC, SE2(100.0, 0.3, 0.4), 2.0, 1.2, 1.0, 0.0)
    lanes = roads.graph(roads.lane("only", roads.line((0.0, 0.0), (400.0, 0.0))))
    trace = drive_small(lanes, roads.straight(), SE2(50.0, 0.0, 0.0), 16.0, 9.0, roads.always(thing))
    assert trace.speeds[-1] < 0.05
    assert 1.0 < 98.8 - (trace.xy[-1, 0] + FRONT) < 5.0


def test_does_not_mind_whoever_follows_or_drives_beside():
    def others(time):
        return (
            roads.car(SE2(35.0 + 12.0 * time, 0.0, 0.0), 12.0, 1),
            roads.car(SE2(52.0 + 10.0 * time, roads.WIDTH, 0.0), 10.0, 2),
        )

    alone = drive_small(roads.two_lanes(), roads.straight(), SE2(60.0, 0.0, 0.0), 2.0, 10.0)
    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(60.0, 0.0, 0.0), 2.0, 10.0, others)
    np.testing.assert_allclose(trace.speeds, alone.speeds, atol=1e-6)


def test_brakes_for_a_cut_in():
    def others(time):
        share = min(time / 2.0, 1.0)
        angle = math.atan2(-roads.WIDTH / 2.0, 6.0) if 0.0 < share < 1.0 else 0.0
        return (roads.car(SE2(64.0 + 6.0 * time, roads.WIDTH * (1.0 - share), angle), 6.0),)

    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(45.0, 0.0, 0.0), 10.0, 11.0, others)
    times = TICK * np.arange(len(trace.speeds))
    gaps = 64.0 + 6.0 * times - 2.3 - trace.xy[:, 0] - FRONT
    assert gaps.min() > 1.0
    assert abs(trace.speeds[-1] - 6.0) < 0.7


def test_waits_for_a_pedestrian_who_crosses_and_goes_on():
    def others(time):
        return (roads.walker(SE2(90.0, -5.0 + 1.3 * time, math.pi / 2.0)),)

    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(50.0, 0.0, 0.0), 14.0, 10.0, others)
    times = TICK * np.arange(len(trace.speeds))
    walked = -5.0 + 1.3 * times
    in_lane = np.abs(walked) < CAR.width / 2.0 + 0.25
    assert (trace.xy[in_lane, 0] + FRONT < 90.0 - 0.5).all()
    assert trace.xy[-1, 0] > 100.0


def test_a_pedestrian_on_the_pavement_is_passed():
    def others(time):
        return (roads.walker(SE2(90.0 + 1.3 * time, -3.5, 0.0)), roads.walker(SE2(110.0, -3.0, 1.57), 0.0, 3))

    trace = drive_small(roads.two_lanes(), roads.straight(), SE2(50.0, 0.0, 0.0), 6.0, 11.0, others)
    assert min(trace.speeds) > 10.5


def test_a_lane_change_on_the_route_waits_for_a_gap():
    lanes = roads.two_lanes()
    over = np.column_stack([np.linspace(80.0, 110.0, 31), roads.WIDTH * (1 - np.cos(np.linspace(0, math.pi, 31))) / 2])
    route = roads.route(roads.line((0.0, 0.0), (79.0, 0.0)), over, roads.line((111.0, 3.2), (300.0, 3.2)))

    def beside(time):
        return (roads.car(SE2(52.0 + 9.0 * time, roads.WIDTH, 0.0), 9.0),)

    trace = drive_small(lanes, route, SE2(50.0, 0.0, 0.0), 14.0, 9.0, beside)
    times = TICK * np.arange(len(trace.speeds))
    apart_x = np.abs(52.0 + 9.0 * times - trace.xy[:, 0] - CAR.rear_axle_to_center)
    apart_y = np.abs(roads.WIDTH - trace.xy[:, 1])
    touching = (apart_x < 0.5 * (4.6 + CAR.length)) & (apart_y < 0.5 * (1.8 + CAR.width))
    assert not touching.any()
    assert abs(trace.xy[-1, 1] - roads.WIDTH) < 0.3
    assert trace.xy[-1, 0] > 120.0


CROSSING = roads.crossing()
THROUGH = roads.over(CROSSING, "in_east", "east_straight", "out_east")
LEFT = roads.over(CROSSING, "in_east", "east_left", "out_north")
START = roads.place_on(CROSSING, "in_east", 70.0)
JUNCTION = -roads.BOX  # x where it begins


def from_the_north(time: float, begin: float = 60.0, speed: float = 8.0) -> tuple[Actor, ...]:
    """A car that drives south, straight over the crossing."""
    y = roads.BOX + begin - speed * time
    return (roads.car(SE2(-roads.WIDTH / 2.0, y, -math.pi / 2.0), speed),)


def test_gives_way_to_a_car_that_crosses_where_there_is_no_light():
    trace = drive_small(CROSSING, THROUGH, START, 16.0, 8.0, from_the_north)
    times = TICK * np.arange(len(trace.speeds))
    y = roads.BOX + 60.0 - 8.0 * times
    crossing = (y > -4.0) & (y < 4.0)
    in_the_way = np.abs(trace.xy[:, 0] + CAR.rear_axle_to_center + roads.WIDTH / 2.0) < 0.5 * (CAR.length + 1.8) + 0.3
    assert not (crossing & in_the_way).any()
    assert trace.xy[-1, 0] > 10.0


def test_goes_first_where_there_is_time():
    trace = drive_small(CROSSING, THROUGH, START, 7.0, 8.0, lambda t: from_the_north(t, 110.0, 7.0))
    assert min(trace.speeds) > 7.0


def test_does_not_wait_for_cars_that_wait():
    waiting = roads.car(roads.place_on(CROSSING, "in_south", roads.ARM - 4.0))
    trace = drive_small(CROSSING, THROUGH, START, 16.0, 8.0, roads.always(waiting))
    assert trace.xy[-1, 0] > 20.0


def test_does_not_enter_a_junction_that_it_cannot_clear():
    jam = roads.car(roads.place_on(CROSSING, "out_east", 5.0))
    trace = drive_small(CROSSING, THROUGH, START, 14.0, 8.0, roads.always(jam))
    assert trace.speeds[-1] < 0.05
    assert JUNCTION - 4.0 < trace.xy[-1, 0] + FRONT < JUNCTION


GREEN = tuple(roads.light(CROSSING, arm, LightState.GREEN) for arm in ("east", "west"))


def oncoming(time: float, begin: float = 30.0, speed: float = 9.0) -> tuple[Actor, ...]:
    pose = SE2(roads.BOX + begin - speed * time, roads.WIDTH / 2.0, math.pi)
    return (roads.car(pose, speed),)


def test_turning_left_it_lets_oncoming_traffic_pass():
    trace = drive_small(CROSSING, LEFT, START, 16.0, 7.0, oncoming, roads.always(*GREEN))
    times = TICK * np.arange(len(trace.speeds))
    x = roads.BOX + 30.0 - 9.0 * times
    apart = np.hypot(x - trace.xy[:, 0], roads.WIDTH / 2.0 - trace.xy[:, 1])
    assert apart.min() > 3.0
    assert trace.xy[-1, 1] > 15.0


def test_going_straight_at_green_it_does_not_wait_for_those_who_turn_left():
    turning = roads.car(roads.place_on(CROSSING, "in_west", roads.ARM - 8.0), 3.0)
    alone = drive_small(CROSSING, THROUGH, START, 5.0, 8.0, lights=roads.always(*GREEN))
    trace = drive_small(CROSSING, THROUGH, START, 5.0, 8.0, roads.always(turning), roads.always(*GREEN))
    assert trace.xy[-1, 0] > alone.xy[-1, 0] - 1.0
