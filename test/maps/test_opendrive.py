from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray

from wam_ros.core import InputError, LaneGraph
from wam_ros.core.resources import resource

from .road_files import lane, opendrive, road, section, town

carla = pytest.importorskip("carla")
from wam_ros.maps.opendrive import lane_id_of, read_lane_graph  # noqa: E402  # needs carla
from wam_ros.maps.opendrive_xml import DEFAULT_SPEED_LIMIT, read_roads  # noqa: E402

TOWNS = ("grid_small", "random_small")
pytestmark = pytest.mark.carla


@pytest.fixture(scope="module")
def small() -> LaneGraph:
    return read_lane_graph(town())


@pytest.fixture(scope="module", params=TOWNS)
def built(request: pytest.FixtureRequest) -> tuple[LaneGraph, str, ET.Element]:
    folder = resource(f"config/towns/{request.param}")
    xodr = (folder / "town.xodr").read_text(encoding="utf-8")
    return read_lane_graph(xodr), xodr, ET.parse(folder / "town.net.xml").getroot()  # noqa: S314  # our own file


def sumo_lanes(net: ET.Element) -> dict[str, NDArray[np.float64]]:
    return {
        one.attrib["id"]: np.array([[float(v) for v in point.split(",")[:2]] for point in one.attrib["shape"].split()])
        for one in net.iter("lane")
    }


def test_lanes_run_the_way_of_the_traffic_and_y_points_north(small: LaneGraph) -> None:
    ends = {name: one.centerline.points[[0, -1]].round(2).tolist() for name, one in small.lanes.items()}
    assert ends["1_0_-1"] == [[0.0, -1.75], [59.99, -1.75]]
    assert ends["1_2_1"] == [[100.0, 1.75], [60.0, 1.75]]
    assert ends["5_0_-1"] == [[108.25, -13.25], [108.25, -43.25]]


def test_only_driving_lanes_are_read_and_slivers_are_passed_over(small: LaneGraph) -> None:
    assert {name for name in small.lanes if name.startswith("1_")} == {
        "1_0_1",
        "1_0_-1",
        "1_2_1",
        "1_2_-1",
        "1_2_-2",
    }
    assert small.lanes["1_0_-1"].successors == ("1_2_-1",)
    assert small.lanes["1_2_1"].successors == ("1_0_1",)


def test_connections_lead_through_the_junction(small: LaneGraph) -> None:
    assert small.lanes["1_2_-1"].successors == ("2_0_-1",)
    assert set(small.lanes["1_2_-2"].successors) == {"2_0_-2", "3_0_-1"}
    assert small.lanes["3_0_-1"].successors == ("5_0_-1",)
    assert {name for name, one in small.lanes.items() if one.in_junction} == {"2_0_-1", "2_0_-2", "3_0_-1"}


def test_neighbours_go_the_same_way_outside_of_junctions(small: LaneGraph) -> None:
    found = {(name, one.left, one.right) for name, one in small.lanes.items() if one.left or one.right}
    assert found == {
        ("1_2_-1", None, "1_2_-2"),
        ("1_2_-2", "1_2_-1", None),
        ("4_0_-1", None, "4_0_-2"),
        ("4_0_-2", "4_0_-1", None),
    }


@pytest.mark.parametrize(
    ("mark", "to_right", "to_left"),
    [
        ('type="broken"', True, True),
        ('type="solid"', False, False),
        ('type="broken" laneChange="none"', False, False),
    ],
)
def test_lane_marks_decide_where_lanes_may_be_changed(mark: str, to_right: bool, to_left: bool) -> None:
    lanes = {-1: lane(-1, mark=mark), -2: lane(-2)}
    graph = read_lane_graph(opendrive(road(1, 0.0, 50.0, [section(0.0, lanes)])))
    assert (graph.lanes["1_0_-1"].right == "1_0_-2") is to_right
    assert (graph.lanes["1_0_-2"].left == "1_0_-1") is to_left


