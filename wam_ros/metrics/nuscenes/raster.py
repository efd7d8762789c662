"""The 200 x 200 grid of 0.5 m cells on which the published code looks for collisions, in its three variants.

Obstacles are filled polygons whose corners are rounded to cells, by OpenCV's fillPoly (which also marks the rim), as
in all three originals. The ego is a block of cells moved to each waypoint, never turned. It knows no obstacle classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.metrics.nuscenes.sample import LENGTH, WIDTH, YAW, BoolArray, X, Y

CELLS = 200
RESOLUTION = 0.5
"""Side of a cell [m]."""

_HALF = 50.0  # m
_MIDDLE = _HALF - RESOLUTION / 2.0  # m, of the first cell from the middle of the grid

# The cells whose middles lie in a box of 4.084 x 1.85 m that is moved 0.5 m ahead, when the ego is at the origin.
_EGO_ROWS = np.arange(97, 105)
_EGO_COLUMNS = np.arange(98, 102)


@dataclass(frozen=True)
class Raster:
    """Which way rows and columns run.

    Fields:
        columns_to_left: ST-P3 draws in axes x ahead, y left; the others in the LiDAR's.
        rows_to_back: VAD turns rows round, after rounding: cells can lie one off.

    """

    columns_to_left: bool = False
    rows_to_back: bool = False

    def occupied(self, boxes: Array) -> BoolArray:
        """(200, 200) cells, row first, covered by boxes (M, 5)."""
        corners = self._turned(_corners(boxes))
        corners[..., Y] *= -1.0 if self.rows_to_back else 1.0
        polygons = np.round((corners + _HALF) / RESOLUTION).astype(np.int32)
        grid = np.zeros((CELLS, CELLS), dtype=np.uint8)
        for polygon in polygons:
            cv2.fillPoly(grid, [polygon], 1)
        return grid.astype(np.bool_)

    def box_hits(self, occupied: BoolArray, position: Array) -> bool:
        """Whether one of the ego's cells is occupied, with the ego at a position (2,).

        Cells outside the grid count as those on its edge.
        """
        x, y = self._turned(_single(position)) / RESOLUTION
        rows = CELLS - (y + _EGO_ROWS) if self.rows_to_back else y + _EGO_ROWS
        return bool(occupied[np.ix_(_on_grid(rows), _on_grid(x + _EGO_COLUMNS))].any())

    def point_hits(self, occupied: BoolArray, position: Array) -> bool:
        """Whether the cell of a position (2,) is occupied; never outside the grid.

        VAD looks 25 m away from where the ego is: its code halves the offset of the grid. The figure is told as it
        would tell it.
        """
        x, y = self._turned(_single(position))
        if self.rows_to_back:
            row, column = (_MIDDLE / 2.0 - y) / RESOLUTION, (_MIDDLE / 2.0 + x) / RESOLUTION
        else:
            row, column = (y + _MIDDLE) / RESOLUTION, (x + _MIDDLE) / RESOLUTION
        cell = int(row), int(column)  # towards zero, as in the originals
        return min(cell) >= 0 and max(cell) < CELLS and bool(occupied[cell])

    def _turned(self, points: Array) -> Array:
        turned = np.array(points)
        if self.columns_to_left:
            turned[..., X] *= -1.0
        return turned


def _corners(boxes: Array) -> Array:
    """(M, 4, 2) of boxes (M, 5), going round."""
    ahead = np.array([1.0, -1.0, -1.0, 1.0]) * boxes[:, LENGTH, None] / 2.0
    aside = np.array([1.0, 1.0, -1.0, -1.0]) * boxes[:, WIDTH, None] / 2.0
    cos, sin = np.cos(boxes[:, YAW, None]), np.sin(boxes[:, YAW, None])
    x, y = boxes[:, X, None] + ahead * cos - aside * sin, boxes[:, Y, None] + ahead * sin + aside * cos
    return np.stack([x, y], axis=-1)


def _single(position: Array) -> Array:
    """In single precision, as in the originals: it decides the cell of a waypoint on a cell's edge."""
    return position.astype(np.float32).astype(np.float64)


def _on_grid(cells: Array) -> Array:
    inside: Array = np.clip(np.trunc(cells), 0, CELLS - 1).astype(np.intp)
    return inside
