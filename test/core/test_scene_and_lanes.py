from __future__ import annotations

import math

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
    Observation,
    Polyline,
    Route,
    Scene,
    TrafficLight,
)


def lane(name: str, points: list[list[float]], **more: object) -> Lane:
    return Lane(name, Polyline(points), 3.2, 13.9, **more)  # type: ignore[arg-type]


@pytest.fixture
def graph() -> LaneGraph:
    lanes = [
        lane("a", [[0, 0], [50, 0]], successors=("b",), left="back"),
        lane("b", [[50, 0], [50, 50]], in_junction=True),
        lane("back", [[50, 3.2], [0, 3.2]]),
    ]
    return LaneGraph("map", {one.id: one for one in lanes})


def test_matching_heeds_the_heading(graph: LaneGraph) -> None:
    ahead, back = graph.match(SE2(10, 1.7, 0.0)), graph.match(SE2(10, 1.5, math.pi))
    assert ahead is not None
    assert back is not None
    assert (ahead.lane.id, back.lane.id) == ("a", "back")
    assert ahead.projection.lateral == pytest.approx(1.7)
    assert graph.match(SE2(10, 1.7, -math.pi / 2), max_angle=0.5) is None


def test_predecessors_and_containment(graph: LaneGraph) -> None:
    assert graph.predecessors == {"a": (), "b": ("a",), "back": ()}
    assert graph.contains([20, 1.5])
    assert not graph.contains([20, -1.7])


def test_lanes_that_refer_to_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="'a' refers to 'z'"):
        LaneGraph("map", {"a": lane("a", [[0, 0], [1, 0]], successors=("z",))})
    with pytest.raises(InputError, match="stored as 'b'"):
        LaneGraph("map", {"b": lane("a", [[0, 0], [1, 0]])})
    with pytest.raises(InputError, match="speed limit 0"):
        Lane("a", Polyline([[0, 0], [1, 0]]), 3.0, 0.0)  # type: ignore[arg-type]


def test_scene_checks_its_parts() -> None:
    ego = EgoState(0, "map", SE2(0, 0, 0), 1.0)
    actor = Actor(1, ActorKind.VEHICLE, SE2(5, 0, 0), 4.5, 1.8, 1.5, 3.0)
    light = TrafficLight("t", LightState.RED, ("a",), [[0, -1], [0, 1]])  # type: ignore[arg-type]
    assert Scene(0, ego, (actor,), (light,)).actors[0].kind is ActorKind.VEHICLE
    with pytest.raises(InputError, match="ids repeat"):
        Scene(0, ego, (actor, actor))
    with pytest.raises(InputError, match="box 0"):
        Actor(1, ActorKind.STATIC, SE2(0, 0, 0), 0.0, 1.0, 1.0, 0.0)


def test_an_observation_holds_one_time_and_one_frame() -> None:
    ego = EgoState(7, "odom", SE2(0, 0, 0), 1.0)
    route = Route.from_points("map", [[0, 0], [1, 0]])
    with pytest.raises(InputError, match="route in frame 'map', ego state in 'odom'"):
        Observation(7, ego, route=route)
    with pytest.raises(InputError, match="ego state of 7 ns in an observation of 8 ns"):
        Observation(8, ego)
    moved = route.transformed("odom", SE2(0, 2, math.pi / 2))
    assert Observation(7, ego, route=moved).route is moved
    assert moved.line.points[1] == pytest.approx([0, 3])
