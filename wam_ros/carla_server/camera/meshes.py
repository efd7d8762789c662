"""Triangle meshes and the shapes they are made of: boxes, ribbons along lines, polygons, tubes.

Plain arrays; knows neither towns nor a renderer. Faces are counter-clockwise seen from outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from wam_ros.core.geometry import Array

Color = tuple[float, float, float]  # red, green, blue, 0..1
_UP = (0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Mesh:
    """Vertices and triangles.

    Fields:
        points: (N, 3) [m].
        normals: (N, 3) unit vectors.
        colors: (N, 3) red, green, blue, 0..1.
        uv: (N, 2) texture coordinates.
        faces: (M, 3) indices of vertices.

    """

    points: Array
    normals: Array
    colors: Array
    uv: Array
    faces: NDArray[np.int64]

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0, yaw: float = 0.0) -> Mesh:
        """The same turned by `yaw` [rad] about z, then shifted [m]."""
        turn = _turn(yaw)
        return replace(self, points=self.points @ turn.T + (x, y, z), normals=self.normals @ turn.T)

    def tinted(self, factors: ArrayLike) -> Mesh:
        """The same with its colours multiplied by (3,) or (N, 3) factors, kept within 0..1."""
        return replace(self, colors=np.clip(self.colors * np.asarray(factors), 0.0, 1.0))

    def mirrored(self) -> Mesh:
        """The mirror image at the plane y = 0."""
        flip = np.array([1.0, -1.0, 1.0])
        return replace(self, points=self.points * flip, normals=self.normals * flip, faces=self.faces[:, ::-1])


def merged(meshes: Iterable[Mesh]) -> Mesh:
    """All of them as one."""
    parts = list(meshes)
    if not parts:
        return Mesh(np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 3)), np.empty((0, 2)), np.empty((0, 3), np.int64))
    starts = np.cumsum([0] + [len(part.points) for part in parts[:-1]])
    return Mesh(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.colors for part in parts]),
        np.concatenate([part.uv for part in parts]),
        np.concatenate([part.faces + start for part, start in zip(parts, starts)]),
    )


def quads(corners: ArrayLike, color: ArrayLike, uv: ArrayLike | None = None) -> Mesh:
    """Flat quadrilaterals.

    Args:
        corners: (N, 4, 3) counter-clockwise seen from the front [m].
        color: (3,) or (N, 3).
        uv: (N, 4, 2) texture coordinates; 0 where not given.

    """
    points = np.asarray(corners, dtype=np.float64)
    count = len(points)
    normals = np.cross(points[:, 2] - points[:, 0], points[:, 3] - points[:, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-12)[:, None]
    first = 4 * np.arange(count)[:, None]
    faces = (first + np.array([0, 1, 2, 0, 2, 3])).reshape(-1, 3)
    coordinates = np.zeros((count, 4, 2)) if uv is None else np.asarray(uv, dtype=np.float64)
    colors = np.broadcast_to(np.asarray(color, dtype=np.float64), (count, 3))
    normals, colors = np.repeat(normals, 4, axis=0), np.repeat(colors, 4, axis=0)
    return Mesh(points.reshape(-1, 3), normals, colors, coordinates.reshape(-1, 2), faces)


def box(
    center: Sequence[float],
    size: Sequence[float],
    color: ArrayLike,
    top: Sequence[float] = (1.0, 1.0),
    shift: float = 0.0,
    top_color: ArrayLike | None = None,
) -> Mesh:
    """A box without its underside, tapered upward at will.

    Args:
        center: Middle of its underside [m].
        size: Along x, y and z [m].
        color: (3,).
        top: Size of the upper side in x and y as a share of the lower one.
        shift: Of the upper side along x [m].
        top_color: (3,) of the upper side, where it differs.

    """
    half_x, half_y, height = size[0] / 2.0, size[1] / 2.0, size[2]
    square = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
    low = np.column_stack([square * (half_x, half_y), np.zeros(4)])
    high = np.column_stack([square * (half_x * top[0], half_y * top[1]) + (shift, 0.0), np.full(4, height)])
    sides = [[low[i], low[(i + 1) % 4], high[(i + 1) % 4], high[i]] for i in range(4)]
    colors = np.array([color] * 4 + [color if top_color is None else top_color], dtype=np.float64)
    return quads(np.array([*sides, list(high)]) + np.asarray(center), colors)


def prism(outline: ArrayLike, half_width: ArrayLike, color: ArrayLike) -> Mesh:
    """A shape given by its outline seen from the left side, as wide as told at each point.

    Args:
        outline: (N, 2) x and z [m], convex, counter-clockwise seen from y = -inf (x to the right, z up).
        half_width: (N,) or one number: extent along y at each point [m].
        color: (3,) or (N, 3): of the strip from each point to the next; the sides take the first.

    """
    points = np.asarray(outline, dtype=np.float64)
    count = len(points)
    half = np.broadcast_to(np.asarray(half_width, dtype=np.float64), (count,))
    right = np.column_stack([points[:, 0], -half, points[:, 1]])
    left = right * (1.0, -1.0, 1.0)
    after = np.roll(np.arange(count), -1)
    skin = quads(np.stack([right, left, left[after], right[after]], axis=1), color)
    first_color = np.asarray(color, dtype=np.float64).reshape(-1, 3)[0]
    fan = np.array([(0, i, i + 1) for i in range(1, count - 1)])
    sides = []
    for points_of_side, faces, sign in ((right, fan, -1.0), (left, fan[:, ::-1], 1.0)):
        normals = np.tile((0.0, sign, 0.0), (count, 1))
        sides.append(Mesh(points_of_side, normals, np.tile(first_color, (count, 1)), np.zeros((count, 2)), faces))
    return merged([skin, *sides])


def tube(start: Sequence[float], end: Sequence[float], radius: float, color: ArrayLike, sides: int = 6) -> Mesh:
    """A straight tube with flat ends [m]."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    axis = (b - a) / np.linalg.norm(b - a)
    across = np.cross(axis, (0.0, 0.0, 1.0) if abs(axis[2]) < 0.9 else (1.0, 0.0, 0.0))
    across /= np.linalg.norm(across)
    angles = 2.0 * math.pi * np.arange(sides) / sides
    ring = radius * (np.cos(angles)[:, None] * across + np.sin(angles)[:, None] * np.cross(axis, across))
    after = np.roll(ring, -1, axis=0)
    skin = quads(np.stack([a + ring, a + after, b + after, b + ring], axis=1), color)
    caps = [disc(a, -axis, ring[::-1], color), disc(b, axis, ring, color)]
    return merged([skin, *caps])


