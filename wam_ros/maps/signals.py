"""The traffic lights of an OpenDRIVE map: which lanes they hold for, and where to stop. Knows no state of lights."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wam_ros.core.geometry import Array, frozen_array, wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.maps.opendrive import read_lane_graph
from wam_ros.maps.opendrive_xml import read_roads


@dataclass(frozen=True, eq=False)
class Signal:
    """A traffic light for one lane that leads into a junction.

    Fields:
        id: Of the OpenDRIVE signal, which CARLA calls sign_id. Repeats where one light holds for several approaches.
        controlled: Ids of the lanes in the junction that may not be entered at red.
        approach: Id of the lane before the stop line.
        stop_line: (2, 2) across the end of that lane [m], left end first.

    """

    id: str
    controlled: tuple[str, ...]
    approach: str
    stop_line: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "stop_line", frozen_array(self.stop_line, "stop line", (2, 2)))


def read_signals(xodr: str, lanes: LaneGraph | None = None) -> tuple[Signal, ...]:
    """The traffic lights of an OpenDRIVE text, in our axes; `lanes` are its lanes, where they were read already.

    A light on a road before a junction holds for what its lanes lead into, a light on a road inside a junction for
    that road (so CARLA's towns). SUMO has one light per connection and does not tell which; there the lights of a lane,
    by number, belong to its connections from right to left.

    Raises:
        InputError: The text is no OpenDRIVE map.

    """
    graph = read_lane_graph(xodr) if lanes is None else lanes
    held: dict[tuple[str, str], list[str]] = {}  # by light and approach: lanes in the junction
    before: dict[str, list[str]] = {}  # by approach: lights on the road before the junction
    for road in read_roads(xodr):
        for place in road.lights:
            section = road.section_at(place.s)
            for number in place.lanes:
                lane = graph.lanes.get(f"{road.id}_{section}_{number}")
                if lane is None:
                    continue
                if lane.in_junction:
                    for approach in graph.predecessors[lane.id]:
                        held.setdefault((place.signal, approach), []).append(lane.id)
                else:
                    before.setdefault(_last_before_junction(graph, lane).id, []).append(place.signal)
    for approach, signals in before.items():
        for signal, ahead in _shared(signals, _from_right_to_left(graph, approach)):
            held.setdefault((signal, approach), []).extend(ahead)
    return tuple(
        Signal(signal, tuple(dict.fromkeys(controlled)), approach, stop_line(graph.lanes[approach]))
        for (signal, approach), controlled in held.items()
        if controlled
    )


def stop_line(lane: Lane) -> Array:
    """(2, 2) the line across the end of a lane [m], left end first."""
    line = lane.centerline
    heading = float(line.heading(line.length))
    across = np.array([-np.sin(heading), np.cos(heading)]) * lane.width / 2.0
    end = line.points[-1]
    return np.stack([end + across, end - across])


def _last_before_junction(graph: LaneGraph, lane: Lane) -> Lane:
    """The lane, or where it goes on in one further section, the last of these before the junction."""
    seen = {lane.id}
    while len(lane.successors) == 1:
        following = graph.lanes[lane.successors[0]]
        if following.in_junction or following.id in seen:
            break
        seen.add(following.id)
        lane = following
    return lane


def _from_right_to_left(graph: LaneGraph, approach: str) -> list[str]:
    """The lanes in the junction that a lane leads into, by how far they turn, and side by side where they end."""
    by_exit: dict[str, list[Lane]] = {}
    for name in graph.lanes[approach].successors:
        lane = graph.lanes[name]
        if lane.in_junction:
            by_exit.setdefault("".join(lane.successors[:1]).split("_")[0], []).append(lane)
    exits = sorted(by_exit.values(), key=lambda beside: float(np.mean([_turn(lane) for lane in beside])))
    return [lane.id for beside in exits for lane in sorted(beside, key=lambda lane: _offset(beside[0], lane))]


def _offset(first: Lane, lane: Lane) -> float:
    """How far the end of a lane lies to the left of the end of another that goes the same way [m]."""
    heading = float(first.centerline.heading(first.centerline.length))
    x, y = lane.centerline.points[-1] - first.centerline.points[-1]
    return float(y * np.cos(heading) - x * np.sin(heading))


def _turn(lane: Lane) -> float:
    """How far a lane turns [rad], left positive, whole turns included."""
    steps = np.diff(lane.centerline.points, axis=0)
    headings = np.arctan2(steps[:, 1], steps[:, 0])
    return float(np.sum(wrap_angle(np.diff(headings))))


def _shared(signals: list[str], ahead: list[str]) -> Iterable[tuple[str, list[str]]]:
    """Which connections each light of a lane holds for."""
    ordered = sorted(dict.fromkeys(signals), key=_number)
    if len(ordered) == len(ahead):
        return [(signal, [lane]) for signal, lane in zip(ordered, ahead)]
    return [(signal, ahead) for signal in ordered]


def _number(signal: str) -> tuple[int, str]:
    found = re.search(r"\d+$", signal)
    return (int(found.group()) if found else 0), signal
