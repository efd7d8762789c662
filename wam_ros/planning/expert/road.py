"""The lanes as the expert looks at them: sampled, in a grid of cells, joined to chains, with their turns and crossings.

It knows lanes only: no traffic, no lights, no route.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph

_STEP = 1.0  # m between samples of a lane
_CELL = 8.0  # m
_CROSSING = 2.4  # m; junction lanes whose centres come closer than this get into each other's way
_TURN = math.radians(35.0)
_MAX_CHAINS = 6
_KEPT_CHAINS = 4096
CHAIN_STEP = 1.0  # m
_BEND_ACCELERATION = 4.0  # m/s^2, what traffic drives bends with


class Foot(NamedTuple):
    """Where a pose stands to a lane."""

    lane: str
    arc_length: float  # m
    lateral: float  # m, left of the centre positive
    heading_error: float  # rad, against the lane


@dataclass(frozen=True, eq=False)
class Chain:
    """Lanes that lead into each other, as one line.

    Fields:
        lanes: Ids in order of travel.
        starts: (L,) arc length where each lane begins [m].
        points: (N, 2) every CHAIN_STEP metres; the last may lie a little off the end [m].
        arc_lengths: (N,) [m].
        headings: (N,) not wrapped [rad].
        caps: (N,) speed limit, in bends what traffic drives there [m/s].

    """

    lanes: tuple[str, ...]
    starts: Array
    points: Array
    arc_lengths: Array
    headings: Array
    caps: Array


class Road:
    """A LaneGraph, prepared once."""

    def __init__(self, lanes: LaneGraph) -> None:
        self.lanes = lanes
        self._samples = {name: _sampled(lane) for name, lane in lanes.lanes.items()}
        self._cells: dict[tuple[int, int], dict[str, tuple[int, int]]] = {}
        for name, (points, _, _) in self._samples.items():
            for index, (i, j) in enumerate(np.floor(points / _CELL).astype(int).tolist()):
                first, _ = self._cells.setdefault((i, j), {}).get(name, (index, index))
                self._cells[i, j][name] = (first, index)
        self._turns = {name: self._turn_of(lane) for name, lane in lanes.lanes.items() if lane.in_junction}
        self._crossings: dict[str, frozenset[str]] = {}
        self._chains: OrderedDict[tuple[str, int], tuple[Chain, ...]] = OrderedDict()

    def feet(self, pose: SE2, reach: float, max_angle: float = math.pi / 3.0) -> list[Foot]:
        """The lanes within `reach` [m] (at most a cell) that head within `max_angle` of a pose, nearest first."""
        found: dict[str, Foot] = {}
        i, j = math.floor(pose.x / _CELL), math.floor(pose.y / _CELL)
        ranges: dict[str, tuple[int, int]] = {}
        for cell in ((i + di, j + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)):
            for name, (first, last) in self._cells.get(cell, {}).items():
                known = ranges.get(name, (first, last))
                ranges[name] = (min(known[0], first), max(known[1], last))
        for name, (first, last) in ranges.items():
            foot = self._foot(name, pose, max(first - 1, 0), last + 2)
            if abs(foot.lateral) <= reach and abs(foot.heading_error) <= max_angle:
                found[name] = foot
        return sorted(found.values(), key=lambda foot: (abs(foot.lateral) + abs(foot.heading_error), foot.lane))

    def samples(self, lane: str) -> tuple[Array, Array, Array]:
        """Points (N, 2) [m], arc lengths (N,) [m] and headings (N,) [rad], not wrapped, of a lane's centre."""
        return self._samples[lane]

    def on_road(self, x: float, y: float, slack: float = 0.0) -> bool:
        """Whether a point lies on some lane, or within `slack` [m] of one."""
        return any(
            abs(foot.lateral) <= 0.5 * self.lanes.lanes[foot.lane].width + slack
            for foot in self.feet(SE2(x, y, 0.0), 4.0 + slack, math.pi)
        )

    def turn(self, lane: str) -> float:
        """Change of heading along a junction lane [rad], left positive; 0 for other lanes."""
        return self._turns.get(lane, 0.0)

    def turns_left(self, lane: str) -> bool:
        """Whether a junction lane turns left."""
        return self.turn(lane) > _TURN

    def turns(self, lane: str) -> bool:
        """Whether a junction lane turns."""
        return abs(self.turn(lane)) > _TURN

    def approach_heading(self, lane: str) -> float:
        """Heading at the start of a lane [rad]."""
        return float(self._samples[lane][2][0])

    def crossings(self, lane: str) -> frozenset[str]:
        """Junction lanes of other approaches that come across or merge with this one."""
        known = self._crossings.get(lane)
        if known is None:
            known = self._crossings[lane] = frozenset(self._find_crossings(lane))
        return known

    def chains(self, lane: str, length: float) -> tuple[Chain, ...]:
        """The ways to go on from the start of a lane, each at least `length` [m] long where the lanes go so far."""
        key = (lane, math.ceil(length / 20.0))
        found = self._chains.get(key)
        if found is None:
            ways: list[tuple[str, ...]] = []
            self._extend((lane,), 20.0 * key[1], ways)
            found = self._chains[key] = tuple(self._chain(way) for way in ways[:_MAX_CHAINS])
            if len(self._chains) > _KEPT_CHAINS:
                self._chains.popitem(last=False)
        return found

    def _extend(self, way: tuple[str, ...], length: float, ways: list[tuple[str, ...]]) -> None:
        lane = self.lanes.lanes[way[-1]]
        left = length - lane.centerline.length
        following = [name for name in lane.successors if name not in way]
        if left <= 0.0 or not following:
            ways.append(way)
            return
        for name in following:
            self._extend((*way, name), left, ways)

    def _chain(self, way: tuple[str, ...]) -> Chain:
        parts = [self._samples[name] for name in way]
        lengths = [self.lanes.lanes[name].centerline.length for name in way]
        starts = np.concatenate([[0.0], np.cumsum(lengths)[:-1]])
        # The end of one lane is the start of the next.
        places = np.concatenate([part[0][:-1] for part in parts] + [parts[-1][0][-1:]])
        known = np.concatenate([part[1][:-1] + start for part, start in zip(parts, starts)])
        known = np.append(known, starts[-1] + lengths[-1])
        turned = np.unwrap(np.concatenate([part[2][:-1] for part in parts] + [parts[-1][2][-1:]]))
        stations = CHAIN_STEP * np.arange(max(math.ceil(known[-1] / CHAIN_STEP), 1) + 1)
        points = np.column_stack([np.interp(stations, known, places[:, 0]), np.interp(stations, known, places[:, 1])])
        headings = np.interp(stations, known, turned)
        index = np.searchsorted(starts, stations, side="right") - 1
        limits = np.array([self.lanes.lanes[name].speed_limit for name in way])[index]
        caps = np.minimum(limits, np.sqrt(_BEND_ACCELERATION / np.maximum(np.abs(np.gradient(headings)), 1e-3)))
        return Chain(way, starts, points, stations, headings, caps)

    def _foot(self, name: str, pose: SE2, first: int, last: int) -> Foot:
        points, stations, headings = self._samples[name]
        part = points[first : last + 1]
        gaps = part - (pose.x, pose.y)
        squares = gaps[:, 0] ** 2 + gaps[:, 1] ** 2
        index = first + int(squares.argmin())
        heading = float(headings[index])
        cos, sin = math.cos(heading), math.sin(heading)
        dx, dy = pose.x - float(points[index, 0]), pose.y - float(points[index, 1])
        along, aside = cos * dx + sin * dy, cos * dy - sin * dx
        beyond = max(-along, 0.0) if index == 0 else max(along, 0.0) if index == len(points) - 1 else 0.0
        if beyond > 0.0:  # before its start or after its end: the distance counts, the side stays
            aside = math.copysign(math.hypot(aside, beyond), aside)
        arc_length = min(max(float(stations[index]) + along, 0.0), float(stations[-1]))
        return Foot(name, arc_length, aside, float(wrap_angle(pose.yaw - heading)))

    def _turn_of(self, lane: Lane) -> float:
        headings = self._samples[lane.id][2]
        return float(headings[-1] - headings[0])

    def _find_crossings(self, name: str) -> list[str]:
        points, _, headings = self._samples[name]
        lower, upper = points.min(axis=0) - _CROSSING, points.max(axis=0) + _CROSSING
        found = []
        for other in self._turns:
            there, _, bearings = self._samples[other]
            if other == name or (there.max(axis=0) < lower).any() or (there.min(axis=0) > upper).any():
                continue
            if np.hypot(*(there[0] - points[0])) < 1.0:  # same approach lane: they part, whoever is ahead is a leader
                continue
            gaps = np.linalg.norm(points[:, None] - there[None], axis=2)
            near = gaps < _CROSSING
            apart = np.abs(wrap_angle(headings[:, None] - bearings[None])) > math.radians(10.0)
            merging = np.hypot(*(there[-1] - points[-1])) < 1.0
            if merging or (near & apart).any():
                found.append(other)
        return found


def _sampled(lane: Lane) -> tuple[Array, Array, Array]:
    """Points (N, 2), arc lengths (N,) and headings (N,), not wrapped, of a lane's centre."""
    line = lane.centerline
    count = max(math.ceil(line.length / _STEP), 1) + 1
    stations = np.linspace(0.0, line.length, count)
    span = min(1.0, line.length / 2.0)
    headings = np.unwrap(line.heading(stations, span))
    return line.position(stations), stations, headings
