"""The painted road of a town: its surface and its markings, from the LaneGraph, so that paint and lanes agree.

Everything lies at height 0. Knows nothing of what stands beside the road.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.ops import substring

from wam_ros.carla_server.camera.meshes import Color, Mesh, flat, merged, quads, ribbon
from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.polyline import Polyline

WHITE: Color = (0.92, 0.92, 0.90)
YELLOW: Color = (0.93, 0.72, 0.13)
LINE_WIDTH = 0.15  # m
EDGE_INSET = 0.20  # m from the lane's edge to the middle of the line along it
DASH, GAP = 3.0, 4.5  # m
NO_CHANGE = 15.0  # m before a junction over which the dashed line is solid
STOP_LINE_DEPTH = 0.45  # m, ends where the lane ends
_STRAIGHT = math.radians(30.0)  # turns less than this are no turns
_FINE = 0.01  # m; points that move a line by less are left out


def road_surface(
    lanes: LaneGraph, junctions: Sequence[Sequence[tuple[float, float]]], sidewalks: shapely.Geometry
) -> shapely.Geometry:
    """What is asphalt, without slits and specks: all lanes at their width, and of junctions what is no sidewalk."""
    shapes = [lane_shape(lane) for lane in lanes.lanes.values()]
    inside = shapely.union_all([shapely.Polygon(ring).buffer(0.0) for ring in junctions])
    shapes.append(inside.difference(sidewalks))
    return shapely.unary_union(shapes).buffer(0.3, join_style="mitre").buffer(-0.3, join_style="mitre").simplify(_FINE)


def lane_shape(lane: Lane) -> shapely.Geometry:
    """The area of a lane."""
    return simplified(lane.centerline.points).buffer(lane.width / 2.0 + 0.01, cap_style="flat", join_style="mitre")


def simplified(points: Array) -> LineString:
    """A line without the points that make no difference to the eye."""
    return LineString(points).simplify(_FINE)


def markings(lanes: LaneGraph, stop_lines: Iterable[Array]) -> Mesh:
    """All paint that follows from the lanes: edges, dividers, stop lines, turn arrows; none inside junctions."""
    parts = []
    for lane in lanes.lanes.values():
        if not lane.in_junction:
            parts += _lines(lanes, lane) + _arrows(lanes, lane)
    parts += [_stop_line(np.asarray(line)) for line in stop_lines]
    return merged(parts)


def turn_of(lanes: LaneGraph, first: str) -> str:
    """Where a connection inside a junction leads: "left", "straight" or "right"."""
    start = lanes.lanes[first].centerline
    last, seen = lanes.lanes[first], {first}
    while last.in_junction and last.successors and last.successors[0] not in seen:
        after = lanes.lanes[last.successors[0]]
        if not after.in_junction:
            break
        seen.add(after.id)
        last = after
    end = last.centerline
    turn = float(wrap_angle(end.heading(end.length - 0.5) - start.heading(0.5)))
    if abs(turn) < _STRAIGHT:
        return "straight"
    return "left" if turn > 0.0 else "right"


def crossing_stripes(line: Array, width: float) -> Mesh:
    """A zebra crossing along the way that people walk (N, 2) [m], `width` [m] deep."""
    way = Polyline(line)
    count = max(int((way.length - 0.4) / 1.0), 1)
    margin = (way.length - count + 0.5) / 2.0
    corners = []
    for index in range(count):
        start = margin + index
        a, b = way.position(start), way.position(start + 0.5)
        along = (b - a) / np.linalg.norm(b - a)
        across = np.array([-along[1], along[0]]) * (width / 2.0 - 0.3)
        corners.append([(*(a - across), 0.0), (*(b - across), 0.0), (*(b + across), 0.0), (*(a + across), 0.0)])
    return quads(np.array(corners), WHITE)


def _lines(lanes: LaneGraph, lane: Lane) -> list[Mesh]:
    line, half = simplified(lane.centerline.points), lane.width / 2.0
    points = np.array(line.coords)
    parts = []
    inner = half - EDGE_INSET - LINE_WIDTH / 2.0
    if lane.right is None:
        parts.append(ribbon(points, -inner - LINE_WIDTH, -inner, 0.0, WHITE))
    if lane.left is None:
        yellow = half - 0.10 - LINE_WIDTH  # two lanes side by side make a double line, 0.2 m apart
        parts.append(ribbon(points, yellow, yellow + LINE_WIDTH, 0.0, YELLOW))
        return parts
    leads_into_junction = any(lanes.lanes[name].in_junction for name in lane.successors)
    solid_from = line.length - NO_CHANGE if leads_into_junction and line.length > 2.0 * NO_CHANGE else line.length
    starts = np.arange(1.0, solid_from - DASH, DASH + GAP)
    pieces = [substring(line, start, start + DASH) for start in starts]
    if solid_from < line.length:
        pieces.append(substring(line, solid_from, line.length))
    divider = [ribbon(np.array(p.coords), half - LINE_WIDTH / 2, half + LINE_WIDTH / 2, 0.0, WHITE) for p in pieces]
    return parts + divider


def _stop_line(ends: Array) -> Mesh:
    """A bar before the line from its left to its right end."""
    left, right = ends
    across = (right - left) / np.linalg.norm(right - left)
    back = STOP_LINE_DEPTH * np.array([across[1], -across[0]])
    inset = 0.15 * across
    corners = [left + inset, left + inset + back, right - inset + back, right - inset]
    return flat(shapely.Polygon(corners), 0.0, WHITE)


def _arrows(lanes: LaneGraph, lane: Lane) -> list[Mesh]:
    junction_lanes = [name for name in lane.successors if lanes.lanes[name].in_junction]
    if lane.centerline.length < 35.0 or len(lane.successors) != len(junction_lanes) or not junction_lanes:
        return []
    turns = {turn_of(lanes, name) for name in junction_lanes}
    at = lane.centerline.length - 14.0
    straight = "straight" in turns
    shapes = [shapely.box(0.0, -0.09, 3.2 if straight else 2.6, 0.09)]
    if straight:
        shapes.append(shapely.Polygon([(3.1, -0.36), (5.0, 0.0), (3.1, 0.36)]))
    bend = 1.5 if straight else 2.3
    for name, side in (("left", 1.0), ("right", -1.0)):
        if name in turns:
            bar = [(bend, 0.0), (bend + 0.3, 0.0), (bend + 0.5, 0.45), (bend + 0.2, 0.45)]
            head = [(bend - 0.4, 0.42), (bend + 1.1, 0.42), (bend + 0.35, 1.1)]
            shapes += [shapely.Polygon([(x, side * y) for x, y in part]) for part in (bar, head)]
    mesh = flat(shapely.unary_union(shapes), 0.0, WHITE)
    x, y = lane.centerline.position(at)
    return [mesh.moved(float(x), float(y), 0.0, float(lane.centerline.heading(at + 2.0)))]
