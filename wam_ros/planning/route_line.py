"""Draws the line of a route along lane centres, with lane changes as smooth transitions. Knows no search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.core.lane_graph import Lane

MIN_CHANGE = 15.0
"""[m] of road that one lane change needs at least."""

_CHANGE = 40.0  # m of road that a lane change takes where there is room
_LEAD = 10.0  # m driven before a lane change, where there is room
_REST = 5.0  # m left between the last lane change and the end of the stretch
_STEP = 0.5  # m between points
_FADE = 6.0  # m over which a gap between the centrelines of two lanes is closed


@dataclass(frozen=True, eq=False)
class Place:
    """A place on a lane: arc length [m]."""

    lane: Lane
    along: float

    @property
    def share(self) -> float:
        """Arc length as a share of the lane's."""
        return self.along / self.lane.centerline.length

    def beside(self, lane: Lane) -> Place:
        """The same place on a lane beside."""
        return Place(lane, self.share * lane.centerline.length)


@dataclass(frozen=True, eq=False)
class Stretch:
    """Lanes side by side, of which the first is driven first and the others are changed to in order.

    Fields:
        lanes: At least one.
        start, end: Where along them, as shares of their lengths in [0, 1], start < end.

    """

    lanes: tuple[Lane, ...]
    start: float = 0.0
    end: float = 1.0

    @property
    def length(self) -> float:
        """Along the last of the lanes [m]."""
        return (self.end - self.start) * self.lanes[-1].centerline.length

    @property
    def room(self) -> float:
        """Road for each lane change [m]; infinite where there is none."""
        return change_room(self.length, len(self.lanes) - 1)

    def points(self) -> Array:
        """(N, 2) points at most 0.5 m apart [m]."""
        changes = len(self.lanes) - 1
        count = max(int(np.ceil(self.length / _STEP)), 1) + 1
        shares = np.linspace(self.start, self.end, count)
        tracks = [lane.centerline.position(shares * lane.centerline.length) for lane in self.lanes]
        line = tracks[0].copy()
        extent = min(self.room, _CHANGE)
        lead = min(_LEAD, (self.room - extent) * changes) if changes else 0.0
        driven = np.linspace(0.0, self.length, count)
        for number in range(changes):
            done = _smooth((driven - lead - number * extent) / extent)
            line += done[:, None] * (tracks[number + 1] - tracks[number])
        return line


def change_room(length: float, changes: int) -> float:
    """Road for each of some lane changes on a stretch of `length` [m]; infinite for none."""
    return (length - _REST) / changes if changes else np.inf


def draw(stretches: Sequence[Stretch]) -> tuple[Array, Array]:
    """The line along stretches that follow one another.

    Returns:
        points: (N, 2) [m].
        ends: (len(stretches),) arc length of the line at the end of each [m].

    """
    pieces: list[Array] = []
    for stretch in stretches:
        piece = stretch.points()
        if pieces:
            gap = pieces[-1][-1] - piece[0]
            driven = np.linspace(0.0, stretch.length, len(piece))
            piece = piece + (1.0 - _smooth(driven / min(_FADE, stretch.length)))[:, None] * gap
            piece = piece[1:]
        pieces.append(piece)
    points = np.concatenate(pieces)
    driven = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return points, driven[np.cumsum([len(piece) for piece in pieces]) - 1]


def _smooth(share: Array) -> Array:
    """From 0 to 1 with no jump in slope or curvature: 6 t^5 - 15 t^4 + 10 t^3."""
    t = np.clip(share, 0.0, 1.0)
    smooth: Array = t**3 * (t * (6.0 * t - 15.0) + 10.0)
    return smooth
