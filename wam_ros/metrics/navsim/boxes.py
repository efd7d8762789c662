"""Oriented boxes and whether they meet: a separating-axis test, with GEOS where rounding could decide.

Touching counts as meeting, as it does for GEOS, whose answer on the same corners is reproduced exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from wam_ros.core.geometry import Array

BoolArray = NDArray[np.bool_]

# Below this gap or overlap [m] the floats of the separating-axis test are not trusted (map frames reach 1e6 m).
_DOUBT = 1e-6


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of any leading shape S.

    Fields:
        center: S + (2,) [m], before the shift.
        heading: S [rad].
        axis: S + (2,) cosine and sine of the heading.
        half_length, half_width: [m], one for all or one for each index of the last axis of S.
        shift: S + (2,) [m] by which the finished corners are moved, or None.

    """

    center: Array
    heading: Array
    axis: Array
    half_length: Any
    half_width: Any
    shift: Array | None = None

    @classmethod
    def at(cls, center: Array, heading: Array, half_length: Any, half_width: Any) -> Boxes:
        """Boxes at poses."""
        return cls(center, heading, np.stack([np.cos(heading), np.sin(heading)], axis=-1), half_length, half_width)

    @property
    def middle(self) -> Array:
        """S + (2,) centre after the shift [m]."""
        return self.center if self.shift is None else self.center + self.shift

    def pick(self, row: Any, column: Any, shift: Array | None = None) -> Boxes:
        """The boxes at P index pairs of a two-dimensional set, moved by `shift` (P, 2)."""
        length, width = _each(self.half_length, column), _each(self.half_width, column)
        return Boxes(self.center[row, column], self.heading[row, column], self.axis[row, column], length, width, shift)

    def take(self, mask: BoolArray) -> Boxes:
        """The boxes of a one-dimensional set that a mask selects."""
        length, width = _each(self.half_length, mask), _each(self.half_width, mask)
        shift = None if self.shift is None else self.shift[mask]
        return Boxes(self.center[mask], self.heading[mask], self.axis[mask], length, width, shift)

    def corners(self) -> Array:
        """S + (4, 2) front left, rear left, rear right, front right [m].

        The order of the sums is nuPlan's, so that boxes that touch there touch here.
        """
        ahead_x, ahead_y = self.axis[..., 0], self.axis[..., 1]
        across_x, across_y = np.cos(self.heading + math.pi / 2.0), np.sin(self.heading + math.pi / 2.0)
        corners = np.empty((*self.heading.shape, 4, 2))
        for i, (front, left) in enumerate(((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0))):
            ahead, across = front * self.half_length, left * self.half_width
            corners[..., i, 0] = self.center[..., 0] + (across * across_x + ahead * ahead_x)
            corners[..., i, 1] = self.center[..., 1] + (across * across_y + ahead * ahead_y)
        return corners if self.shift is None else corners + self.shift[..., None, :]


def _each(size: Any, index: Any) -> Any:
    """The sizes at an index, or the one size for all."""
    return size if np.ndim(size) == 0 else size[index]


def boxes_meet(first: Boxes, second: Boxes) -> BoolArray:
    """(P,) whether each of P pairs of boxes meets."""
    gap = _gap(first, second.middle - first.middle, second)
    doubtful = np.abs(gap) < _DOUBT
    meet: BoolArray = gap < 0.0
    if doubtful.any():
        bodies = (shapely.polygons(boxes.take(doubtful).corners()) for boxes in (first, second))
        meet[doubtful] = shapely.intersects(*bodies)
    return meet


def front_meets(first: Boxes, second: Boxes) -> BoolArray:
    """(P,) whether the front edge (front left to front right corner) of each first box meets the second box."""
    bumper = Boxes(
        first.middle + first.axis * np.asarray(first.half_length)[..., None],
        first.heading,
        first.axis,
        0.0,
        first.half_width,
    )
    gap = _gap(bumper, second.middle - bumper.center, second)
    doubtful = np.abs(gap) < _DOUBT
    meet: BoolArray = gap < 0.0
    if doubtful.any():
        edges = shapely.linestrings(first.take(doubtful).corners()[:, [0, 3]])
        meet[doubtful] = shapely.intersects(edges, shapely.polygons(second.take(doubtful).corners()))
    return meet


def _gap(first: Boxes, offset: Array, second: Boxes) -> Array:
    """(P,) largest gap over the four axes of two boxes [m]; negative = they overlap. `offset` is between centres."""
    ax, ay = first.axis[..., 0], first.axis[..., 1]
    bx, by = second.axis[..., 0], second.axis[..., 1]
    dx, dy = offset[..., 0], offset[..., 1]
    cos, sin = np.abs(ax * bx + ay * by), np.abs(ax * by - ay * bx)
    la, wa, lb, wb = first.half_length, first.half_width, second.half_length, second.half_width
    gap: Array = np.abs(dx * ax + dy * ay) - (la + lb * cos + wb * sin)
    np.maximum(gap, np.abs(dy * ax - dx * ay) - (wa + lb * sin + wb * cos), out=gap)
    np.maximum(gap, np.abs(dx * bx + dy * by) - (lb + la * cos + wa * sin), out=gap)
    np.maximum(gap, np.abs(dy * bx - dx * by) - (wb + la * sin + wa * cos), out=gap)
    return gap
