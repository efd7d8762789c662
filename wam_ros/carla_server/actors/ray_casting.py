"""Rays against boxes that stand on level ground. It knows nothing of what the boxes are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.geometry import Array

GROUND, NOTHING = -1, -2
_TINY = 1e-12


class Box(NamedTuple):
    """x, y of its middle, height of its underside z [m], yaw [rad], length, width, height [m]."""

    x: float
    y: float
    z: float
    yaw: float
    length: float
    width: float
    height: float


class Hits(NamedTuple):
    """For each ray: distance to the first thing [m], infinite if there is none, and index of the box, or a constant."""

    distances: Array
    indices: NDArray[np.int64]


def cast_rays(origin: Array, directions: Array, boxes: list[Box], reach: float) -> Hits:
    """First hits of rays from `origin` (3,) along unit `directions` (N, 3), up to `reach` [m].

    Slab method in the axes of each box. A box that holds the origin is looked through: it is the sensor's own.
    """
    distances = np.full(len(directions), np.inf)
    indices = np.full(len(directions), NOTHING, dtype=np.int64)
    with np.errstate(divide="ignore"):
        ground = np.where(directions[:, 2] < -_TINY, -origin[2] / directions[:, 2], np.inf)
    on_ground = (ground >= 0.0) & (ground <= reach)
    distances[on_ground], indices[on_ground] = ground[on_ground], GROUND
    for index, box in enumerate(boxes):
        if np.hypot(box.x - origin[0], box.y - origin[1]) > reach + np.hypot(box.length, box.width) / 2.0:
            continue
        found = _box_distances(origin, directions, box)
        nearer = (found < distances) & (found <= reach)
        distances[nearer], indices[nearer] = found[nearer], index
    return Hits(distances, indices)


def _box_distances(origin: Array, directions: Array, box: Box) -> Array:
    cos, sin = np.cos(box.yaw), np.sin(box.yaw)
    turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    half = np.array([box.length, box.width, box.height]) / 2.0
    start = turn @ (origin - np.array([box.x, box.y, box.z + half[2]]))
    if np.all(np.abs(start) <= half):
        return np.full(len(directions), np.inf)
    along = directions @ turn.T
    along = np.where(np.abs(along) < _TINY, _TINY, along)
    first, second = (-half - start) / along, (half - start) / along
    enter = np.minimum(first, second).max(axis=1)
    leave = np.maximum(first, second).min(axis=1)
    result: Array = np.where((enter <= leave) & (enter >= 0.0), enter, np.inf)
    return result
