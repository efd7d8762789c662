from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from wam_ros.core import (
    SE2,
    Actor,
    ActorKind,
    EgoState,
    InputError,
    Lane,
    LaneGraph,
    LightState,
    Polyline,
    Route,
    Scene,
    TrafficLight,
    VehicleDescription,
)
from wam_ros.core.resources import resource
from wam_ros.metrics.infractions import KINDS, Infraction, InfractionDetector

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
TICK_NS = 50_000_000
STOP_LINE = [[60.0, 1.75], [60.0, -1.75]]


def lane(name: str, points: Sequence[Sequence[float]], **more: object) -> Lane:
    return Lane(name, Polyline(np.array(points, dtype=float)), 3.5, 13.9, **more)  # type: ignore[arg-type]


@pytest.fixture
def lanes() -> LaneGraph:
    """A road to the east with a lane against it; at x = 60 a junction: straight on, or left over a quarter circle."""
    angles = np.linspace(0.0, math.pi / 2.0, 30)
    turn = np.stack([60.0 + 15.0 * np.sin(angles), 15.0 - 15.0 * np.cos(angles)], axis=1)
    found = [
        lane("in", [[0, 0], [60, 0]], successors=("straight", "left")),
        lane("back", [[60, 3.5], [0, 3.5]]),
        lane("straight", [[60, 0], [85, 0]], in_junction=True, successors=("out",)),
        lane("left", turn.tolist(), in_junction=True, successors=("north",)),
        lane("out", [[85, 0], [160, 0]]),
        lane("north", [[75, 15], [75, 90]]),
    ]
    return LaneGraph("map", {one.id: one for one in found})


def lights(straight: LightState, left: LightState) -> tuple[TrafficLight, ...]:
    return (
        TrafficLight("s", straight, ("straight",), np.array(STOP_LINE)),
        TrafficLight("l", left, ("left",), np.array(STOP_LINE)),
    )


def scene(
    tick: int,
    middle: SE2,
    speed: float,
    actors: Iterable[Actor] = (),
    shown: tuple[TrafficLight, ...] = (),
) -> Scene:
    """The own car by the middle of its box."""
    base = middle @ SE2(-CAR.rear_axle_to_center, 0.0, 0.0)
    return Scene(tick * TICK_NS, EgoState(tick * TICK_NS, "map", base, speed), tuple(actors), shown)


def drive(
    detector: InfractionDetector,
    poses: Iterable[SE2],
    speed: float,
    shown: tuple[TrafficLight, ...] = (),
    first: int = 0,
) -> list[Infraction]:
    found: list[Infraction] = []
    for tick, pose in enumerate(poses, first):
        found += detector.update(scene(tick, pose, speed, (), shown))
    return found


def along(start: float, end: float, y: float = 0.0, yaw: float = 0.0) -> list[SE2]:
    return [SE2(float(x), y, yaw) for x in np.arange(start, end, 0.5 if end > start else -0.5)]


def car(x: float, y: float, yaw: float = 0.0, speed: float = 0.0, kind: ActorKind = ActorKind.VEHICLE) -> Actor:
    length, width = (0.5, 0.5) if kind is ActorKind.PEDESTRIAN else (4.5, 1.8)
    return Actor(7, kind, SE2(x, y, yaw), length, width, 1.5, speed)


HALF = CAR.length / 2.0 + 2.25  # m between the middles of two cars, nose to tail


