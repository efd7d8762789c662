"""Boxes that overlap: separating axes over many boxes at once. It knows nothing of what the boxes are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wam_ros.core.geometry import Array


class Contact(NamedTuple):
    """One overlap."""

    other: int  # index of the other box
    depth: float  # m that one has to move to be free
    normal: tuple[float, float]  # unit direction of least overlap, toward the other


def contacts(box: Array, others: Array) -> list[Contact]:
    """Overlaps of `box` (5,) with `others` (N, 5): x, y [m], yaw [rad], length, width [m] each.

    Two rectangles overlap when their shadows overlap on the axes of both (separating axis theorem).
    """
    if not len(others):
        return []
    reach = 0.5 * (np.hypot(box[3], box[4]) + np.hypot(others[:, 3], others[:, 4]))
    delta = others[:, :2] - box[:2]
    near = np.flatnonzero(np.einsum("ij,ij->i", delta, delta) < reach**2)
    found = []
    for index in near.tolist():
        hit = _contact(box, others[index])
        if hit is not None:
            found.append(Contact(index, *hit))
    return found


def _contact(box: Array, other: Array) -> tuple[float, tuple[float, float]] | None:
    yaws = np.array([box[2], box[2] + np.pi / 2.0, other[2], other[2] + np.pi / 2.0])
    axes = np.column_stack([np.cos(yaws), np.sin(yaws)])
    apart = axes @ (other[:2] - box[:2])
    halves = np.abs(axes @ axes.T) @ np.array([[box[3], 0.0], [box[4], 0.0], [0.0, other[3]], [0.0, other[4]]]) / 2.0
    overlap = halves.sum(axis=1) - np.abs(apart)
    least = int(np.argmin(overlap))
    if overlap[least] <= 0.0:
        return None
    sign = 1.0 if apart[least] >= 0.0 else -1.0
    return float(overlap[least]), (float(sign * axes[least, 0]), float(sign * axes[least, 1]))
