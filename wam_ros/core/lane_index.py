"""Which of many polylines are near a point: the spatial index of the LaneGraph. Knows no lanes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.geometry import Array
from wam_ros.core.polyline import Polyline

CELL = 16.0
"""[m] side of a cell of the grid; what lies within this distance of a point is found in the point's cell."""


class Nearby(NamedTuple):
    """Polylines and how far they are, nearest first."""

    lines: NDArray[np.intp]  # (K,) index of the polyline
    distances: Array  # (K,) m


class _Segments(NamedTuple):
    """Segments of some polylines, those of one polyline in a row."""

    start: Array  # (M, 2) m
    step: Array  # (M, 2) m
    scale: Array  # (M,) 1 / length^2
    line: NDArray[np.intp]  # (M,) index of the polyline
    first: NDArray[np.intp]  # (K,) where each polyline's segments begin


class LaneIndex:
    """A grid over the segments of polylines; a cell is filled when a point falls into it for the first time."""

    def __init__(self, lines: Sequence[Polyline]) -> None:
        """Index polylines by their place in the sequence, which may be empty."""
        starts = [line.points[:-1] for line in lines]
        start = np.concatenate([np.zeros((0, 2)), *starts])
        step = np.concatenate([np.zeros((0, 2)), *(np.diff(line.points, axis=0) for line in lines)])
        self._all = _segments(start, step, np.repeat(np.arange(len(lines)), [len(points) for points in starts]))
        self._low, self._high = np.minimum(start, start + step), np.maximum(start, start + step)
        self._cells: dict[tuple[int, int], _Segments] = {}

    def near(self, point: Array, radius: float) -> Nearby:
        """The polylines within `radius` [m] of a point (2,)."""
        segments = self._all if radius > CELL else self._cell(point)
        if not len(segments.first):
            return Nearby(np.zeros(0, dtype=np.intp), np.zeros(0))
        offset = point - segments.start
        along = np.clip(np.einsum("ij,ij->i", offset, segments.step) * segments.scale, 0.0, 1.0)
        offset -= along[:, None] * segments.step
        squares = np.minimum.reduceat(np.einsum("ij,ij->i", offset, offset), segments.first)
        distances = np.sqrt(squares)
        order = np.argsort(distances, kind="stable")
        order = order[: np.searchsorted(distances[order], radius, side="right")]
        return Nearby(segments.line[segments.first[order]], distances[order])

    def _cell(self, point: Array) -> _Segments:
        key = (math.floor(point[0] / CELL), math.floor(point[1] / CELL))
        found = self._cells.get(key)
        if found is None:
            low = np.array(key) * CELL - CELL
            inside = ((self._high >= low) & (self._low <= low + 3.0 * CELL)).all(axis=1)
            found = _segments(self._all.start[inside], self._all.step[inside], self._all.line[inside])
            self._cells[key] = found
        return found


def _segments(start: Array, step: Array, line: NDArray[np.intp]) -> _Segments:
    first = np.flatnonzero(np.diff(line, prepend=-1))
    return _Segments(start, step, 1.0 / np.einsum("ij,ij->i", step, step), line, first)
