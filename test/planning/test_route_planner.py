from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from wam_ros.core import SE2, InputError, Lane, LaneGraph, Polyline
from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.resources import resource
from wam_ros.planning.route_planner import PlannedRoute, RoutePlanner


def straight(name: str, start: tuple[float, float], end: tuple[float, float], **more: object) -> Lane:
    return Lane(name, Polyline(np.array([start, end])), 3.2, 13.9, **more)  # type: ignore[arg-type]


def arc(name: str, start: SE2, radius: float, left: bool, **more: object) -> Lane:
    """A quarter turn in a junction."""
    angles = np.linspace(0.0, math.pi / 2.0, 40)
    side = 1.0 if left else -1.0
    points = start.apply(radius * np.stack([np.sin(angles), side * (1.0 - np.cos(angles))], axis=1))
    return Lane(name, Polyline(points), 3.2, 8.0, in_junction=True, **more)  # type: ignore[arg-type]


def crossing(length: float = 100.0) -> LaneGraph:
    """From the west, two lanes: from the left one to the north and east, from the right one to the south and east.

    Behind the junction only the two lanes to the east go on, as one road; the northern one leads back to the start.
    """
    x, exit_x = length, length + 20.0
    lanes = [
        straight("w1", (0, 1.6), (x, 1.6), right="w2", successors=("j1", "jn")),
        straight("w2", (0, -1.6), (x, -1.6), left="w1", successors=("j2", "js")),
        straight("j1", (x, 1.6), (exit_x, 1.6), in_junction=True, successors=("e1",)),
        straight("j2", (x, -1.6), (exit_x, -1.6), in_junction=True, successors=("e2",)),
        arc("jn", SE2(x, 1.6, 0.0), 10.0, left=True, successors=("n",)),
        arc("js", SE2(x, -1.6, 0.0), 8.0, left=False, successors=("s",)),
        straight("e1", (exit_x, 1.6), (exit_x + 60, 1.6), right="e2", successors=("k1",)),
        straight("e2", (exit_x, -1.6), (exit_x + 60, -1.6), left="e1", successors=("k2",)),
        straight("n", (x + 10, 11.6), (x + 10, 80)),
        straight("s", (x + 8, -9.6), (x + 8, -80)),
        # A junction that leaves no choice.
        straight("k1", (exit_x + 60, 1.6), (exit_x + 70, 1.6), in_junction=True, successors=("f1",)),
        straight("k2", (exit_x + 60, -1.6), (exit_x + 70, -1.6), in_junction=True, successors=("f2",)),
        straight("f1", (exit_x + 70, 1.6), (exit_x + 120, 1.6), right="f2"),
        straight("f2", (exit_x + 70, -1.6), (exit_x + 120, -1.6), left="f1"),
    ]
    return LaneGraph("map", {lane.id: lane for lane in lanes})


@pytest.fixture(scope="module")
def planner() -> RoutePlanner:
    return RoutePlanner(crossing())


def bends(points: Array) -> Array:
    """Change of heading per metre at each inner point [rad/m]."""
    steps = np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    turns = np.abs(wrap_angle(np.diff(np.arctan2(steps[:, 1], steps[:, 0]))))
    bent: Array = turns / (0.5 * (lengths[1:] + lengths[:-1]))
    return bent


def test_the_lane_is_changed_where_the_way_needs_it(planner: RoutePlanner) -> None:
    planned = planner.route(SE2(10.0, 2.0, 0.1), [108.0, -60.0])
    assert planned.lane_ids == ("w1", "w2", "js", "s")
    assert planner.route(SE2(10.0, -2.0, 0.1), [108.0, -60.0]).lane_ids == ("w2", "js", "s")


def test_the_route_begins_and_ends_on_lane_centres_near_what_was_asked(planner: RoutePlanner) -> None:
    planned = planner.route(SE2(10.0, 2.5, 0.2), SE2(109.0, 50.0, 1.5))
    assert (planned.start.x, planned.start.y, planned.start.yaw) == pytest.approx((10.0, 1.6, 0.0))
    assert planned.route.line.points[-1] == pytest.approx([110.0, 50.0])
    assert planned.length == pytest.approx(90.0 + 5.0 * math.pi + 38.4, abs=0.1)
    assert planned.route.frame_id == "map"


