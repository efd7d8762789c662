"""From CARLA's classes of pixels to the small map of classes that a network is asked for. It draws nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wam_ros.training.demo_sample import GRID, SEMANTICS

CELL = 4  # pixels of the drawn image per cell, each way
DRAWN = (90, 160)
"""Rows and columns of the image of classes that `cells` takes; half a row of cells is missing below."""

_CARLA = {  # numbers of CARLA 0.9.16's CityObjectLabel; those left out are background
    "road": (1,),
    "road line": (24,),
    "sidewalk": (2, 10),
    "vehicle": (14, 15, 16),
    "pedestrian": (12,),
    "two-wheeler": (13, 18, 19),
    "traffic light": (7,),
}
# A cell is of the first class that fills this share of it: what is small and matters is not outvoted.
_SHARES = (
    ("traffic light", 0.06),
    ("pedestrian", 0.12),
    ("two-wheeler", 0.12),
    ("vehicle", 0.3),
    ("road line", 0.3),
)


def _table() -> NDArray[np.uint8]:
    table = np.zeros(256, np.uint8)
    for name, numbers in _CARLA.items():
        table[list(numbers)] = SEMANTICS.index(name)
    return table


_TABLE = _table()


def cells(tags: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The map (23, 40) of classes of an image (90, 160) of CARLA's classes."""
    assert tags.shape == DRAWN, f"classes of shape {tags.shape}, wanted {DRAWN}"
    rows, columns = GRID
    padded = np.pad(_TABLE[tags], ((0, rows * CELL - DRAWN[0]), (0, 0)), mode="edge")
    blocks = padded.reshape(rows, CELL, columns, CELL).transpose(0, 2, 1, 3).reshape(rows, columns, CELL * CELL)
    shares = np.stack([(blocks == number).mean(axis=2) for number in range(len(SEMANTICS))])
    found: NDArray[np.uint8] = shares.argmax(axis=0).astype(np.uint8)
    for name, share in reversed(_SHARES):
        number = SEMANTICS.index(name)
        found[shares[number] >= share] = number
    return found