@pytest.mark.parametrize(
    ("other", "speed", "kind", "fault"),
    [
        (car(30.0 + HALF - 0.1, 0.0, 0.0, 2.0), 8.0, "collision_vehicle", True),  # with the front
        (car(30.0 + HALF - 0.1, 0.0, 0.0, 0.0), 8.0, "collision_vehicle", True),  # it stood
        (car(30.0 - HALF + 0.1, 0.0, 0.0, 12.0), 8.0, "collision_vehicle", False),  # from behind
        (car(30.0 - HALF + 0.1, 0.0, 0.0, 0.0), 8.0, "collision_vehicle", True),  # it stood: its place does not count
        (car(30.0, 1.8, 0.0, 9.0), 8.0, "collision_vehicle", False),  # at the side, within the lane
        (car(30.0, 1.0, 0.0, 9.0, ActorKind.PEDESTRIAN), 8.0, "collision_pedestrian", False),
        (car(30.0, 1.0, 0.0, 0.0, ActorKind.PEDESTRIAN), 8.0, "collision_pedestrian", True),
        (car(30.0, 1.8, 0.0, 9.0, ActorKind.BICYCLE), 8.0, "collision_vehicle", False),
        (car(30.0, 1.8, 0.0, 9.0, ActorKind.STATIC), 8.0, "collision_static", True),
    ],
)
def test_fault_is_that_of_navsim(lanes: LaneGraph, other: Actor, speed: float, kind: str, fault: bool) -> None:
    detector = InfractionDetector(CAR, lanes, None)
    [found] = detector.update(scene(0, SE2(30.0, 0.0, 0.0), speed, [other]))
    assert (found.kind, found.at_fault, found.actor_id) == (kind, fault, 7)
    assert (found.value, found.position) == (speed, (30.0, 0.0))
    assert detector.summary.counts[found.kind] == 1
    assert detector.summary.collisions_at_fault == int(fault)


@pytest.mark.parametrize(("y", "fault"), [(0.0, False), (1.2, True), (-1.2, True)])
def test_a_hit_at_the_side_is_our_fault_across_lanes_and_off_the_road(lanes: LaneGraph, y: float, fault: bool) -> None:
    side = y + math.copysign(1.8, -y)
    [found] = InfractionDetector(CAR, lanes, None).update(scene(0, SE2(30.0, y, 0.0), 8.0, [car(30.0, side, 0.0, 9.0)]))
    assert found.at_fault is fault


@pytest.mark.parametrize(("pose", "fault"), [(SE2(77.0, 5.0, 1.2), False), (SE2(30.0, -6.0, 1.2), True)])
def test_the_ground_between_the_lanes_of_a_junction_is_road(lanes: LaneGraph, pose: SE2, fault: bool) -> None:
    beside = pose @ SE2(0.0, -1.75, 0.0)
    hit = car(beside.x, beside.y, 1.2, 9.0)
    found = InfractionDetector(CAR, lanes, None).update(scene(0, pose, 8.0, [hit]))
    assert [one.at_fault for one in found if one.kind == "collision_vehicle"] == [fault]


def test_nobody_counts_who_only_comes_near(lanes: LaneGraph) -> None:
    others = [car(30.0 + HALF + 0.05, 0.0), car(30.0, 2.0)]
    for other in others:
        assert not InfractionDetector(CAR, lanes, None).update(scene(0, SE2(30.0, 0.0, 0.0), 8.0, [other]))


def test_a_standing_car_cannot_collide(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, None)
    hit = car(30.0 + HALF - 0.1, 0.0, math.pi, 9.0)
    assert not detector.update(scene(0, SE2(30.0, 0.0, 0.0), 0.09, [hit]))


def test_the_speeds_before_the_contact_decide(lanes: LaneGraph) -> None:
    # At the contact itself the world has stopped both; the other came from behind, moving.
    detector = InfractionDetector(CAR, lanes, None)
    assert not detector.update(scene(0, SE2(30.0, 0.0, 0.0), 5.0, [car(30.0 - HALF - 0.3, 0.0, 0.0, 12.0)]))
    [found] = detector.update(scene(1, SE2(30.2, 0.0, 0.0), 0.0, [car(30.2 - HALF + 0.1, 0.0, 0.0, 0.0)]))
    assert (found.at_fault, found.value) == (False, 5.0)


def test_one_contact_is_one_event_until_it_is_long_ago_and_far_away(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, None)
    counts = []
    for tick, x in ((0, 10.0), (1, 10.4), (200, 14.0), (201, 30.0), (202, 31.0), (302, 50.0)):
        counts.append(len(detector.update(scene(tick, SE2(x, 0.0, 0.0), 8.0, [car(x + HALF - 0.1, 0.0, 0.0, 3.0)]))))
    assert counts == [1, 0, 0, 1, 0, 1]


