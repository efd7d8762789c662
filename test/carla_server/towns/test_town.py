"""Towns as they are read, and where SUMO's lanes are on the LaneGraph."""

import itertools
import json
import math
import random
import shutil

import numpy as np
import pytest

pytest.importorskip("carla")

from test.carla_server.worlds import town
from wam_ros.carla_server.towns.town import ABOUT, NET, XODR, Town, available_towns
from wam_ros.core.errors import ConfigError, WorldError
from wam_ros.planning.route_planner import RoutePlanner

TOWNS = ("grid_small", "random_small")


def test_both_towns_come_with_the_package_and_are_small():
    assert set(TOWNS) <= set(available_towns())
    for name in TOWNS:
        assert sum(path.stat().st_size for path in town(name).folder.iterdir()) < 1_000_000


@pytest.mark.parametrize("name", TOWNS)
def test_a_town_has_streets_of_one_to_three_lanes_signals_and_junctions_without(name):
    lanes = town(name).lanes.lanes
    abreast = set()
    for lane in lanes.values():
        if not lane.in_junction and lane.right is None:
            count, left = 1, lane.left
            while left is not None:
                count, left = count + 1, lanes[left].left
            abreast.add(count)
    assert abreast == {1, 2, 3}
    inside = {lane.id for lane in lanes.values() if lane.in_junction}
    controlled = {lane for signal in town(name).signals for lane in signal.controlled}
    assert controlled < inside
    assert len(controlled) > 0.5 * len(inside)


@pytest.mark.parametrize("name", TOWNS)
def test_there_is_a_route_of_700_m(name):
    route = RoutePlanner(town(name).lanes).random_route(random.Random(1), 900.0)
    assert route.length >= 0.75 * 900.0


@pytest.mark.parametrize("name", TOWNS)
def test_turns_can_be_driven(name):
    for lane in town(name).lanes.lanes.values():
        if lane.in_junction and lane.centerline.length > 4.0:
            places = np.arange(1.5, lane.centerline.length - 1.5, 0.5)
            assert np.abs(lane.centerline.curvature(places, span=2.0)).max() < 1.0 / 5.5, lane.id


@pytest.mark.parametrize("name", TOWNS)
def test_spawn_points_are_on_lanes_away_from_their_ends(name):
    points = town(name).spawn_points()
    assert points == Town.load(name).spawn_points()
    assert len(points) > 50
    for pose in points:
        match = town(name).lanes.match(pose, 0.2)
        assert match is not None
        assert not match.lane.in_junction
        assert match.projection.distance < 0.05
        assert 7.9 < match.projection.arc_length < match.lane.centerline.length - 7.9


@pytest.mark.parametrize("name", TOWNS)
def test_sumos_places_are_on_the_lane_graph_and_go_on_without_a_gap(name):
    here = town(name)
    pieces, lanes = here.lane_map.pieces, here.net.lanes
    assert set(pieces) == set(lanes)
    for lane in lanes.values():
        if not lane.internal:
            for share in (0.1, 0.5, 0.9):
                off = lane.shape.project(pieces[lane.id].place(share * lane.length))
                assert off.distance < 0.1, lane.id
                along = off.arc_length - share * lane.shape.length
                assert abs(along) < 4.0, lane.id  # in a bend lanes abreast have different lengths
    for connection in here.net.connections:
        way = [connection.start, *connection.through, connection.end]
        for first, second in itertools.pairwise(way):
            gap = math.dist(pieces[first].place(lanes[first].length), pieces[second].place(0.0))
            assert gap < 0.1, (first, second)


def test_lanes_side_by_side_are_abreast_in_bends_too():
    here = town()
    pieces, lanes = here.lane_map.pieces, here.net.lanes
    checked = 0
    for name, lane in lanes.items():
        edge, _, index = name.rpartition("_")
        left = f"{edge}_{int(index) + 1}"
        if lane.internal or left not in lanes:
            continue
        for position in np.linspace(5.0, lane.length - 5.0, 12):
            beside = pieces[name].place(float(position), 3.2)
            assert math.dist(beside, pieces[left].place(float(position))) < 0.3
            checked += 1
    assert checked > 50


def test_a_lateral_offset_is_to_the_left_and_sumo_knows_the_slope():
    piece = next(iter(town().lane_map.pieces.values()))
    (x, y), (ahead_x, ahead_y) = piece.place(10.0), piece.place(11.0)
    left_x, left_y = piece.place(10.0, 1.0)
    assert (ahead_x - x) * (left_y - y) - (ahead_y - y) * (left_x - x) > 0.0
    assert piece.slope(10.0) == pytest.approx(math.hypot(ahead_x - x, ahead_y - y), rel=0.02)


def test_an_unknown_town_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"no town 'atlantis'.*grid_small"):
        Town.load("atlantis")


def test_a_damaged_town_says_how_to_build_it(tmp_path):
    (tmp_path / ABOUT).write_text(json.dumps({"seed": 1}), encoding="utf-8")
    with pytest.raises(ConfigError, match="wam town build"):
        Town.load(tmp_path)


def test_files_of_two_towns_do_not_go_together(tmp_path):
    for name, source in ((ABOUT, "grid_small"), (NET, "grid_small"), (XODR, "random_small")):
        shutil.copyfile(town(source).folder / name, tmp_path / name)
    with pytest.raises(WorldError, match="build the town anew"):
        _ = Town.load(tmp_path).lane_map
