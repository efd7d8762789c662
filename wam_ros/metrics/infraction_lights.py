"""Stop lines crossed at red, and greens that are not used. Knows no route but the lanes that it leads over."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.scene import Actor, LightState, TrafficLight
from wam_ros.metrics.infraction import STANDING, EgoBox, Infraction

_NEAR = 15.0  # m between the vehicle and a light's stop line
_BESIDE = 8.0  # m from the rear of the vehicle; the lines of lanes side by side are looked at together
_WIDER = 1.2  # a stop line counts as this many times as wide
_REAR = 0.8  # share of half the length; from there to 1 m behind the vehicle is what has to cross
_DECIDED = 6.0  # m after a stop line
_TURN_WEIGHT = 5.0  # m per rad; how much the heading decides on which of several connections the vehicle is
_BESIDE_ROUTE = 1.0  # m from the middle of a lane that the route leads over
_AHEAD = 15.0  # m beyond the stop line that must be free
_FREE_WIDTH = 1.0  # m more than the vehicle's width that must be free


@dataclass(frozen=True)
class _Standing:
    """Before a green light with nothing ahead, since a time [ns]."""

    since_ns: int
    told: bool


@dataclass
class _Crossing:
    """Of a stop line; on which of its connections the vehicle is shows some metres later.

    Fields:
        ego: When it began.
        choices: Lanes that begin at the line and at those of the lanes beside.
        red: Those of them that were red while the line before them was crossed.
        told: Whether it is decided.

    """

    ego: EgoBox
    choices: set[str] = field(default_factory=set)
    red: set[str] = field(default_factory=set)
    told: bool = False

    def moved(self, ego: EgoBox) -> float:
        return math.hypot(ego.pose.x - self.ego.pose.x, ego.pose.y - self.ego.pose.y)


class LightWatch:
    """Remembers the last stop line that was crossed, and since when a green light is not used."""

    def __init__(self, lanes: LaneGraph, route: Route | None, patience: float) -> None:
        """Tell of standing before a green light for `patience` [s]."""
        self._lanes = lanes
        self._patience = patience
        self._route_lanes = None if route is None else _junction_lanes_on(route, lanes)
        self._crossing: _Crossing | None = None
        self._standing: _Standing | None = None

    def update(self, ego: EgoBox, lights: Sequence[TrafficLight], actors: Sequence[Actor]) -> list[Infraction]:
        """What is new: red lights run, green lights not used."""
        near = _near(lights, ego.pose.position, ego.half_length + _NEAR)
        return [*self._red_lights(ego, near), *self._unused_greens(ego, near, actors)]

    def _red_lights(self, ego: EgoBox, lights: Sequence[TrafficLight]) -> list[Infraction]:
        rear = ego.pose.apply([[-_REAR * ego.half_length, 0.0], [-ego.half_length - 1.0, 0.0]])
        beside = _near(lights, rear[0], _BESIDE)
        over = [light for light in beside if shapely.intersects(shapely.linestrings(rear), _widened(light))]
        choices = {name for light in beside for name in light.lanes if self._begins_along(name, ego)}
        crossed = {name for light in over for name in light.lanes} & choices
        if self._crossing is None and crossed:
            self._crossing = _Crossing(ego)
        crossing = self._crossing
        if crossing is None:
            return []
        over_it = crossing.moved(ego) >= _DECIDED
        if over_it:
            self._crossing = None
        elif crossed:
            crossing.choices |= choices
            crossing.red |= crossed & {name for light in over if light.state is LightState.RED for name in light.lanes}
        if crossing.told or not crossing.red or not (over_it or crossing.choices <= crossing.red):
            return []
        crossing.told = True
        own = self._connection(ego, crossing.choices)
        if own not in crossing.red:
            return []
        speed = crossing.ego.speed
        return [
            crossing.ego.infraction("red_light", speed, f"stop line before lane {own} crossed at red, {speed:.1f} m/s")
        ]

    def _begins_along(self, name: str, ego: EgoBox) -> bool:
        """Whether a lane is on the map and begins in the direction of the vehicle."""
        lane = self._lanes.lanes.get(name)
        return lane is not None and _same_way(float(lane.centerline.heading(0.5)), ego.pose.yaw)

    def _connection(self, ego: EgoBox, names: Iterable[str]) -> str:
        """The lane among `names` that the vehicle is on, by its front and its heading."""

        def cost(name: str) -> float:
            line = self._lanes.lanes[name].centerline
            projection = line.project(ego.front)
            turned = wrap_angle(line.heading(projection.arc_length - ego.half_length) - ego.pose.yaw)
            return projection.distance + _TURN_WEIGHT * abs(float(turned))

        return min(sorted(names), key=cost)

    def _unused_greens(self, ego: EgoBox, lights: Sequence[TrafficLight], actors: Sequence[Actor]) -> list[Infraction]:
        ahead = [light for light in lights if self._is_ahead(ego, light)]
        if (
            abs(ego.speed) >= STANDING
            or not ahead
            or any(light.state is not LightState.GREEN for light in ahead)
            or not _free(ego, ahead[0], actors)
        ):
            self._standing = None
            return []
        if self._standing is None:
            self._standing = _Standing(ego.stamp_ns, told=False)
        stood = (ego.stamp_ns - self._standing.since_ns) * 1e-9
        if self._standing.told or stood <= self._patience:
            return []
        self._standing = _Standing(self._standing.since_ns, told=True)
        detail = f"standing for {stood:.1f} s before green light {ahead[0].id} with nothing ahead"
        return [ego.infraction("stopped_at_green", stood, detail)]

    def _is_ahead(self, ego: EgoBox, light: TrafficLight) -> bool:
        """Whether the vehicle stands before this light and will go where it holds (without a route: may go)."""
        ends = ego.pose.inverse().apply(light.stop_line) - [ego.half_length, 0.0]
        forward, across = ends[:, 0].mean(), ends[:, 1]
        if not (0.0 <= forward <= _NEAR and across.min() <= 0.0 <= across.max()):
            return False
        names = [name for name in light.lanes if name in self._lanes.lanes]
        if self._route_lanes is not None:
            names = [name for name in names if name in self._route_lanes]
        return any(_same_way(float(self._lanes.lanes[name].centerline.heading(0.5)), ego.pose.yaw) for name in names)


def _near(lights: Sequence[TrafficLight], point: Array, distance: float) -> list[TrafficLight]:
    """The lights of which an end of the stop line is within `distance` [m] of a point (2,)."""
    if not lights:
        return []
    ends = np.stack([light.stop_line for light in lights]) - point
    squares = np.einsum("lij,lij->li", ends, ends).min(axis=1)
    return [light for light, near in zip(lights, squares <= distance**2) if near]


def _same_way(heading: float, yaw: float) -> bool:
    return abs(float(wrap_angle(heading - yaw))) < math.pi / 2.0


def _widened(light: TrafficLight) -> shapely.LineString:
    middle = light.stop_line.mean(axis=0)
    return shapely.linestrings(middle + _WIDER * (light.stop_line - middle))


def _free(ego: EgoBox, light: TrafficLight, actors: Sequence[Actor]) -> bool:
    """Whether nobody is on the way straight ahead to beyond the stop line."""
    line = float(ego.pose.inverse().apply(light.stop_line)[:, 0].mean())
    width = ego.half_width + _FREE_WIDTH / 2.0
    corners = [[ego.half_length, width], [ego.half_length, -width], [line + _AHEAD, -width], [line + _AHEAD, width]]
    way = shapely.polygons(ego.pose.apply(corners))
    others = [
        shapely.polygons(
            actor.pose.apply(0.5 * np.array([actor.length, actor.width]) * [[1, 1], [-1, 1], [-1, -1], [1, -1]])
        )
        for actor in actors
    ]
    return not bool(shapely.intersects(way, others).any()) if others else True


def _junction_lanes_on(route: Route, lanes: LaneGraph) -> frozenset[str]:
    found = set()
    for lane in lanes.lanes.values():
        if not lane.in_junction:
            continue
        middle = lane.centerline.length / 2.0
        projection = route.line.project(lane.centerline.position(middle))
        heading = float(lane.centerline.heading(middle))
        if projection.distance < _BESIDE_ROUTE and _same_way(heading, float(route.line.heading(projection.arc_length))):
            found.add(lane.id)
    return frozenset(found)