def test_who_was_hit_without_fault_is_out_of_it(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, None)
    [first] = detector.update(scene(0, SE2(10.0, 0.0, 0.0), 8.0, [car(10.0 - HALF + 0.1, 0.0, 0.0, 12.0)]))
    [second] = detector.update(scene(200, SE2(40.0, 0.0, 0.0), 8.0, [car(40.0 + HALF - 0.1, 0.0, 0.0, 3.0)]))
    assert (first.at_fault, second.at_fault) == (False, False)


def left_turn() -> list[SE2]:
    arcs = [SE2(60 + 15 * math.sin(a), 15 - 15 * math.cos(a), a) for a in np.arange(0.0, math.pi / 2, 0.03)]
    return [*along(40.0, 60.0), *arcs]


RED, GREEN, YELLOW = LightState.RED, LightState.GREEN, LightState.YELLOW


@pytest.mark.parametrize(
    ("shown", "straight", "left"),
    [((RED, RED), 1, 1), ((RED, GREEN), 1, 0), ((GREEN, RED), 0, 1), ((YELLOW, YELLOW), 0, 0), ((GREEN, GREEN), 0, 0)],
)
def test_the_light_of_the_way_that_is_driven_counts_once(
    lanes: LaneGraph, shown: tuple[LightState, LightState], straight: int, left: int
) -> None:
    for path, wanted in ((along(40.0, 100.0), straight), (left_turn(), left)):
        found = drive(InfractionDetector(CAR, lanes, None), path, 10.0, lights(*shown))
        assert [one.kind for one in found] == ["red_light"] * wanted
        for one in found:
            assert one.at_fault
            assert one.position[0] - 60.0 == pytest.approx(CAR.length / 2.0, abs=1.5)


def test_standing_over_the_front_line_at_red_is_no_run(lanes: LaneGraph) -> None:
    found = drive(
        InfractionDetector(CAR, lanes, None), [*along(40.0, 61.0), SE2(61.0, 0.0, 0.0)], 0.0, lights(RED, RED)
    )
    assert found == []


def test_lights_of_the_other_direction_do_not_count(lanes: LaneGraph) -> None:
    westward = along(75.0, 40.0, 0.0, math.pi)
    found = drive(InfractionDetector(CAR, lanes, None), westward, 10.0, lights(RED, RED))
    assert "red_light" not in {one.kind for one in found}


def test_the_same_light_can_be_run_again_in_a_second_round(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, None)
    twice = [*along(40.0, 90.0), *along(40.0, 90.0)]
    assert [one.kind for one in drive(detector, twice, 10.0, lights(RED, RED))] == ["red_light"] * 2


def test_metres_off_the_lanes_add_up_and_one_excursion_is_one_event(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, None)
    # Half the lane and half a metre is allowed: 2.25 m.
    path = [*along(0.0, 20.0), *along(20.0, 30.0, -2.3), *along(30.0, 40.0, -2.2)]
    found = drive(detector, path, 10.0)
    metres = detector.summary.metres
    assert [(one.kind, one.position[0]) for one in found] == [("off_lane", 20.0)]
    assert found[0].value == pytest.approx(0.55)
    assert metres.off_lane == pytest.approx(10.0 + 1.85, abs=0.2)  # the step to the side is driven off the lane
    assert metres.driven == pytest.approx(39.5 + 1.85, abs=0.2)
    assert metres.wrong_way == 0.0


def test_off_again_at_once_is_the_same_excursion_and_later_another(lanes: LaneGraph) -> None:
    path = [*along(0, 5, -2.3), *along(5, 8, -2.2), *along(8, 12, -2.3), *along(12, 30), *along(30, 33, -2.3)]
    found = drive(InfractionDetector(CAR, lanes, None), path, 10.0)
    assert [one.position[0] for one in found] == [0.0, 30.0]


def test_far_from_all_lanes_is_off_them(lanes: LaneGraph) -> None:
    [found] = InfractionDetector(CAR, lanes, None).update(scene(0, SE2(0.0, -500.0, 0.0), 3.0))
    assert found.kind == "off_lane"


def test_against_a_lane_is_the_wrong_way_but_not_in_a_junction(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, None)
    found = drive(detector, along(20.0, 30.0, 3.5), 10.0)
    assert [one.kind for one in found] == ["wrong_way"]
    assert detector.summary.metres.outside == pytest.approx(9.5)
    assert drive(InfractionDetector(CAR, lanes, None), along(82.0, 66.0, 0.0, math.pi), 10.0) == []


