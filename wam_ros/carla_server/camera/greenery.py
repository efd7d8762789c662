"""Trees and street lamps: where they stand beside the road, and their shapes."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import numpy as np
import shapely

from wam_ros.carla_server.camera.meshes import Mesh, box, merged, tube
from wam_ros.core.geometry import Array
from wam_ros.core.lane_graph import LaneGraph

TREES_PER_HECTARE_OF_VERGE = 110.0
LAMP_DISTANCE = 34.0  # m along a road
_TRUNK = (0.33, 0.25, 0.17)
_STEEL = (0.36, 0.37, 0.39)


def tree_places(verge: shapely.Geometry, rng: random.Random) -> list[tuple[float, float]]:
    """Places in the polygon `verge`, at least 3 m apart."""
    left, bottom, right, top = verge.bounds
    count = int((right - left) * (top - bottom) / 1e4 * TREES_PER_HECTARE_OF_VERGE)
    shapely.prepare(verge)
    found: list[tuple[float, float]] = []
    cells: set[tuple[int, int]] = set()
    for _ in range(count):
        x, y = rng.uniform(left, right), rng.uniform(bottom, top)
        cell = (int(x // 5.0), int(y // 5.0))
        if cell not in cells and shapely.contains_xy(verge, x, y):
            cells.add(cell)
            found.append((x, y))
    return found


def tree(rng: random.Random) -> Mesh:
    """One tree at the origin: a trunk and a crown of one or two lumps."""
    height = rng.uniform(3.6, 6.5)
    green = np.array([rng.uniform(0.16, 0.30), rng.uniform(0.36, 0.50), rng.uniform(0.12, 0.20)])
    radius = rng.uniform(1.3, 2.1)
    lumps = [_lump((0.0, 0.0, height - 0.7 * radius), radius, green, rng)]
    if rng.random() < 0.6:
        at = rng.uniform(0.0, 2.0 * math.pi)
        lumps.append(_lump((0.6 * math.cos(at), 0.6 * math.sin(at), height + 0.3 * radius), 0.65 * radius, green, rng))
    return merged([tube((0, 0, -0.1), (0, 0, height - radius), 0.16, _TRUNK, 5), *lumps])


def _lump(center: Sequence[float], radius: float, color: Array, rng: random.Random) -> Mesh:
    """A rough ball, darker below."""
    sides, rows = 7, (-0.9, -0.25, 0.45, 1.0)
    points = []
    for row, z in enumerate(rows):
        wide = math.sqrt(max(1.0 - z * z, 0.08))
        for side in range(sides):
            angle = 2.0 * math.pi * (side + 0.5 * (row % 2)) / sides
            r = radius * wide * rng.uniform(0.82, 1.12)
            points.append((r * math.cos(angle), r * math.sin(angle), radius * z * rng.uniform(0.9, 1.1)))
    faces = []
    for row in range(len(rows) - 1):
        for side in range(sides):
            a, b = row * sides + side, row * sides + (side + 1) % sides
            c, d = a + sides, b + sides
            faces += [(a, b, c), (b, d, c)]
    top = (len(rows) - 1) * sides
    faces += [(top, top + side, top + side + 1) for side in range(1, sides - 1)]
    local = np.array(points)
    normals = local / np.linalg.norm(local, axis=1)[:, None]
    shade = np.interp(local[:, 2] / radius, (-1.0, 1.0), (0.62, 1.12))
    colors = np.clip(shade[:, None] * color, 0.0, 1.0)
    return Mesh(local + np.asarray(center), normals, colors, np.zeros((len(local), 2)), np.array(faces))


def lamp_places(lanes: LaneGraph, free: shapely.Geometry) -> list[tuple[float, float, float]]:
    """x, y and yaw (towards the road) beside the rightmost lanes, at regular distances, where `free` says so."""
    shapely.prepare(free)
    found = []
    for lane in lanes.lanes.values():
        if lane.in_junction or lane.right is not None:
            continue
        for s in np.arange(LAMP_DISTANCE / 2.0, lane.centerline.length - 5.0, LAMP_DISTANCE):
            heading = float(lane.centerline.heading(s))
            aside = lane.width / 2.0 + 2.6
            x, y = lane.centerline.position(s) + aside * np.array([math.sin(heading), -math.cos(heading)])
            if shapely.contains_xy(free, x, y):
                found.append((float(x), float(y), heading + math.pi / 2.0))
    return found


def street_lamp() -> Mesh:
    """A lamp at the origin that reaches along +x."""
    pole = tube((0.0, 0.0, 0.0), (0.0, 0.0, 7.0), 0.07, _STEEL, 5)
    arm = tube((0.0, 0.0, 6.95), (1.6, 0.0, 7.1), 0.05, _STEEL, 4)
    return merged([pole, arm, box((1.7, 0.0, 7.02), (0.7, 0.26, 0.12), _STEEL)])
