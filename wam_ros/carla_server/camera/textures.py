"""Surfaces drawn by rule: asphalt, grass, paving, facades with windows. Images whose size is a power of two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.geometry import Array

Image = NDArray[np.uint8]


def asphalt() -> Image:
    """Fine grain around a dark gray."""
    gray = 78.0 + _noise(128, [(128, 14.0), (64, 10.0), (8, 8.0)], 1)
    return _image(gray[..., None] * (1.0, 1.0, 1.03))


def grass() -> Image:
    """Blotches of two greens."""
    share = _noise(128, [(128, 0.30), (32, 0.30), (8, 0.40)], 2)[..., None]
    return _image(np.array([78.0, 112.0, 54.0]) * (1.0 - share) + np.array([112.0, 138.0, 76.0]) * share)


def paving() -> Image:
    """Slabs with joints; 2 x 2 of them."""
    gray = 196.0 + _noise(64, [(64, 14.0), (16, 10.0)], 3)
    for joint in (0, 32):
        gray[joint, :] -= 34.0
        gray[:, joint] -= 34.0
    return _image(gray[..., None] * (1.0, 0.99, 0.97))


def facade(style: int) -> Image:
    """One storey, one window wide: 0 = dwelling, 1 = offices with bands of glass, 2 = tall windows."""
    wall = np.full((64, 64, 3), 226.0) + _noise(64, [(64, 10.0), (16, 6.0)], 4 + style)[..., None]
    glass = np.linspace(1.25, 0.8, 64)[:, None, None] * np.array([72.0, 88.0, 108.0])
    rows, columns = ((16, 44), (18, 46)) if style == 0 else ((14, 46), (2, 62)) if style == 1 else ((8, 54), (21, 43))
    (top, bottom), (left, right) = rows, columns
    wall[top - 2 : bottom + 3, left - 2 : right + 2] *= 0.86  # frame
    wall[top:bottom, left:right] = np.broadcast_to(glass[top:bottom], (bottom - top, right - left, 3))
    if style != 1:
        middle = (left + right) // 2
        wall[top:bottom, middle - 1 : middle + 1] = 205.0
    wall[bottom : bottom + 3, left - 3 : right + 3] = 240.0  # sill
    wall[:2] *= 0.85
    return _image(wall)


def _noise(size: int, octaves: Sequence[tuple[int, float]], seed: int) -> Array:
    """(size, size): sum of coarse and fine noise; each octave = (cells across, amplitude)."""
    rng = np.random.default_rng(seed)
    total = np.zeros((size, size))
    for cells, amplitude in octaves:
        scale = size // cells
        total += amplitude * np.kron(rng.random((cells, cells)), np.ones((scale, scale)))
    return total


def _image(values: Array) -> Image:
    return np.clip(values, 0.0, 255.0).astype(np.uint8)