def test_leaving_the_route_is_told_once_each_time(lanes: LaneGraph) -> None:
    route = Route.from_points("map", [[0, 0], [60, 0], [75, 15], [75, 90]])
    detector = InfractionDetector(CAR, lanes, route)
    found = drive(detector, along(80.0, 130.0), 10.0)
    assert [(one.kind, round(one.position[0])) for one in found] == [("route_deviation", 101)]
    assert found[0].value == pytest.approx(30.0, abs=0.6)
    again = [*along(100.0, 95.0), *along(95.0, 120.0)]
    assert [one.kind for one in drive(detector, again, 10.0, first=200)].count("route_deviation") == 1


def test_standing_for_long_is_blocked_once_until_it_moves(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, None, blocked_after=2.0)
    stand = [SE2(30.0, 0.0, 0.0)] * 60
    [found] = drive(detector, stand, 0.05)
    assert (found.kind, found.value, found.stamp_ns) == ("blocked", pytest.approx(2.0), 40 * TICK_NS)
    assert drive(detector, stand[:1], 0.2, first=60) == []
    assert len(drive(detector, stand, 0.0, first=61)) == 1


NORTH = [[0.0, 0.0], [60.0, 0.0], [64.0, 0.55], [70.6, 4.4], [75.0, 15.0], [75.0, 90.0]]
EAST = [[0.0, 0.0], [160.0, 0.0]]


@pytest.mark.parametrize(
    ("shown", "route", "other", "told"),
    [
        ((GREEN, GREEN), None, None, True),
        ((GREEN, RED), None, None, False),
        ((GREEN, RED), EAST, None, True),
        ((GREEN, RED), NORTH, None, False),
        ((RED, GREEN), NORTH, None, True),
        ((GREEN, GREEN), None, car(63.0, 0.0), False),
        ((GREEN, GREEN), None, car(63.0, 4.0), True),
        ((GREEN, GREEN), None, car(80.0, 0.0), True),
    ],
)
def test_a_green_that_is_not_used_is_told(
    lanes: LaneGraph,
    shown: tuple[LightState, LightState],
    route: list[list[float]] | None,
    other: Actor | None,
    told: bool,
) -> None:
    detector = InfractionDetector(CAR, lanes, None if route is None else Route.from_points("map", route))
    found: list[Infraction] = []
    for tick in range(140):
        actors = [] if other is None else [other]
        found += detector.update(scene(tick, SE2(55.0, 0.0, 0.0), 0.0, actors, lights(*shown)))
    assert [one.kind for one in found] == ["stopped_at_green"] * told
    if told:
        assert found[0].value == pytest.approx(5.0, abs=0.11)


def test_patience_begins_anew_with_each_green_and_far_from_the_line_nothing_is_told(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, None)
    found: list[Infraction] = []
    for tick in range(180):
        shown = lights(RED, RED) if tick == 90 else lights(GREEN, GREEN)
        found += detector.update(scene(tick, SE2(55.0, 0.0, 0.0), 0.0, (), shown))
    assert found == []
    far = [SE2(35.0, 0.0, 0.0)] * 150
    assert drive(InfractionDetector(CAR, lanes, None), far, 0.0, lights(GREEN, GREEN)) == []


def test_a_clean_drive_has_no_infractions(lanes: LaneGraph) -> None:
    detector = InfractionDetector(CAR, lanes, Route.from_points("map", NORTH))
    assert drive(detector, left_turn(), 10.0, lights(RED, GREEN)) == []
    assert set(detector.summary.counts) == set(KINDS)
    assert not any(detector.summary.counts.values())


def test_frames_must_agree(lanes: LaneGraph) -> None:
    with pytest.raises(InputError, match="route in frame 'odom', lanes in 'map'"):
        InfractionDetector(CAR, lanes, Route.from_points("odom", EAST))
    with pytest.raises(InputError, match="scene in frame 'odom'"):
        InfractionDetector(CAR, lanes, None).update(Scene(0, EgoState(0, "odom", SE2(0, 0, 0), 1.0)))
