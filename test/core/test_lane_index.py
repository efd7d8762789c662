from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core import SE2, Lane, LaneGraph, Polyline
from wam_ros.core.geometry import wrap_angle
from wam_ros.core.lane_graph import LaneMatch

POINTS = st.tuples(st.floats(-90, 90), st.floats(-90, 90))
WHOLE = st.tuples(st.integers(-40, 40), st.integers(-40, 40))


def made(seed: int, count: int) -> LaneGraph:
    """Crooked lanes, some in the same place, some far from all others."""
    rng = np.random.default_rng(seed)
    lanes: dict[str, Lane] = {}
    for number in range(count):
        steps = rng.normal(0.0, 6.0, (int(rng.integers(1, 12)), 2))
        points = np.cumsum(np.concatenate([rng.integers(-4, 5, (1, 2)) * 8.0, steps]), axis=0)
        if number % 5 == 4:
            points = lanes[f"l{number - 1}"].centerline.points  # as near as its neighbour, from everywhere
        lanes[f"l{number}"] = Lane(f"l{number}", Polyline(points), float(rng.uniform(2, 50)), 10.0)
    return LaneGraph("map", lanes)


def match_one_by_one(graph: LaneGraph, pose: SE2, max_angle: float) -> LaneMatch | None:
    best: LaneMatch | None = None
    for lane in graph.lanes.values():
        projection = lane.centerline.project(pose.position)
        if best is not None and projection.distance >= best.projection.distance:
            continue
        heading = lane.centerline.heading(projection.arc_length)
        if abs(float(wrap_angle(heading - pose.yaw))) <= max_angle:
            best = LaneMatch(lane, projection)
    return best


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 5), st.integers(0, 30), POINTS | WHOLE, st.floats(-math.pi, math.pi), st.floats(0.1, 2.0))
def test_a_match_is_that_of_looking_at_each_lane(seed, count, point, yaw, max_angle) -> None:
    graph = made(seed, count)
    pose = SE2(point[0], point[1], yaw)
    wanted, got = match_one_by_one(graph, pose, max_angle), graph.match(pose, max_angle)
    assert (wanted is None) == (got is None)
    if wanted is not None and got is not None:
        assert got.lane is wanted.lane
        assert got.projection == wanted.projection


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 5), st.integers(0, 30), POINTS | WHOLE, st.floats(0.0, 100.0))
def test_lanes_nearby_are_those_of_looking_at_each(seed, count, point, radius) -> None:
    graph = made(seed, count)
    distances = {name: lane.centerline.project(point).distance for name, lane in graph.lanes.items()}
    near = graph.near(point, radius)
    clear = {name for name, distance in distances.items() if abs(distance - radius) > 1e-9}
    assert {lane.id for lane in near} & clear == {name for name in clear if distances[name] < radius}
    assert [distances[lane.id] for lane in near] == pytest.approx(sorted(distances[lane.id] for lane in near))
    assert graph.contains(point) == any(distances[name] <= lane.width / 2 for name, lane in graph.lanes.items())


def test_far_from_every_lane_the_nearest_is_still_found() -> None:
    graph = made(0, 10)
    far = SE2(5000.0, -3000.0, 0.3)
    got, wanted = graph.match(far, math.pi), match_one_by_one(graph, far, math.pi)
    assert got is not None
    assert got == wanted
    assert not graph.contains(far.position)
    assert graph.near(far.position, 100.0) == ()


def test_a_graph_without_lanes_matches_nothing() -> None:
    graph = LaneGraph("map", {})
    assert graph.match(SE2(0, 0, 0)) is None
    assert graph.near([0, 0], 1e9) == ()
    assert not graph.contains([0, 0])
