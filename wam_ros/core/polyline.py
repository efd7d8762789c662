"""A directed polyline in the plane with arc length: the shape of routes and of lane centrelines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array

MIN_SEGMENT = 1e-3  # m; points closer than this to the one before are the same point


class Projection(NamedTuple):
    """Where a point falls on a polyline."""

    arc_length: float  # m from the start, within [0, length]
    lateral: float  # m, positive to the left of the direction of travel; signed only in its side
    distance: float  # m to the nearest point of the polyline, >= 0


@dataclass(frozen=True, eq=False)
class Polyline:
    """Points (N, 2) [m] in order of travel, N >= 2 after repeated points are dropped.

    Raises:
        InputError: Fewer than two distinct points, another shape, or a value that is not finite.

    """

    points: Array
    arc_lengths: Array = field(init=False)  # (N,) m from the start, strictly increasing

    def __post_init__(self) -> None:
        points = frozen_array(self.points, "polyline", (None, 2))
        if not np.isfinite(points).all():
            bad = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
            msg = f"polyline: point {bad} is {points[bad].tolist()}, wanted finite numbers"
            raise InputError(msg)
        points = _without_repeats(points)
        if len(points) < 2:
            msg = f"polyline: {len(points)} distinct point(s), wanted at least 2"
            raise InputError(msg)
        steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
        arc_lengths = np.concatenate([[0.0], np.cumsum(steps)])
        points.setflags(write=False)
        arc_lengths.setflags(write=False)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "arc_lengths", arc_lengths)

    @property
    def length(self) -> float:
        """Arc length of the whole line [m]."""
        return float(self.arc_lengths[-1])

    def project(self, point: ArrayLike, near: float | None = None, window: float = 50.0) -> Projection:
        """The nearest place on the line to `point` (2,) [m].

        With `near`, only places within `window` metres of that arc length count: a line that crosses itself
        does not pull a follower to its later part.
        """
        point = np.asarray(point, dtype=np.float64)
        starts, steps = self.points[:-1], np.diff(self.points, axis=0)
        lengths = np.diff(self.arc_lengths)
        along = np.clip(np.einsum("ij,ij->i", point - starts, steps) / lengths**2, 0.0, 1.0)
        feet = starts + along[:, None] * steps
        distances = np.linalg.norm(point - feet, axis=1)
        if near is not None:
            outside = (self.arc_lengths[1:] < near - window) | (self.arc_lengths[:-1] > near + window)
            distances_in = np.where(outside, np.inf, distances)
            distances = distances_in if np.isfinite(distances_in).any() else distances
        best = int(np.argmin(distances))
        offset = point - feet[best]
        cross = steps[best, 0] * offset[1] - steps[best, 1] * offset[0]
        distance = float(distances[best])
        return Projection(
            arc_length=float(self.arc_lengths[best] + along[best] * lengths[best]),
            lateral=distance if cross >= 0.0 else -distance,
            distance=distance,
        )

    def distances(self, points: ArrayLike) -> Array:
        """(M,) distance of each of `points` (M, 2) to the line [m]."""
        queries = np.asarray(points, dtype=np.float64)[:, None, :]
        starts, steps = self.points[:-1], np.diff(self.points, axis=0)
        along = np.einsum("mij,ij->mi", queries - starts, steps) / np.diff(self.arc_lengths) ** 2
        feet = starts + np.clip(along, 0.0, 1.0)[..., None] * steps
        nearest: Array = np.linalg.norm(queries - feet, axis=2).min(axis=1)
        return nearest

    def position(self, arc_length: ArrayLike) -> Array:
        """(..., 2) points at the given arc lengths [m]; beyond the ends the end segments go on straight."""
        s = np.asarray(arc_length, dtype=np.float64)
        index = np.clip(np.searchsorted(self.arc_lengths, s, side="right") - 1, 0, len(self.points) - 2)
        start, step = self.points[index], self.points[index + 1] - self.points[index]
        share = (s - self.arc_lengths[index]) / (self.arc_lengths[index + 1] - self.arc_lengths[index])
        on_line: Array = start + share[..., None] * step
        return on_line

    def heading(self, arc_length: ArrayLike, span: float = 1.0) -> Array:
        """(...,) direction of travel [rad], of the chord over `span` metres around each arc length."""
        s = np.asarray(arc_length, dtype=np.float64)
        chord = self.position(s + span / 2.0) - self.position(s - span / 2.0)
        direction: Array = np.arctan2(chord[..., 1], chord[..., 0])
        return direction

    def curvature(self, arc_length: ArrayLike, span: float = 4.0) -> Array:
        """(...,) signed curvature [1/m], left positive: change of heading over `span` metres."""
        s = np.asarray(arc_length, dtype=np.float64)
        turn = self.heading(s + span / 2.0, span) - self.heading(s - span / 2.0, span)
        signed: Array = ((turn + np.pi) % (2.0 * np.pi) - np.pi) / span
        return signed


def _without_repeats(points: Array) -> Array:
    kept = [0] if len(points) else []
    for index in range(1, len(points)):
        if np.linalg.norm(points[index] - points[kept[-1]]) >= MIN_SEGMENT:
            kept.append(index)
    return points[kept].copy()
