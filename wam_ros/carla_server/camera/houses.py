"""Houses on given footprints: walls with windows, roofs."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np

from wam_ros.carla_server.camera.meshes import Color, Mesh, disc, merged, quads
from wam_ros.core.geometry import Array

STOREY = 3.2  # m, as high as one tile of the facade
BAY = 3.2  # m, as wide as one tile
STYLES = 3  # of facades
_WALLS: tuple[Color, ...] = (
    (0.80, 0.62, 0.50),
    (0.86, 0.82, 0.72),
    (0.66, 0.68, 0.72),
    (0.88, 0.74, 0.55),
    (0.68, 0.50, 0.44),
    (0.76, 0.80, 0.82),
    (0.84, 0.84, 0.82),
    (0.70, 0.74, 0.64),
)
_ROOFS: tuple[Color, ...] = ((0.52, 0.28, 0.22), (0.38, 0.36, 0.37), (0.45, 0.33, 0.27), (0.50, 0.50, 0.50))


def house(footprint: Array, height: float, rng: random.Random) -> tuple[int, Mesh, Mesh]:
    """A house: style of its facade, walls, roof.

    Args:
        footprint: Convex ring of corners (N, 2), counter-clockwise, not closed [m].
        height: From the ground to the top of its roof [m].
        rng: Decides about style and colours.

    """
    low = height < 10.5
    style = 0 if low else rng.randrange(STYLES)
    walls, roofing, pitched = rng.choice(_WALLS), rng.choice(_ROOFS), low or rng.random() < 0.3
    along = _long_axis(footprint)
    span = float(np.ptp(footprint @ (-along[1], along[0])))
    eaves = height - (min(0.28 * span, 0.35 * height) if pitched else 0.5)
    roof = _pitched(footprint, eaves, height, roofing) if pitched else _level(footprint, eaves, height)
    return style, _walls(footprint, eaves, walls), roof


def _walls(ring: Array, height: float, color: Color) -> Mesh:
    a, b = ring, np.roll(ring, -1, axis=0)
    low, high = np.zeros((len(a), 1)), np.full((len(a), 1), height)
    corners = np.stack([np.hstack([a, low]), np.hstack([b, low]), np.hstack([b, high]), np.hstack([a, high])], axis=1)
    bays = np.maximum(np.round(np.linalg.norm(b - a, axis=1) / BAY), 1.0)
    zero, up = np.zeros(len(a)), np.full(len(a), max(round(height / STOREY), 1))
    uv = np.stack([np.column_stack(c) for c in ((zero, zero), (bays, zero), (bays, up), (zero, up))], axis=1)
    return quads(corners, color, uv)


def _pitched(ring: Array, eaves: float, top: float, color: Color) -> Mesh:
    """A hipped roof: the ring drawn in toward the middle and lifted."""
    middle = ring.mean(axis=0)
    return _cap(middle + (ring - middle) * 1.05, middle + (ring - middle) * 0.25, eaves - 0.05, top, color)


def _level(ring: Array, low: float, high: float) -> Mesh:
    """A flat roof behind a low wall."""
    return _cap(ring, ring, low, high, (0.58, 0.58, 0.57))


def _long_axis(ring: Array) -> Array:
    edges = np.roll(ring, -1, axis=0) - ring
    longest: Array = edges[int(np.argmax(np.linalg.norm(edges, axis=1)))]
    return longest / math.hypot(*longest)


def _cap(low_ring: Array, high_ring: Array, low: float, high: float, color: Sequence[float]) -> Mesh:
    count = len(low_ring)
    a = np.column_stack([low_ring, np.full(count, low)])
    c = np.column_stack([high_ring, np.full(count, high)])
    sides = quads(np.stack([a, np.roll(a, -1, axis=0), np.roll(c, -1, axis=0), c], axis=1), color)
    return merged([sides, disc((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), c, color)])
