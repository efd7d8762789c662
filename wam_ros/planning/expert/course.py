"""The route as the expert drives it: sampled, with speed limits, bends and junctions on the way. No traffic in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.observation import Route
from wam_ros.core.scene import TrafficLight
from wam_ros.planning.expert.road import Road
from wam_ros.planning.expert.settings import ExpertSettings

STEP = 0.5  # m between stations
_LIMIT_EVERY = 8  # stations
_NEAR = 1.2  # m; a junction lane is on the way if all of it is this near
_ANGLE = math.radians(40.0)
_HEADING_WEIGHT = 4.0  # m per rad, where a place on the route is looked for
_LINE_REACH = 20.0  # m from the start of a junction lane to its stop line


class Junction(NamedTuple):
    """A junction on the way."""

    enter: float  # arc length of the course [m]
    leave: float
    lanes: tuple[str, ...]  # the junction lanes that are driven


class Place(NamedTuple):
    """Where the ego stands to the course."""

    station: int  # the nearest one
    arc_length: float  # m
    lateral: float  # m, left positive
    heading_error: float  # rad


@dataclass(frozen=True, eq=False)
class Course:
    """Stations every STEP metres; all arrays (N,).

    Fields:
        road: The lanes it was sampled on.
        points: (N, 2) [m].
        headings: Not wrapped [rad].
        curvatures: [1/m].
        caps: Highest speed by limit and bend [m/s].
        junctions: In order of travel.

    """

    road: Road
    points: Array
    headings: Array
    curvatures: Array
    caps: Array
    junctions: tuple[Junction, ...]

    @cached_property
    def rows(self) -> list[tuple[float, float, float, float, float, float]]:
        """x, y, heading, its cosine and sine, and curvature of each station, as python floats."""
        cos, sin = np.cos(self.headings), np.sin(self.headings)
        table = np.column_stack([self.points, self.headings, cos, sin, self.curvatures])
        return [tuple(row) for row in table.tolist()]

    @property
    def length(self) -> float:
        """[m]."""
        return STEP * (len(self.points) - 1)

    @classmethod
    def of(cls, road: Road, route: Route, settings: ExpertSettings) -> Course:
        """Sample a route that lies on a road."""
        line = route.line
        count = max(round(line.length / STEP), 2) + 1
        stations = STEP * np.arange(count)
        points = line.position(np.minimum(stations, line.length))
        headings = np.unwrap(line.heading(stations, 2.0))
        curvatures = line.curvature(stations, 4.0)
        limits = _limits(road, points, headings)
        bends = np.sqrt(settings.lateral_acceleration / np.maximum(np.abs(curvatures), 1e-4))
        caps = np.minimum(np.minimum(settings.speed_share * limits, bends), settings.top_speed)
        return cls(road, points, headings, curvatures, caps, _junctions(road, points, headings))

    def place(self, pose: SE2) -> Place:
        """The station that is nearest in place and heading."""
        gaps = self.points - (pose.x, pose.y)
        turns = np.abs(wrap_angle(self.headings - pose.yaw))
        index = int(np.argmin(np.hypot(gaps[:, 0], gaps[:, 1]) + _HEADING_WEIGHT * turns))
        heading = float(self.headings[index])
        dx, dy = pose.x - float(self.points[index, 0]), pose.y - float(self.points[index, 1])
        cos, sin = math.cos(heading), math.sin(heading)
        along = min(max(STEP * index + cos * dx + sin * dy, 0.0), self.length)
        return Place(index, along, cos * dy - sin * dx, float(wrap_angle(pose.yaw - heading)))

    def stop_line(self, light: TrafficLight, junction: Junction) -> float:
        """Arc length where the course crosses a light's stop line, at the latest where the junction begins [m]."""
        first = max(int((junction.enter - _LINE_REACH) / STEP), 0)
        last = min(math.ceil((junction.enter + _LINE_REACH) / STEP), len(self.points) - 1)
        (ax, ay), (bx, by) = light.stop_line
        part = self.points[first : last + 1]
        sides = (bx - ax) * (part[:, 1] - ay) - (by - ay) * (part[:, 0] - ax)
        ahead = np.cos(self.headings[first : last + 1]) * (by - ay) - np.sin(self.headings[first : last + 1]) * (
            bx - ax
        )
        signed = sides * np.sign(ahead)
        changes = np.flatnonzero((signed[:-1] <= 0.0) & (signed[1:] > 0.0) | (signed[:-1] >= 0.0) & (signed[1:] < 0.0))
        if not len(changes):
            return junction.enter
        crossing = STEP * (first + changes)
        nearest = int(np.argmin(np.abs(crossing - junction.enter)))
        return min(float(crossing[nearest]) + 0.5 * STEP, junction.enter)


def _limits(road: Road, points: Array, headings: Array) -> Array:
    limits = np.full(len(points), math.inf)
    known = math.inf
    for index in range(0, len(points), _LIMIT_EVERY):
        x, y = points[index]
        feet = road.feet(SE2(float(x), float(y), float(wrap_angle(headings[index]))), 4.0, _ANGLE)
        if feet:
            known = road.lanes.lanes[feet[0].lane].speed_limit
        limits[index : index + _LIMIT_EVERY] = known
    finite = limits[np.isfinite(limits)]
    limits[~np.isfinite(limits)] = finite[0] if len(finite) else 10.0
    return limits


def _junctions(road: Road, points: Array, headings: Array) -> tuple[Junction, ...]:
    spans: list[tuple[float, float, str]] = []
    for name, lane in road.lanes.lanes.items():
        if not lane.in_junction:
            continue
        there, _, bearings = road.samples(name)
        gaps = np.hypot(points[:, 0] - there[0, 0], points[:, 1] - there[0, 1])
        if gaps.min() > lane.centerline.length + _NEAR:
            continue
        apart = np.linalg.norm(there[:, None] - points[None], axis=2)
        turned = np.abs(wrap_angle(bearings[:, None] - headings[None])) > _ANGLE
        nearest = np.where(turned, np.inf, apart).argmin(axis=1)
        on_way = (nearest > 0) & (nearest < len(points) - 1)
        distances = apart[np.arange(len(there)), nearest]
        if on_way.sum() < 2 or (distances[on_way] > _NEAR).any() or turned[np.arange(len(there)), nearest].any():
            continue
        if (np.diff(nearest) < 0).any():
            continue
        spans.append((STEP * float(nearest[on_way][0]), STEP * float(nearest[on_way][-1]), name))
    joined: list[Junction] = []
    for enter, leave, name in sorted(spans):
        if joined and enter < joined[-1].leave - 0.5:
            last = joined[-1]
            joined[-1] = Junction(last.enter, max(last.leave, leave), (*last.lanes, name))
        else:
            joined.append(Junction(enter, leave, (name,)))
    return tuple(joined)