def test_lane_changes_are_smooth_long_and_done_before_the_junction(planner: RoutePlanner) -> None:
    line = planner.route(SE2(10.0, 1.6, 0.0), [108.0, -60.0]).route.line
    before = line.points[line.points[:, 0] < 100.0]
    assert np.all(np.diff(before[:, 1]) <= 1e-9)
    changing = before[(before[:, 1] < 1.59) & (before[:, 1] > -1.59)]
    assert changing[-1, 0] - changing[0, 0] > 25.0
    assert changing[-1, 0] < 95.0
    assert bends(before).max() < math.radians(2.0)


def test_no_lane_change_where_the_road_is_too_short(planner: RoutePlanner) -> None:
    with pytest.raises(InputError, match="no way over the lanes"):
        planner.route(SE2(85.0, 1.6, 0.0), [108.0, -60.0])
    short = planner.route(SE2(78.0, 1.6, 0.0), [108.0, -60.0])
    assert short.lane_ids == ("w1", "w2", "js", "s")
    at_line = short.route.line.position(22.0)
    assert at_line == pytest.approx([100.0, -1.6], abs=0.5)
    with pytest.raises(InputError, match="too short for the changes"):
        RoutePlanner(crossing(12.0)).route_of_lanes(["w1", "w2", "js"])


def test_several_changes_on_one_road_need_room_for_each() -> None:
    def road(length: float) -> RoutePlanner:
        lanes = [
            straight("a", (0, 3.2), (length, 3.2), right="b"),
            straight("b", (0, 0), (length, 0), left="a", right="c"),
            straight("c", (0, -3.2), (length, -3.2), left="b", successors=("d",)),
            straight("d", (length, -3.2), (length + 30, -3.2)),
        ]
        return RoutePlanner(LaneGraph("map", {lane.id: lane for lane in lanes}))

    planned = road(60.0).route(SE2(0.0, 3.2, 0.0), [80.0, -3.2])
    assert planned.lane_ids == ("a", "b", "c", "d")
    assert bends(planned.route.line.points).max() < math.radians(4.0)
    with pytest.raises(InputError, match="no way"):
        road(33.0).route(SE2(0.0, 3.2, 0.0), [45.0, -3.2])


def test_a_goal_behind_the_start_is_reached_around_or_not_at_all() -> None:
    loop = [
        straight("a", (0, 0), (50, 0), successors=("b",)),
        arc("b", SE2(50, 0, 0.0), 10.0, left=True, successors=("c",)),
        straight("c", (60, 10), (60, 40), successors=("d",)),
        straight("d", (60, 40), (0, 40), successors=("e",)),
        straight("e", (0, 40), (0, 0), successors=("a",)),
    ]
    planner = RoutePlanner(LaneGraph("map", {lane.id: lane for lane in loop}))
    assert planner.route(SE2(30, 0, 0), [10.0, 0.5]).lane_ids == ("a", "b", "c", "d", "e", "a")
    assert planner.route(SE2(10, 0, 0), [30.0, 0.5]).lane_ids == ("a",)


def test_places_off_the_map_are_named(planner: RoutePlanner) -> None:
    with pytest.raises(InputError, match=r"start \(50.0, 40.0\) .*off the map"):
        planner.route(SE2(50.0, 40.0, 0.0), [150.0, 0.0])
    with pytest.raises(InputError, match=r"start .*heading 3.14 rad is off the map"):
        planner.route(SE2(50.0, 0.0, math.pi), [150.0, 0.0])
    with pytest.raises(InputError, match=r"goal \(500.0, 0.0\) is off the map"):
        planner.route(SE2(50.0, 0.0, 0.0), [500.0, 0.0])


def test_instructions_come_before_the_junction_and_last_until_it_is_passed(planner: RoutePlanner) -> None:
    north = planner.route(SE2(10.0, 1.6, 0.0), [110.0, 60.0])
    south = planner.route(SE2(10.0, -1.6, 0.0), [108.0, -60.0])
    east = planner.route(SE2(10.0, -1.6, 0.0), [230.0, -1.6])
    assert [north.instruction_at(s) for s in (0.0, 49.0, 51.0, 100.0, 110.0)] == [
        "follow",
        "follow",
        *["left"] * 2,
        "follow",
    ]
    assert south.instruction_at(80.0) == "right"
    assert east.instruction_at(80.0) == "straight"
    # Where one cannot but go on there is nothing to tell.
    assert [east.instruction_at(s) for s in (150.0, 175.0)] == ["follow", "follow"]


