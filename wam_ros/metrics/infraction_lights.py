"""Stop lines crossed at red, and greens that are not used. Knows no route but the lanes that it leads over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from wam_ros.core.geometry import wrap_angle
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.scene import Actor, LightState, TrafficLight
from wam_ros.metrics.infraction import STANDING, EgoBox, Infraction

_NEAR = 15.0  # m between the vehicle and a light's stop line
_WIDER = 1.2  # a stop line counts as this many times as wide
_REAR = 0.8  # share of half the length; from there to 1 m behind the vehicle is what has to cross
_TURN_WEIGHT = 5.0  # m per rad; how much the heading decides on which of several connections the vehicle is
_BESIDE_ROUTE = 1.0  # m from the middle of a lane that the route leads over
_AHEAD = 15.0  # m beyond the stop line that must be free
_FREE_WIDTH = 1.0  # m more than the vehicle's width that must be free


@dataclass(frozen=True)
class _Standing:
    """Before a green light with nothing ahead, since a time [ns]."""

    since_ns: int
    told: bool


class LightWatch:
    """Remembers which stop lines are being crossed, and since when a green light is not used."""

    def __init__(self, lanes: LaneGraph, route: Route | None, patience: float) -> None:
        """Tell of standing before a green light for `patience` [s]."""
        self._lanes = lanes
        self._patience = patience
        self._route_lanes = None if route is None else _junction_lanes_on(route, lanes)
        self._crossed: set[str] = set()
        self._standing: _Standing | None = None

    def update(self, ego: EgoBox, lights: Sequence[TrafficLight], actors: Sequence[Actor]) -> list[Infraction]:
        """What is new: red lights run, green lights not used."""
        reach = ego.half_length + _NEAR
        near = [
            light for light in lights if np.min(np.linalg.norm(light.stop_line - ego.pose.position, axis=1)) <= reach
        ]
        return [*self._red_lights(ego, near), *self._unused_greens(ego, near, actors)]

    def _red_lights(self, ego: EgoBox, lights: Sequence[TrafficLight]) -> list[Infraction]:
        rear = shapely.linestrings(ego.pose.apply([[-_REAR * ego.half_length, 0.0], [-ego.half_length - 1.0, 0.0]]))
        crossing = [light for light in lights if shapely.intersects(rear, _widened(light))]
        own = self._connection(ego, crossing)
        run = {light.id for light in crossing if own in light.lanes and light.state is LightState.RED}
        new = sorted(run - self._crossed)
        self._crossed = (self._crossed | run) & {light.id for light in crossing}
        return [
            ego.infraction("red_light", ego.speed, f"light {name} crossed at red with {ego.speed:.1f} m/s")
            for name in new[:1]  # several heads may show the same red
        ]

    def _connection(self, ego: EgoBox, lights: Sequence[TrafficLight]) -> str | None:
        """The lane in the junction that the vehicle is on, of those that begin at the lines it crosses."""
        best, own = math.inf, None
        for name in dict.fromkeys(name for light in lights for name in light.lanes):
            lane = self._lanes.lanes.get(name)
            if lane is None or not _same_way(float(lane.centerline.heading(0.5)), ego.pose.yaw):
                continue
            projection = lane.centerline.project(ego.front)
            turned = wrap_angle(lane.centerline.heading(projection.arc_length - ego.half_length) - ego.pose.yaw)
            cost = projection.distance + _TURN_WEIGHT * abs(float(turned))
            if cost < best:
                best, own = cost, name
        return own

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