def test_speed_limits_of_lane_road_and_neither(small: LaneGraph) -> None:
    assert small.lanes["1_2_-1"].speed_limit == pytest.approx(50.0 / 3.6)
    assert small.lanes["1_2_-2"].speed_limit == pytest.approx(25.0 * 0.44704)
    assert small.lanes["2_0_-1"].speed_limit == DEFAULT_SPEED_LIMIT
    unlimited = lane(-1, more='<speed sOffset="0" max="no limit"/>')
    graph = read_lane_graph(opendrive(road(1, 0.0, 50.0, [section(0.0, {-1: unlimited})])))
    assert graph.lanes["1_0_-1"].speed_limit == DEFAULT_SPEED_LIMIT


def test_width_is_the_mean_where_it_varies() -> None:
    taper = lane(-1, width='a="2" b="0.04" c="0" d="0"')
    graph = read_lane_graph(opendrive(road(1, 0.0, 50.0, [section(0.0, {-1: taper})])))
    assert graph.lanes["1_0_-1"].width == pytest.approx(3.0, abs=0.01)


def test_curves_are_sampled_finely_and_straights_by_their_ends(small: LaneGraph) -> None:
    assert len(small.lanes["1_0_-1"].centerline.points) == 2
    curve = small.lanes["3_0_-1"].centerline
    assert np.diff(curve.arc_lengths).max() <= 1.0
    radius = np.linalg.norm(curve.points - [100.0, -13.25], axis=1)
    assert radius == pytest.approx(8.25, abs=0.002)


@pytest.mark.parametrize(
    "header", ["", "<geoReference/>", "<geoReference><![CDATA[+proj=utm +zone=32]]></geoReference>"]
)
def test_carla_says_nothing_of_geo_references(header: str, capfd: pytest.CaptureFixture[str]) -> None:
    read_lane_graph(opendrive(road(1, 0.0, 50.0, [section(0.0, {-1: lane(-1)})]), header=header))
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_what_is_no_map_is_refused() -> None:
    with pytest.raises(InputError, match="ParseError"):
        read_lane_graph("no xml")
    with pytest.raises(InputError, match="no road has a lane of type driving"):
        read_lane_graph(opendrive(road(1, 0.0, 50.0, [section(0.0, {-1: lane(-1, kind="sidewalk")})])))
    with pytest.raises(InputError, match="length"):
        read_roads(opendrive(road(1, 0.0, 50.0, [])).replace('length="50.0"', ""))


def test_towns_have_the_connections_of_their_sumo_net(built: tuple[LaneGraph, str, ET.Element]) -> None:
    graph, _, net = built
    shapes = sumo_lanes(net)
    streets = [one for one in graph.lanes.values() if not one.in_junction]
    expected = set()
    for connection in net.iterfind("connection"):
        if connection.attrib["from"].startswith(":") or "via" not in connection.attrib:
            continue
        before = shapes[f"{connection.attrib['from']}_{connection.attrib['fromLane']}"]
        after = shapes[f"{connection.attrib['to']}_{connection.attrib['toLane']}"]
        [leaving] = [one.id for one in streets if np.linalg.norm(one.centerline.points[-1] - before[-1]) < 0.1]
        [entered] = [one.id for one in streets if np.linalg.norm(one.centerline.points[0] - after[0]) < 0.1]
        expected.add((leaving, entered))
    found = [
        (one.id, exit_id) for one in streets for name in one.successors for exit_id in graph.lanes[name].successors
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected
    gaps = [
        np.linalg.norm(one.centerline.points[-1] - graph.lanes[name].centerline.points[0])
        for one in graph.lanes.values()
        for name in one.successors
    ]
    assert max(gaps) < 0.1


def test_lanes_lie_where_carla_has_them(built: tuple[LaneGraph, str, ET.Element]) -> None:
    graph, xodr, _ = built
    world_map = carla.Map("map", xodr)
    for waypoint in world_map.generate_waypoints(7.0):
        place = graph.lanes[lane_id_of(waypoint)]
        location = waypoint.transform.location
        assert place.centerline.project([location.x, -location.y]).distance < 0.02
        assert place.width == pytest.approx(waypoint.lane_width, abs=1e-3)
        assert place.in_junction == waypoint.is_junction
