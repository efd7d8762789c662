"""Where SUMO's lanes are on the LaneGraph, which is the truth: SUMO draws its turns up to metres beside it.

A lane on a street is found by its place, a lane inside a junction by what it connects. SUMO's positions along a lane
become arc lengths on the LaneGraph's lane, in junctions by the ratio of the lengths.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np

from wam_ros.carla_server.towns.sumo_net import Connection, SumoLane, SumoNet
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.polyline import Polyline

_KNOT_SPACING = 4.0  # m
_SAME_PLACE = 0.5  # m between the middles of the same lane in both maps


class Path:
    """A polyline that gives single places fast: python's floats, no arrays."""

    def __init__(self, line: Polyline) -> None:
        self._arc: list[float] = line.arc_lengths.tolist()
        self._points: list[list[float]] = line.points.tolist()
        self._last = len(self._points) - 2

    def place(self, arc_length: float, lateral: float = 0.0) -> tuple[float, float]:
        """x, y [m] at an arc length, `lateral` [m] to the left; beyond the ends the line goes on straight."""
        index = min(max(bisect_right(self._arc, arc_length) - 1, 0), self._last)
        (x, y), (end_x, end_y) = self._points[index], self._points[index + 1]
        start, end = self._arc[index], self._arc[index + 1]
        along_x, along_y = (end_x - x) / (end - start), (end_y - y) / (end - start)
        step = arc_length - start
        return x + along_x * step - along_y * lateral, y + along_y * step + along_x * lateral


class LanePiece:
    """The part of a LaneGraph lane that one SUMO lane is.

    Args:
        lane_id: In the LaneGraph.
        path: Centreline of that lane.
        positions: Of SUMO, along its lane, rising [m].
        arc_lengths: On the centreline, for each [m].

    """

    __slots__ = ("_arc_lengths", "_path", "_positions", "lane_id")

    def __init__(self, lane_id: str, path: Path, positions: list[float], arc_lengths: list[float]) -> None:
        self.lane_id = lane_id
        self._path = path
        self._positions = positions
        self._arc_lengths = arc_lengths

    def place(self, position: float, lateral: float = 0.0) -> tuple[float, float]:
        """x, y [m] of SUMO's position along its lane and offset to the left [m]; goes on beyond the ends."""
        index = min(max(bisect_right(self._positions, position) - 1, 0), len(self._positions) - 2)
        start, begin = self._positions[index], self._arc_lengths[index]
        return self._path.place(begin + (position - start) * self._slope(index), lateral)

    def slope(self, position: float) -> float:
        """Metres on the LaneGraph per metre in SUMO."""
        return self._slope(min(max(bisect_right(self._positions, position) - 1, 0), len(self._positions) - 2))

    def _slope(self, index: int) -> float:
        rise = self._arc_lengths[index + 1] - self._arc_lengths[index]
        return rise / (self._positions[index + 1] - self._positions[index])


class LaneMap:
    """Every SUMO lane's piece of the LaneGraph.

    Raises:
        WorldError: A lane has none: net and OpenDRIVE are of different towns.

    """

    def __init__(self, net: SumoNet, lanes: LaneGraph) -> None:
        self._net = net
        self._graph = lanes
        self.pieces: dict[str, LanePiece] = {}
        self.edge_of_lane: dict[str, str] = {}
        self._lane_of: dict[str, str] = {}
        streets: dict[str, list[SumoLane]] = {}
        for lane in net.lanes.values():
            if not lane.internal:
                self._lane_of[lane.id] = self._find(lane)
                self.edge_of_lane[self._lane_of[lane.id]] = lane.edge
                streets.setdefault(lane.edge, []).append(lane)
        for side_by_side in streets.values():
            self._add_street(side_by_side)
        for connection in net.connections:
            self._add_turn(connection)

    def _find(self, lane: SumoLane) -> str:
        middle = lane.shape.length / 2.0
        x, y = lane.shape.position(middle)
        match = self._graph.match(SE2(float(x), float(y), float(lane.shape.heading(middle))))
        if match is None or match.projection.distance > _SAME_PLACE or match.lane.in_junction:
            msg = f"SUMO's lane {lane.id!r} is not in the OpenDRIVE map; build the town anew"
            raise WorldError(msg)
        return match.lane.id

    def _add_street(self, lanes: list[SumoLane]) -> None:
        """Equal positions of SUMO on lanes side by side are abreast, in bends too: else lane changes would jump."""
        first = self._graph.lanes[self._lane_of[lanes[0].id]].centerline
        steps = max(math.ceil(first.length / _KNOT_SPACING), 1)
        knots = np.linspace(0.0, first.length, steps + 1)
        abreast = first.position(knots)
        for lane in lanes:
            name = self._lane_of[lane.id]
            line = self._graph.lanes[name].centerline
            arcs = np.array([line.project(point).arc_length for point in abreast])
            arcs[0], arcs[-1] = 0.0, line.length
            positions = knots * (lane.length / first.length)
            self.pieces[lane.id] = LanePiece(name, Path(line), positions.tolist(), np.maximum.accumulate(arcs).tolist())

    def _add_turn(self, connection: Connection) -> None:
        start, end = self._lane_of[connection.start], self._lane_of[connection.end]
        inside = [
            name
            for name in self._graph.lanes[start].successors
            if self._graph.lanes[name].in_junction and end in self._graph.lanes[name].successors
        ]
        if not inside:
            msg = f"no lane from {start!r} to {end!r} in the OpenDRIVE map, but in SUMO's; build the town anew"
            raise WorldError(msg)
        line = self._graph.lanes[inside[0]].centerline
        path = Path(line)
        lengths = [self._net.lanes[name].length for name in connection.through]
        scale, done = line.length / sum(lengths), 0.0
        for name, length in zip(connection.through, lengths):
            arcs = [done * scale, (done + length) * scale]
            self.pieces[name] = LanePiece(inside[0], path, [0.0, length], arcs)
            done += length
