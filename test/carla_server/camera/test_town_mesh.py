"""The layers of both towns: paint lies on lanes, nothing stands in the way."""

import numpy as np
import pytest
import shapely

pytest.importorskip("carla")
pytest.importorskip("sumolib")

from wam_ros.carla_server.camera.road_mesh import lane_shape, markings, road_surface, turn_of
from wam_ros.carla_server.camera.street_plan import StreetPlan
from wam_ros.carla_server.camera.town_mesh import build_town_mesh
from wam_ros.carla_server.towns.buildings import building_footprints
from wam_ros.carla_server.towns.town import Town


@pytest.fixture(scope="module", params=["grid_small", "random_small"])
def town(request):
    return Town.load(request.param)


@pytest.fixture(scope="module")
def plan(town):
    return StreetPlan.read(town.net_path)


@pytest.fixture(scope="module")
def layers(town, plan):
    mesh = build_town_mesh(town.lanes, town.signals, plan, building_footprints(town), town.seed, 0)
    return {layer.name: layer for layer in mesh.layers}


def middles(mesh):
    return mesh.points[mesh.faces].mean(axis=1)


def test_every_lane_lies_on_asphalt(town, plan):
    road = road_surface(town.lanes, plan.junctions, plan.sidewalks)
    shapely.prepare(road)
    for lane in town.lanes.lanes.values():
        assert lane_shape(lane).buffer(-0.05).difference(road).area < 0.02, lane.id


def test_the_asphalt_covers_the_road_once(town, plan, layers):
    road = road_surface(town.lanes, plan.junctions, plan.sidewalks)
    corners = layers["asphalt"].mesh.points[layers["asphalt"].mesh.faces]
    sides = corners[:, 1:] - corners[:, :1]
    area = np.abs(np.cross(sides[:, 0], sides[:, 1])[:, 2]).sum() / 2.0
    assert area == pytest.approx(road.area, rel=0.005)


def test_no_lane_marking_inside_a_junction(town):
    lines = [np.asarray(signal.stop_line) for signal in town.signals]
    inside = shapely.union_all([lane_shape(lane) for lane in town.lanes.lanes.values() if lane.in_junction])
    outside = shapely.union_all([lane_shape(lane) for lane in town.lanes.lanes.values() if not lane.in_junction])
    free = inside.difference(outside).buffer(-0.1)
    shapely.prepare(free)
    places = middles(markings(town.lanes, lines))
    assert not shapely.contains_xy(free, places[:, 0], places[:, 1]).any()


def test_edge_lines_follow_their_lanes(town):
    """Points on the line 0.2 m inside the right edge are painted, points in the middle of lanes mostly are not."""
    paint = markings(town.lanes, [])
    corners = paint.points[paint.faces][:, :, :2]
    tree = shapely.STRtree(shapely.polygons(corners))
    for lane in list(town.lanes.lanes.values())[::5]:
        if lane.in_junction or lane.right is not None:
            continue
        for s in np.linspace(5.0, lane.centerline.length - 5.0, 7):
            heading = float(lane.centerline.heading(s))
            right = np.array([np.sin(heading), -np.cos(heading)])
            edge = lane.centerline.position(s) + (lane.width / 2.0 - 0.2) * right
            assert len(tree.query(shapely.Point(edge), predicate="intersects")), (lane.id, s)
            beside = lane.centerline.position(s) + (lane.width / 2.0 - 0.6) * right
            assert not len(tree.query(shapely.Point(beside), predicate="intersects")), (lane.id, s)


def test_faces_agree_with_their_normals(layers):
    for layer in layers.values():
        mesh = layer.mesh
        a, b, c = (mesh.points[mesh.faces[:, index]] for index in range(3))
        agree = (np.cross(b - a, c - a) * mesh.normals[mesh.faces[:, 0]]).sum(axis=1)
        assert (agree > -1e-6).all(), layer.name


def test_what_is_painted_lies_at_height_0(layers):
    painted = {name: layer.painted for name, layer in layers.items() if layer.painted is not None}
    assert sorted(painted, key=painted.__getitem__) == ["grass", "asphalt", "paint"]
    for name in painted:
        assert (layers[name].mesh.points[:, 2] == 0.0).all()


def test_nothing_stands_on_the_road(town, plan, layers):
    road = road_surface(town.lanes, plan.junctions, plan.sidewalks).buffer(-0.05)
    shapely.prepare(road)
    for name in ("trees", "steel", "roofs", "facade_0", "facade_1", "facade_2"):
        points = layers[name].mesh.points
        low = points[points[:, 2] < 3.0]
        if name != "trees":
            low = low[low[:, 2] < 0.5]
        assert not shapely.contains_xy(road, low[:, 0], low[:, 1]).any(), name


def test_turns_follow_the_successors(town):
    turns = {turn_of(town.lanes, name) for name, lane in town.lanes.lanes.items() if lane.in_junction}
    assert turns == {"left", "straight", "right"}


def test_the_same_seed_gives_the_same_town(town, plan, layers):
    again = build_town_mesh(town.lanes, town.signals, plan, building_footprints(town), town.seed, 0)
    other = build_town_mesh(town.lanes, town.signals, plan, building_footprints(town), town.seed, 1)
    for layer in again.layers:
        assert np.array_equal(layer.mesh.points, layers[layer.name].mesh.points)
        assert np.array_equal(layer.mesh.colors, layers[layer.name].mesh.colors)
    roofs = next(layer.mesh for layer in other.layers if layer.name == "roofs")
    assert not np.array_equal(roofs.colors[: len(layers["roofs"].mesh.colors)], layers["roofs"].mesh.colors)
