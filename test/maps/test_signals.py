from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter

import numpy as np
import pytest

from wam_ros.core.resources import resource

from .road_files import town

pytest.importorskip("carla")
from wam_ros.maps.opendrive import read_lane_graph  # needs carla
from wam_ros.maps.signals import Signal, read_signals

pytestmark = pytest.mark.carla


def light(
    name: str, s: float, validity: str, orientation: str = "+", tag: str = "signal", kind: str = "1000001"
) -> str:
    more = f' type="{kind}" subtype="-1" country="OpenDRIVE" dynamic="yes" zOffset="5"' if tag == "signal" else ""
    return f'<{tag} id="{name}" s="{s}" t="-2" orientation="{orientation}"{more}>{validity}</{tag}>'


def holds(signals: tuple[Signal, ...]) -> dict[tuple[str, str], set[str]]:
    return {(signal.id, signal.approach): set(signal.controlled) for signal in signals}


def test_one_light_on_the_road_holds_for_all_that_its_lanes_lead_into() -> None:
    found = read_signals(town(light("7", 90.0, '<validity fromLane="-2" toLane="-1"/>')))
    assert holds(found) == {("7", "1_2_-1"): {"2_0_-1"}, ("7", "1_2_-2"): {"2_0_-2", "3_0_-1"}}


def test_a_light_early_on_the_road_still_holds_at_the_junction() -> None:
    found = read_signals(town(light("7", 20.0, '<validity fromLane="-1" toLane="-1"/>')))
    assert holds(found) == {("7", "1_2_-1"): {"2_0_-1"}}


def test_one_light_per_connection_goes_from_right_to_left() -> None:
    both = "".join(light(f"t_{number}", 99.0, '<validity fromLane="-2" toLane="-2"/>') for number in (10, 9))
    assert holds(read_signals(town(both))) == {("t_9", "1_2_-2"): {"3_0_-1"}, ("t_10", "1_2_-2"): {"2_0_-2"}}


def test_references_inside_the_junction_name_the_lanes_themselves() -> None:
    inside = light("7", 0.5, '<validity fromLane="-1" toLane="-1"/>', tag="signalReference")
    outside = light("7", 130.0, '<validity fromLane="0" toLane="0"/>')
    assert holds(read_signals(town(outside, inside))) == {("7", "1_2_-1"): {"2_0_-1"}}


@pytest.mark.parametrize(
    ("orientation", "approaches"), [("+", {"1_2_-1", "1_2_-2"}), ("-", set()), ("none", {"1_2_-1", "1_2_-2"})]
)
def test_without_validity_the_orientation_tells_the_lanes(orientation: str, approaches: set[str]) -> None:
    found = read_signals(town(light("7", 99.0, "", orientation)))
    assert {signal.approach for signal in found} == approaches


def test_other_signs_are_no_lights() -> None:
    assert read_signals(town(light("7", 99.0, '<validity fromLane="-2" toLane="-1"/>', kind="206"))) == ()


def test_the_stop_line_crosses_the_end_of_the_lane_left_end_first() -> None:
    [signal] = read_signals(town(light("7", 99.0, '<validity fromLane="-1" toLane="-1"/>')))
    assert signal.stop_line == pytest.approx(np.array([[100.0, 0.0], [100.0, -3.5]]), abs=0.01)


@pytest.mark.parametrize("name", ["grid_small", "random_small"])
def test_towns_have_a_light_for_each_link_of_their_sumo_net(name: str) -> None:
    folder = resource(f"config/towns/{name}")
    xodr = (folder / "town.xodr").read_text(encoding="utf-8")
    graph = read_lane_graph(xodr)
    net = ET.parse(folder / "town.net.xml").getroot()  # noqa: S314  # our own file
    shapes = {one.attrib["id"]: one.attrib["shape"].split() for one in net.iter("lane")}
    found = read_signals(xodr, graph)
    by_id = {signal.id: signal for signal in found}
    links = [link for link in net.iterfind("connection") if "tl" in link.attrib and "via" in link.attrib]
    assert Counter(signal.id for signal in found) == Counter(
        f"{link.get('tl')}_{link.get('linkIndex')}" for link in links
    )
    for link in links:
        signal = by_id[f"{link.attrib['tl']}_{link.attrib['linkIndex']}"]
        [controlled] = signal.controlled
        [exit_id] = graph.lanes[controlled].successors
        ends = (
            (
                graph.lanes[signal.approach].centerline.points[-1],
                shapes[f"{link.get('from')}_{link.get('fromLane')}"][-1],
            ),
            (graph.lanes[exit_id].centerline.points[0], shapes[f"{link.get('to')}_{link.get('toLane')}"][0]),
        )
        for ours, theirs in ends:
            assert np.linalg.norm(ours - [float(value) for value in theirs.split(",")[:2]]) < 0.1