def test_a_route_of_lanes_takes_them_whole_and_refuses_gaps(planner: RoutePlanner) -> None:
    planned = planner.route_of_lanes(["w1", "jn", "n"])
    assert planned.length == pytest.approx(100.0 + 5.0 * math.pi + 68.4, abs=0.1)
    for lanes, text in ((["w1", "js"], "neither follows"), (["x"], "'x' is not on the map"), ([], "no lanes")):
        with pytest.raises(InputError, match=text):
            planner.route_of_lanes(lanes)


def test_gaps_between_centrelines_are_closed_smoothly() -> None:
    lanes = [
        straight("a", (0, 0), (30, 0), successors=("b",)),
        straight("b", (30.01, 0.08), (60, 0.08)),
    ]
    line = RoutePlanner(LaneGraph("map", {lane.id: lane for lane in lanes})).route_of_lanes(["a", "b"]).route.line
    assert bends(line.points).max() < math.radians(3.0)
    assert line.points[-1] == pytest.approx([60.0, 0.08])


def lanes_of(name: str) -> LaneGraph:
    pytest.importorskip("carla")
    from wam_ros.maps.opendrive import read_lane_graph

    return read_lane_graph(resource(f"config/towns/{name}/town.xodr").read_text(encoding="utf-8"))


def is_drivable(planned: PlannedRoute, graph: LaneGraph) -> bool:
    return all(
        b in (*graph.lanes[a].successors, graph.lanes[a].left, graph.lanes[a].right)
        for a, b in itertools.pairwise(planned.lane_ids)
    )


@pytest.mark.carla
@pytest.mark.parametrize("name", ["grid_small", "random_small"])
def test_random_routes_through_towns_keep_their_promises(name: str) -> None:
    graph = lanes_of(name)
    planner = RoutePlanner(graph)
    sharpest = max(bends(lane.centerline.points).max(initial=0.0) for lane in graph.lanes.values())
    changes = 0
    for seed in range(25):
        planned = planner.random_route(random.Random(seed), 400.0)
        again = planner.random_route(random.Random(seed), 400.0)
        assert again.lane_ids == planned.lane_ids
        assert np.array_equal(again.route.line.points, planned.route.line.points)
        assert 300.0 <= planned.length <= 500.0
        assert is_drivable(planned, graph)
        points = planned.route.line.points
        assert np.diff(planned.route.line.arc_lengths).max() <= 1.0
        assert bends(points).max() <= sharpest + math.radians(4.0)
        first, last = graph.lanes[planned.lane_ids[0]], graph.lanes[planned.lane_ids[-1]]
        assert not first.in_junction
        assert not last.in_junction
        assert first.centerline.length - first.centerline.project(points[0]).arc_length >= 15.0 - 1e-6
        headings = planned.route.line.heading(planned.length - np.array([1.0, 4.0, 7.0]))
        assert np.abs(wrap_angle(headings - headings[0])).max() < math.radians(4.0)
        kept = [graph.near(point, 1e-6 + 3.2)[0].centerline.project(point).distance for point in points[::20]]
        assert max(kept) <= 1.61
        changes += sum(
            b in (graph.lanes[a].left, graph.lanes[a].right) for a, b in itertools.pairwise(planned.lane_ids)
        )
    assert changes > 0


@pytest.mark.carla
def test_any_two_streets_of_a_town_are_connected_by_the_shortest_way() -> None:
    graph = lanes_of("grid_small")
    planner, rng = RoutePlanner(graph), np.random.default_rng(3)
    streets = [lane for lane in graph.lanes.values() if not lane.in_junction and lane.centerline.length > 60.0]
    for _ in range(15):
        a, b = (streets[int(number)] for number in rng.integers(len(streets), size=2))
        start, goal = a.centerline.position(5.0), b.centerline.position(50.0)
        planned = planner.route(SE2(float(start[0]), float(start[1]), float(a.centerline.heading(5.0))), goal)
        assert planned.lane_ids[0] == a.id
        assert planned.lane_ids[-1] == b.id
        assert is_drivable(planned, graph)
        assert planned.route.line.points[-1] == pytest.approx(goal, abs=0.1)
        assert planned.length >= np.linalg.norm(goal - start)


def test_a_map_without_room_for_a_random_route_says_so(planner: RoutePlanner) -> None:
    with pytest.raises(InputError, match="no way of about 5000 m"):
        planner.random_route(random.Random(0), 5000.0)
