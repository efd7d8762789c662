"""Random ways over the lanes of a map, for drives that nobody chose. Knows no line and no search."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.planning.route_line import Place, change_room

_TRIES = 300  # walks for one way
_CHANGE_SHARE = 0.25  # of stretches on which the lane is changed where it can be
_CHANGE_ROOM = 25.0  # m of road for a lane change
_BEFORE_JUNCTION = 15.0  # m, of the start
_AFTER_JUNCTION = 8.0  # m, of the start and of the goal
_STRAIGHT_END = 10.0  # m before the goal that are straight
_STRAIGHT = np.radians(3.0)
_TOLERANCE = 0.25  # share of the length


@dataclass(frozen=True)
class Way:
    """Lanes in order of driving, and where on the first and the last, as shares of their lengths."""

    lanes: tuple[str, ...]
    start: float
    end: float


def random_way(lanes: LaneGraph, rng: random.Random, length: float) -> Way:
    """A way of about `length` [m], within 25 %, over no road twice.

    Raises:
        InputError: None was found.

    """
    streets = [lane for lane in lanes.lanes.values() if not lane.in_junction]
    for _ in range(_TRIES if streets else 0):
        lane = rng.choice(streets)
        room = lane.centerline.length - _BEFORE_JUNCTION - _AFTER_JUNCTION
        if room < 0.0:
            continue
        start = Place(lane, _AFTER_JUNCTION + rng.random() * room)
        walk = _walk(lanes, rng, start, length)
        if len(walk) == 1 or len(walk[-1]) > 1:
            continue
        goal = _straight_end(lanes.lanes[walk[-1][0]], length - _driven(lanes, walk[:-1], start), length)
        if goal is not None:
            return Way(tuple(name for stretch in walk for name in stretch), start.share, goal.share)
    msg = f"no way of about {length:.0f} m found on this map"
    raise InputError(msg)


def _walk(lanes: LaneGraph, rng: random.Random, start: Place, length: float) -> list[list[str]]:
    """Stretches, each with the lanes driven on it, taken at random until they are long enough or lead nowhere new."""
    walk, used = [[start.lane.id]], {start.lane.id}
    while True:
        lane = lanes.lanes[walk[-1][-1]]
        if not lane.in_junction and _driven(lanes, walk, start) >= length + _AFTER_JUNCTION:
            return walk
        begin = start.share if len(walk) == 1 else 0.0
        room = change_room((1.0 - begin) * lane.centerline.length, 1)
        beside = [name for name in (lane.left, lane.right) if name is not None and name not in used]
        if beside and room >= _CHANGE_ROOM and (rng.random() < _CHANGE_SHARE or not lane.successors):
            lane = lanes.lanes[rng.choice(beside)]
            walk[-1].append(lane.id)
        used |= {lane.id, *beside}
        ahead = [name for name in lane.successors if name not in used]
        if not ahead:
            return walk
        walk.append([rng.choice(ahead)])
        used.add(walk[-1][0])


def _driven(lanes: LaneGraph, walk: Sequence[Sequence[str]], start: Place) -> float:
    return sum(lanes.lanes[stretch[-1]].centerline.length for stretch in walk) - start.along


def _straight_end(lane: Lane, wanted: float, length: float) -> Place | None:
    """The place on a lane nearest to `wanted` [m] that follows a straight part; None if that is too far off."""
    last = lane.centerline.length - 0.5
    if lane.in_junction or last < _AFTER_JUNCTION:
        return None
    places = np.arange(_AFTER_JUNCTION, last, 1.0)
    backs = np.linspace(0.0, _STRAIGHT_END, 6)[:, None]
    headings = lane.centerline.heading(np.maximum(places - backs, 0.5))
    straight = places[np.abs(wrap_angle(headings - headings[0])).max(axis=0) < _STRAIGHT]
    near = straight[np.abs(straight - wanted) <= _TOLERANCE * length]
    return Place(lane, float(near[np.argmin(np.abs(near - wanted))])) if len(near) else None
