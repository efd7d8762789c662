"""Routes on a LaneGraph: the shortest way with lane changes, the line to follow, and the instruction for each junction.

It knows no traffic and no lights.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.polyline import Polyline
from wam_ros.planning.random_way import random_way
from wam_ros.planning.route_line import MIN_CHANGE, Place, Stretch, change_room, draw

_CHANGE_COST = 60.0  # m of way that a lane change is worth
_EASY_CHANGE = 25.0  # m of road; a lane change with less costs more
_OFF_MAP = 10.0  # m from the nearest lane
_SAME_PLACE = 0.5  # m; lanes this much farther than the nearest one are looked at too
_TURN = np.radians(30.0)  # through a junction, beyond which the instruction is left or right
_ANNOUNCED = 40.0  # m before a junction from which on its instruction is given
_SHORTEST = 0.5  # m, of a route
_FOLLOW = "follow"


@dataclass(frozen=True)
class Manoeuvre:
    """What to do at one junction: `instruction` between two arc lengths of the route [m]."""

    start: float
    end: float
    instruction: str


@dataclass(frozen=True, eq=False)
class PlannedRoute:
    """A way over lanes.

    Fields:
        route: Points along lane centres at most 1 m apart, lane changes drawn in.
        lane_ids: In the order in which they are driven.
        manoeuvres: One for each junction that leaves a choice, in order.

    """

    route: Route
    lane_ids: tuple[str, ...]
    manoeuvres: tuple[Manoeuvre, ...]

    @property
    def start(self) -> SE2:
        """The first point and the direction there."""
        line = self.route.line
        return SE2(float(line.points[0, 0]), float(line.points[0, 1]), float(line.heading(0.5)))

    @property
    def length(self) -> float:
        """[m]."""
        return self.route.line.length

    def instruction_at(self, arc_length: float) -> str:
        """left, right or straight from 40 m before a junction until it is passed; else, or without a choice: follow."""
        for manoeuvre in self.manoeuvres:
            if arc_length <= manoeuvre.end:
                return manoeuvre.instruction if arc_length >= manoeuvre.start - _ANNOUNCED else _FOLLOW
        return _FOLLOW


class _Node(NamedTuple):
    """A lane after some lane changes on its stretch of road; the stretch of the start is told apart."""

    lane: str
    changes: int
    first: bool = False


_SOURCE, _SINK = _Node("", 0, first=True), _Node("", 0)


class RoutePlanner:
    """Plans on one LaneGraph; the graph for the search is built once.

    Its nodes count the lane changes made on a stretch of road, so that changes are only planned where the road is long
    enough for all of them.
    """

    def __init__(self, lanes: LaneGraph) -> None:
        self._lanes = lanes
        self._graph = nx.DiGraph()
        for lane in lanes.lanes.values():
            self._add(self._graph, Place(lane, 0.0), first=False)

    def route(self, start: SE2, goal: SE2 | ArrayLike) -> PlannedRoute:
        """The shortest way from a pose to a point (2,) or pose, from lane centre to lane centre; lane changes cost.

        Raises:
            InputError: Start or goal is off the map, or there is no way; the text names them.

        """
        end = goal.position if isinstance(goal, SE2) else np.asarray(goal, dtype=np.float64)
        starts = self._places(start.position, start.yaw, "start")
        goals = self._places(end, goal.yaw if isinstance(goal, SE2) else None, "goal")
        graph = self._graph.copy()
        for place in starts:
            graph.add_edge(_SOURCE, _Node(place.lane.id, 0, first=True), weight=0.0)
            self._add(graph, place, first=True)
        for place in goals:
            _arrive(graph, place)
        try:
            path = nx.dijkstra_path(graph, _SOURCE, _SINK)
        except (nx.NetworkXNoPath, nx.NodeNotFound) as err:
            msg = f"no way over the lanes from ({start.x:.1f}, {start.y:.1f}) to ({end[0]:.1f}, {end[1]:.1f})"
            raise InputError(msg) from err
        names = [node.lane for node in path[1:-1]]
        first = next(place for place in starts if place.lane.id == names[0])
        last = next(place for place in goals if place.lane.id == names[-1])
        return self._planned(names, first.share, last.share)

    def route_of_lanes(self, ids: Sequence[str]) -> PlannedRoute:
        """The way over these lanes, from the start of the first to the end of the last.

        Raises:
            InputError: A lane is unknown, two in a row are neither connected nor neighbours, or a road is too short for
                the lane changes.

        """
        return self._planned(ids, 0.0, 1.0)

    def random_route(self, rng: random.Random, length: float) -> PlannedRoute:
        """A way of about `length` [m], within 25 %, over no lane twice.

        It starts at least 15 m before and 8 m after a junction, and ends on a straight part, 8 m or more after one.

        Raises:
            InputError: None was found.

        """
        way = random_way(self._lanes, rng, length)
        return self._planned(way.lanes, way.start, way.end)

    def _add(self, graph: nx.DiGraph, place: Place, *, first: bool) -> None:
        """The stretch of road from a place on: leave it, or change to lanes further and further to one side."""
        self._leave(graph, _Node(place.lane.id, 0, first), place)
        for side in ("left", "right"):
            here, changes = place, 0
            while (beside := getattr(here.lane, side)) is not None:
                there = here.beside(self._lanes.lanes[beside])
                changes += 1
                room = change_room(there.lane.centerline.length - there.along, changes)
                if room < MIN_CHANGE:
                    break
                node = _Node(beside, changes, first)
                cost = _CHANGE_COST * max(1.0, _EASY_CHANGE / room)
                graph.add_edge(_Node(here.lane.id, changes - 1, first), node, weight=cost)
                self._leave(graph, node, there)
                here = there

    def _leave(self, graph: nx.DiGraph, node: _Node, place: Place) -> None:
        graph.add_node(node, begin=place.along)
        for successor in place.lane.successors:
            graph.add_edge(node, _Node(successor, 0), weight=place.lane.centerline.length - place.along)

    def _places(self, point: Array, yaw: float | None, name: str) -> list[Place]:
        """The nearest lane, and those that lie over it as they do in junctions."""
        found: list[tuple[float, Place]] = []
        for lane in self._lanes.near(point, _OFF_MAP):
            projection = lane.centerline.project(point)
            heading = lane.centerline.heading(projection.arc_length)
            if yaw is None or abs(float(wrap_angle(heading - yaw))) <= np.pi / 2.0:
                found.append((projection.distance, Place(lane, projection.arc_length)))
        if not found:
            heading_text = "" if yaw is None else f" with heading {yaw:.2f} rad"
            msg = (
                f"{name} ({point[0]:.1f}, {point[1]:.1f}){heading_text} is off the map: no lane within {_OFF_MAP:.0f} m"
            )
            raise InputError(msg)
        nearest = min(distance for distance, _ in found)
        return [place for distance, place in found if distance <= nearest + _SAME_PLACE]

    def _planned(self, names: Sequence[str], start: float, end: float) -> PlannedRoute:
        stretches = [
            Stretch(tuple(self._lanes.lanes[name] for name in beside), 0.0, 1.0) for beside in self._stretches(names)
        ]
        stretches[0] = replace(stretches[0], start=start)
        stretches[-1] = replace(stretches[-1], end=end)
        for stretch in stretches:
            if stretch.room < MIN_CHANGE:
                msg = (
                    f"lanes {[lane.id for lane in stretch.lanes]}: {stretch.length:.1f} m are too short for the changes"
                )
                raise InputError(msg)
        points, ends = draw(stretches)
        route = Route(self._lanes.frame_id, Polyline(points))
        return PlannedRoute(route, tuple(names), tuple(self._manoeuvres(route.line, stretches, ends)))

    def _stretches(self, names: Sequence[str]) -> list[list[str]]:
        """The lanes of a way, those side by side together."""
        if not names:
            msg = "a route over no lanes"
            raise InputError(msg)
        stretches: list[list[str]] = []
        before: Lane | None = None
        for name in names:
            lane = self._lanes.lanes.get(name)
            if lane is None:
                msg = f"lane {name!r} is not on the map"
                raise InputError(msg)
            if before is None or name in before.successors:
                stretches.append([name])
            elif name in (before.left, before.right):
                stretches[-1].append(name)
            else:
                msg = f"lane {name!r} neither follows {before.id!r} nor lies beside it"
                raise InputError(msg)
            before = lane
        return stretches

    def _manoeuvres(self, line: Polyline, stretches: Sequence[Stretch], ends: Array) -> Iterator[Manoeuvre]:
        number = 0
        while number < len(stretches):
            first = number
            while number < len(stretches) and stretches[number].lanes[0].in_junction:
                number += 1
            if number > first:
                start = float(ends[first - 1]) if first else 0.0
                approaches = (
                    [stretches[first - 1].lanes[-1].id] if first else self._lanes.predecessors[stretches[0].lanes[0].id]
                )
                if any(self._leaves_choice(approach) for approach in approaches):
                    yield Manoeuvre(start, float(ends[number - 1]), _instruction(line, start, float(ends[number - 1])))
            number += 1

    def _leaves_choice(self, approach: str) -> bool:
        """Whether the road of a lane leads into more than one other road."""
        exits: set[frozenset[str]] = set()
        open_ids = {ahead for name in self._beside(approach) for ahead in self._lanes.lanes[name].successors}
        seen: set[str] = set()
        while open_ids:
            name = open_ids.pop()
            seen.add(name)
            if self._lanes.lanes[name].in_junction:
                open_ids |= set(self._lanes.lanes[name].successors) - seen
            else:
                exits.add(self._beside(name))
        return len(exits) > 1

    def _beside(self, name: str) -> frozenset[str]:
        """A lane and all that can be changed to from it, one after the other."""
        found, open_ids = set[str](), {name}
        while open_ids:
            lane = self._lanes.lanes[open_ids.pop()]
            found.add(lane.id)
            open_ids |= {other for other in (lane.left, lane.right) if other is not None} - found
        return frozenset(found)


def _arrive(graph: nx.DiGraph, goal: Place) -> None:
    nodes = [(node, begin) for node, begin in graph.nodes(data="begin") if node.lane == goal.lane.id]
    for node, begin in nodes:
        driven = goal.along - begin
        if driven > _SHORTEST and change_room(driven, node.changes) >= MIN_CHANGE:
            graph.add_edge(node, _SINK, weight=driven)


def _instruction(line: Polyline, start: float, end: float) -> str:
    """Left, right or straight, by the turn between two arc lengths, whole turns included."""
    headings = line.heading(np.linspace(start, end, max(int(end - start), 1) + 1))
    turn = float(np.sum(wrap_angle(np.diff(headings))))
    return "left" if turn > _TURN else "right" if turn < -_TURN else "straight"