def disc(center: ArrayLike, normal: ArrayLike, ring: Array, color: ArrayLike) -> Mesh:
    """A convex flat face: `ring` (N, 3) are its corners relative to `center`, counter-clockwise about `normal`."""
    count = len(ring)
    faces = np.array([(0, i, i + 1) for i in range(1, count - 1)])
    points = np.asarray(center, dtype=np.float64) + ring
    colors = np.tile(np.asarray(color, dtype=np.float64), (count, 1))
    return Mesh(points, np.tile(np.asarray(normal, dtype=np.float64), (count, 1)), colors, np.zeros((count, 2)), faces)


def flat(shape: Any, z: float, color: ArrayLike, uv_per_meter: float = 0.0) -> Mesh:
    """A shapely polygon or collection of them, lying at height z [m], seen from above."""
    parts = []
    for polygon in shapely.get_parts(shape):
        if polygon.geom_type != "Polygon" or polygon.area < 1e-4:
            continue
        triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(polygon))
        if len(triangles):
            parts.append(shapely.get_coordinates(triangles).reshape(-1, 4, 2)[:, :3])
    corners = np.concatenate(parts) if parts else np.empty((0, 3, 2))
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    clockwise = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] < 0.0
    corners[clockwise] = corners[clockwise, ::-1]
    points, index = np.unique(corners.reshape(-1, 2), axis=0, return_inverse=True)
    count = len(points)
    return Mesh(
        np.column_stack([points, np.full(count, z)]),
        np.tile(_UP, (count, 1)),
        np.tile(np.asarray(color, dtype=np.float64), (count, 1)),
        points * uv_per_meter,
        index.reshape(-1, 3).astype(np.int64),
    )


def offset_line(line: ArrayLike, left: float) -> Array:
    """(N, 2) the polyline `line` (N, 2) shifted to its left by `left` [m], mitred."""
    points = np.asarray(line, dtype=np.float64)
    steps = np.diff(points, axis=0)
    steps /= np.maximum(np.linalg.norm(steps, axis=1), 1e-9)[:, None]
    normals = np.column_stack([-steps[:, 1], steps[:, 0]])
    miters = np.concatenate([normals[:1], normals[:-1] + normals[1:], normals[-1:]])
    miters /= np.maximum(np.linalg.norm(miters, axis=1), 1e-9)[:, None]
    cosines = np.ones(len(points))
    cosines[1:-1] = np.clip((miters[1:-1] * normals[1:]).sum(axis=1), 0.5, 1.0)
    shifted: Array = points + miters * (left / cosines)[:, None]
    return shifted


def ribbon(line: ArrayLike, right: float, left: float, z: float, color: ArrayLike) -> Mesh:
    """A strip along a polyline (N, 2) from offset `right` to offset `left`, both counted to the left [m]."""
    low, high = offset_line(line, right), offset_line(line, left)
    corners = np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1)
    return quads(np.concatenate([corners, np.full((*corners.shape[:2], 1), z)], axis=2), color)


def walls(ring: ArrayLike, low: float, high: float, color: ArrayLike) -> Mesh:
    """Upright faces along a closed ring (N, 2), last point = first; what is inside lies to the left of it."""
    points = np.asarray(ring, dtype=np.float64)
    a, b = points[:-1], points[1:]
    below, above = np.full((len(a), 1), low), np.full((len(a), 1), high)
    corners = [np.hstack([a, below]), np.hstack([b, below]), np.hstack([b, above]), np.hstack([a, above])]
    return quads(np.stack(corners, axis=1), color)


def _turn(yaw: float) -> Array:
    cos, sin = math.cos(yaw), math.sin(yaw)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
