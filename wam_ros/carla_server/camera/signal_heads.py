"""Where the signal heads of a town hang, and what they look like.

Each lane with signals has its heads over the far side of the junction, in line with the lane: signals of one lane that
always show the same colour share a head, the others get a head each with an arrow. So whoever stands at the stop line
still sees them. Knows no renderer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import shapely

from wam_ros.carla_server.camera.meshes import Color, Mesh, box, disc, flat, merged, tube
from wam_ros.carla_server.camera.road_mesh import turn_of
from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.scene import LightState

LAMP_RADIUS = 0.32  # m; twice the usual, and more where the junction is wide: see _scale
CLEARANCE = 4.2  # m below the heads
PITCH = 0.72  # m from lamp to lamp
BEYOND = 1.5  # m from the edge of the junction to the heads
SPACING = 1.08  # m between heads of one lane
_LARGEST = 1.6
MAX_DISTANCE = 45.0  # m from the stop line
LAMPS = (LightState.RED, LightState.YELLOW, LightState.GREEN)  # from top to bottom
_LIT: dict[LightState, Color] = {
    LightState.RED: (1.0, 0.06, 0.04),
    LightState.YELLOW: (1.0, 0.78, 0.05),
    LightState.GREEN: (0.10, 1.0, 0.30),
}
_HOUSING: Color = (0.05, 0.05, 0.055)
_STEEL: Color = (0.34, 0.35, 0.37)
_DARK = 0.15  # of a lamp that is not lit


class Signalled(Protocol):
    """A signal, as the maps tell it."""

    @property
    def id(self) -> str:
        """Of the signal."""

    @property
    def controlled(self) -> tuple[str, ...]:
        """Lanes inside the junction."""

    @property
    def approach(self) -> str:
        """Lane before the stop line."""

    @property
    def stop_line(self) -> Array:
        """(2, 2) left end first [m]."""


@dataclass(frozen=True)
class SignalHead:
    """One head of three lamps.

    Fields:
        signals: Ids that it shows; they share their plan, the first one counts.
        approach: Lane that it is for.
        x, y, z: Middle lamp [m].
        yaw: Direction in which the traffic drives that it is for [rad]; the lamps look the other way.
        shape: "round", "left", "straight" or "right".
        scale: Size relative to LAMP_RADIUS and PITCH.

    """

    signals: tuple[str, ...]
    approach: str
    x: float
    y: float
    z: float
    yaw: float
    shape: str
    scale: float

    def lamp(self, state: LightState) -> Array:
        """(3,) middle of the lamp that is lit in a state [m]."""
        face = -_FACE * self.scale
        return np.array(
            [
                self.x + face * math.cos(self.yaw),
                self.y + face * math.sin(self.yaw),
                self.z + self.scale * PITCH * (1 - LAMPS.index(state)),
            ]
        )


def place_heads(
    signals: Iterable[Signalled],
    lanes: LaneGraph,
    junctions: Sequence[Sequence[tuple[float, float]]],
    plans: Mapping[str, str],
) -> tuple[SignalHead, ...]:
    """The heads of all lanes.

    Args:
        signals: Of the town.
        lanes: Of the town.
        junctions: Outlines of the junctions [m].
        plans: For each signal id its colours over the phases; signals that are missing get heads of their own.

    """
    outlines = [shapely.Polygon(ring).buffer(0.0) for ring in junctions]
    tree = shapely.STRtree(outlines)
    by_lane: dict[str, list[Signalled]] = {}
    for signal in signals:
        by_lane.setdefault(signal.approach, []).append(signal)
    heads = []
    for approach, group in by_lane.items():
        heads += _heads_of_lane(approach, group, lanes, outlines, tree, plans)
    return tuple(heads)


def _heads_of_lane(
    approach: str,
    group: Sequence[Signalled],
    lanes: LaneGraph,
    outlines: Sequence[shapely.Polygon],
    tree: shapely.STRtree,
    plans: Mapping[str, str],
) -> list[SignalHead]:
    left, right = np.asarray(group[0].stop_line)
    across = (right - left) / np.linalg.norm(right - left)
    forward = np.array([-across[1], across[0]])
    middle = (left + right) / 2.0
    outline = outlines[int(tree.nearest(shapely.Point(middle + 3.0 * forward)))]
    far = _width_along(outline, middle, forward) + BEYOND
    shared: dict[str, list[Signalled]] = {}
    for signal in group:
        shared.setdefault(plans.get(signal.id, signal.id), []).append(signal)
    order = {"left": 0, "straight": 1, "right": 2}
    movements = []
    for same in shared.values():
        turns = {turn_of(lanes, lane) for signal in same for lane in signal.controlled}
        main = "straight" if "straight" in turns else min(turns, key=order.__getitem__)
        movements.append((order[main], main, tuple(signal.id for signal in same)))
    movements.sort()
    scale = _scale(far, lanes.lanes[approach].width / len(movements))
    height = CLEARANCE + scale * _HEIGHT / 2.0
    heads = []
    for index, (_, turn, ids) in enumerate(movements):
        aside = scale * SPACING * (index - (len(movements) - 1) / 2.0)
        x, y = middle + far * forward + aside * across
        shape = "round" if len(movements) == 1 or turn == "straight" else turn
        yaw = math.atan2(forward[1], forward[0])
        heads.append(SignalHead(ids, approach, float(x), float(y), height, yaw, shape, scale))
    return heads


def _width_along(outline: shapely.Polygon, start: Array, forward: Array) -> float:
    """From `start` to where the line `forward` leaves the outline for good [m]."""
    ray = shapely.LineString([start, start + MAX_DISTANCE * forward])
    inside = shapely.get_coordinates(ray.intersection(outline))
    return float(((inside - start) @ forward).max()) if len(inside) else 12.0


def _scale(far: float, room: float) -> float:
    """Heads grow with the width of the junction, so that they can be read from 40 m before it, if there is room."""
    return max(min(far / 26.0, _LARGEST, room / SPACING), 1.0)


_DEPTH = 0.30  # m, of the housing
_HEIGHT = 2.0 * PITCH + 2.0 * LAMP_RADIUS + 0.16  # m, of the housing
_FACE = _DEPTH / 2.0 + 0.01  # m from the middle of a head to its lamps


def housing(head: SignalHead) -> Mesh:
    """The box and the plate behind it, where the head hangs."""
    low = -_HEIGHT / 2.0
    body = box((0.0, 0.0, low), (_DEPTH, 2.0 * LAMP_RADIUS + 0.12, _HEIGHT), _HOUSING)
    plate = box((_DEPTH / 2.0, 0.0, low - 0.10), (0.04, 2.0 * LAMP_RADIUS + 0.36, _HEIGHT + 0.20), _HOUSING)
    under = flat(shapely.box(-_DEPTH / 2, -LAMP_RADIUS, _DEPTH / 2, LAMP_RADIUS), low, _HOUSING)
    made = merged([body, plate, _upside_down(under)])
    return replace(made, points=head.scale * made.points).moved(head.x, head.y, head.z, head.yaw)


def lamps(shape: str, state: LightState) -> Mesh:
    """The three lamps about the middle of a head at the origin, for traffic along +x."""
    parts = []
    for row, lamp in enumerate(LAMPS):
        center = (-_FACE, 0.0, PITCH * (1 - row))
        color = np.array(_LIT[lamp]) * (1.0 if lamp is state else _DARK)
        parts.append(_round(center, color) if shape == "round" else _arrow(center, color, shape))
    return merged(parts)


def _round(center: Sequence[float], color: Array) -> Mesh:
    angles = 2.0 * math.pi * np.arange(14) / 14.0
    ring = LAMP_RADIUS * np.column_stack([np.zeros(14), -np.cos(angles), np.sin(angles)])
    return disc(center, (-1.0, 0.0, 0.0), ring, color)


def _arrow(center: Sequence[float], color: Array, shape: str) -> Mesh:
    """An arrow that fills the lamp: thick, since it must be read from afar."""
    outline = np.array([(-1, -0.3), (0.05, -0.3), (0.05, -0.85), (1, 0), (0.05, 0.85), (0.05, 0.3), (-1, 0.3)])
    turn = {"right": 0.0, "straight": math.pi / 2.0, "left": math.pi}[shape]
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    drawn = flat(shapely.Polygon(LAMP_RADIUS * outline @ rotation.T), 0.0, color)  # x to the right, y up
    points = np.column_stack([np.zeros(len(drawn.points)), -drawn.points[:, 0], drawn.points[:, 1]]) + center
    return Mesh(points, np.tile((-1.0, 0.0, 0.0), (len(points), 1)), drawn.colors, drawn.uv, drawn.faces)


def gantries(heads: Iterable[SignalHead], road: shapely.Geometry) -> Mesh:
    """Poles beside the road and arms over it that carry the heads: one for all heads in a row."""
    rows: list[list[SignalHead]] = []
    for head in heads:
        row = next((row for row in rows if _beside(row[0], head)), None)
        if row is None:
            rows.append([head])
        else:
            row.append(head)
    shapely.prepare(road)
    return merged(_gantry(row, road) for row in rows)


def _beside(first: SignalHead, other: SignalHead) -> bool:
    """Whether two heads can hang on one arm."""
    east, north = other.x - first.x, other.y - first.y
    ahead = east * math.cos(first.yaw) + north * math.sin(first.yaw)
    aside = east * math.sin(first.yaw) - north * math.cos(first.yaw)
    return abs(float(wrap_angle(other.yaw - first.yaw))) < 0.15 and abs(ahead) < 5.0 and abs(aside) < 20.0


def _gantry(row: Sequence[SignalHead], road: shapely.Geometry) -> Mesh:
    """A pole and an arm behind the heads of a row, with a short piece from the arm to each."""
    yaw = row[0].yaw
    across, forward = np.array([math.sin(yaw), -math.cos(yaw)]), np.array([math.cos(yaw), math.sin(yaw)])
    places = np.array([(head.x, head.y) for head in row])
    offsets, depths = (places - places[0]) @ across, (places - places[0]) @ forward
    line = places[0] + (depths.max() + 0.45) * forward
    foot = _foot(line, across, float(offsets.min()), float(offsets.max()), road)
    z = max(head.z for head in row)
    far_end = max(offsets, key=lambda value: abs(value - foot))
    base, end = line + foot * across, line + far_end * across
    parts = [tube((*base, 0.0), (*base, z + 0.3), 0.13, _STEEL, 6), tube((*base, z), (*end, z), 0.08, _STEEL, 4)]
    for place, offset, head in zip(places, offsets, row):
        back = place + 0.2 * head.scale * forward
        parts.append(tube((*(line + offset * across), z), (*back, min(z, head.z + 0.5 * PITCH)), 0.06, _STEEL, 4))
    return merged(parts)


def _foot(line: Array, across: Array, low: float, high: float, road: shapely.Geometry) -> float:
    """Offset of the nearest place to stand that is no road; to the right where both sides are as near."""
    for step in np.arange(1.0, 30.0, 0.5):
        for offset in (high + step, low - step):
            if road.distance(shapely.Point(line + offset * across)) > 0.6:
                return float(offset)
    return high + 1.0


def _upside_down(mesh: Mesh) -> Mesh:
    return Mesh(mesh.points, -mesh.normals, mesh.colors, mesh.uv, mesh.faces[:, ::-1])
