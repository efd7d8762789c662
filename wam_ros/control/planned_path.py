"""The line through a plan's waypoints: a smooth curve by arc length. It knows no time and no vehicle.

It is no curve from the vehicle to the first waypoint: a planner that does not mind where in its lane the vehicle stands
would then have it back in the lane within half a second, and again with the next plan; with the lags of a vehicle that
swings up. The curve is continued back to the vehicle's side instead, and how far the vehicle is off it is an error,
which the controller takes back calmly.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from wam_ros.core.geometry import SE2, Array

_MIN_CHORD = 1.5  # m; waypoints closer than this to the one before say little of how the path bends
_FIRST = 0.3  # m; nor does a first waypoint closer than this to the vehicle
_SAMPLE = 0.25  # m between samples, about
_MAX_SAMPLES = 800
_MARGIN = 1.0  # m; continued this much further back than the vehicle


class PathPoint(NamedTuple):
    """Where a pose stands to the path."""

    arc_length: float  # of the nearest point [m]; beyond both ends on straight continuations
    lateral: float  # of the pose, left of the path positive [m]
    heading: float  # of the path there [rad], not wrapped


class PlannedPath:
    """A curve through a plan's positions, by arc length [m] from somewhere behind the vehicle.

    Through positions at least 1.5 m apart it is the cubic spline with continuous second derivative over the chord
    length, that of the first and of the last piece held (de Boor, "A Practical Guide to Splines", ch. IV), which
    samples of a circle come close to. With less than two such positions it is the straight line ahead of the vehicle.

    Args:
        start: Pose of the vehicle at the plan's t0.
        positions: (N, 2) finite [m].

    """

    def __init__(self, start: SE2, positions: Array) -> None:
        nodes, nearest = _nodes(start, positions)
        self.bends = len(nodes) > 1
        if not self.bends:  # it hardly moves: straight on
            ahead = np.array([math.cos(start.yaw), math.sin(start.yaw)])
            nodes, nearest = start.position + np.array([[0.0], [_MIN_CHORD]]) * ahead, [0] * len(positions)
        samples, at_nodes = _sampled(nodes)
        back = _continued_back(samples, float(np.hypot(*(nodes[0] - start.position))) + _MARGIN)
        samples, at_nodes = np.concatenate([back, samples]), at_nodes + len(back)
        steps = np.diff(samples, axis=0)
        self._points = samples
        self._arc = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
        self._middles = 0.5 * (self._arc[:-1] + self._arc[1:])
        self._headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
        headings = self._headings[np.minimum(at_nodes, len(steps) - 1)]
        self.waypoints = _waypoint_arcs(positions, nodes, nearest, self._arc[at_nodes], headings)

    def heading(self, arc_length: float) -> float:
        """Direction of travel [rad], not wrapped."""
        return float(np.interp(arc_length, self._middles, self._headings))

    def curvature(self, arc_length: float, span: float) -> float:
        """Mean curvature over `span` around `arc_length` [1/m], left positive.

        Where the span reaches beyond an end, it is the mean over what there is of it, at least half a span.
        """
        first, last = float(self._middles[0]), float(self._middles[-1])
        low = min(max(arc_length - 0.5 * span, first), last - 0.5 * span)
        high = max(min(arc_length + 0.5 * span, last), low + 0.5 * span)
        return (self.heading(high) - self.heading(low)) / (high - low)

    def project(self, x: float, y: float, near: float, window: float) -> PathPoint:
        """The nearest place to a point [m], among those within `window` metres of arc length of `near`.

        The window keeps a path that crosses itself, such as a full circle, from pulling to its later part.
        """
        starts, steps = self._points[:-1], np.diff(self._points, axis=0)
        squares = np.einsum("ij,ij->i", steps, steps)
        away = np.array([x, y]) - starts
        shares = np.einsum("ij,ij->i", away, steps) / squares
        clipped = np.clip(shares, 0.0, 1.0)
        gaps = np.hypot(*(away - clipped[:, None] * steps).T)
        outside = (self._arc[1:] < near - window) | (self._arc[:-1] > near + window)
        if not outside.all():
            gaps[outside] = np.inf
        index = int(np.argmin(gaps))
        share = float(clipped[index])
        if (index == 0 and share == 0.0) or (index == len(shares) - 1 and share == 1.0):
            share = float(shares[index])  # on the straight continuation
        length = math.sqrt(float(squares[index]))
        arc_length = float(self._arc[index]) + share * length
        lateral = float(steps[index, 0] * away[index, 1] - steps[index, 1] * away[index, 0]) / length
        return PathPoint(arc_length, lateral, self.heading(arc_length))


def _nodes(start: SE2, positions: Array) -> tuple[Array, list[int]]:
    """The positions that shape the curve, (K, 2), and which of them is the last before each position."""
    nodes: list[Array] = []
    direction, last = np.array([math.cos(start.yaw), math.sin(start.yaw)]), start.position
    nearest = []
    for number, point in enumerate(positions, 1):
        chord = point - last
        length = float(np.hypot(*chord))
        wanted = _FIRST if not nodes else 0.5 * _MIN_CHORD if number == len(positions) else _MIN_CHORD
        if length >= wanted and float(chord @ direction) > 0.0:
            nodes.append(point)
            direction, last = chord / length, point
        nearest.append(max(len(nodes) - 1, 0))
    return np.array(nodes).reshape(-1, 2), nearest


def _sampled(nodes: Array) -> tuple[Array, Array]:
    """Points (M, 2) along the spline through nodes (K, 2), and the index of each node among them (K,)."""
    chords = np.diff(nodes, axis=0)
    h = np.hypot(chords[:, 0], chords[:, 1])
    slopes = chords / h[:, None]
    count = len(nodes)
    # Second derivatives m: continuous slopes at inner nodes, m held over the first and the last piece.
    system, right = np.zeros((count, count)), np.zeros((count, 2))
    for i in range(1, count - 1):
        system[i, i - 1 : i + 2] = h[i - 1], 2.0 * (h[i - 1] + h[i]), h[i]
        right[i] = 6.0 * (slopes[i] - slopes[i - 1])
    system[0, :2] = 1.0, -1.0
    system[-1, -2:] = (-1.0, 1.0) if count > 2 else (0.0, 1.0)
    m = np.linalg.solve(system, right)
    pieces = np.clip(np.ceil(h / max(_SAMPLE, float(h.sum()) / _MAX_SAMPLES)), 2, None).astype(int)
    index = np.repeat(np.arange(count - 1), pieces)
    ends = np.cumsum(pieces)
    share = (np.arange(len(index)) - np.repeat(ends - pieces, pieces)) / pieces[index]
    u = (share * h[index])[:, None]
    first = slopes - h[:, None] * (2.0 * m[:-1] + m[1:]) / 6.0
    third = (m[1:] - m[:-1]) / h[:, None]
    inner = nodes[index] + u * (first[index] + u * (m[index] / 2.0 + u * third[index] / 6.0))
    return np.concatenate([inner, nodes[-1:]]), np.concatenate([[0], ends])


def _continued_back(samples: Array, length: float) -> Array:
    """(M, 2) points of the arc that leads to the first sample, over `length`, with the bend of what follows."""
    steps = np.diff(samples[: min(len(samples), 7)], axis=0)
    chords = np.hypot(steps[:, 0], steps[:, 1])
    headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    driven = float(chords.sum() - 0.5 * (chords[0] + chords[-1]))
    bend = float(headings[-1] - headings[0]) / driven if driven > 0.0 else 0.0
    count = max(math.ceil(length / max(_SAMPLE, length / _MAX_SAMPLES)), 1)
    step = length / count
    turned = float(headings[0]) - bend * (0.5 * float(chords[0]) + step * (np.arange(count) + 0.5))
    back = step * np.stack([np.cos(turned), np.sin(turned)], axis=1)
    points: Array = samples[0] - np.cumsum(back, axis=0)
    return points[::-1]


def _waypoint_arcs(positions: Array, nodes: Array, nearest: list[int], arcs: Array, headings: Array) -> Array:
    """(N,) arc length of each position, never falling."""
    ahead = np.stack([np.cos(headings), np.sin(headings)], axis=1)
    along = np.einsum("ij,ij->i", positions - nodes[nearest], ahead[nearest])
    found: Array = np.maximum.accumulate(arcs[nearest] + along)
    return found
