"""A town as layers of triangles, each with its class, texture and order of drawing.

What lies flat on the ground is painted in order, without depth: nothing flickers, and markings lie at height 0 exactly.
Knows no renderer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely

from wam_ros.carla_server.camera.daylight import Daylight
from wam_ros.carla_server.camera.greenery import lamp_places, street_lamp, tree, tree_places
from wam_ros.carla_server.camera.houses import STYLES, house
from wam_ros.carla_server.camera.meshes import Mesh, flat, merged, quads, walls
from wam_ros.carla_server.camera.road_mesh import crossing_stripes, markings, road_surface
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.camera.signal_heads import SignalHead, Signalled, gantries, housing, place_heads
from wam_ros.carla_server.camera.street_plan import StreetPlan
from wam_ros.carla_server.towns.buildings import Building
from wam_ros.core.geometry import Array
from wam_ros.core.lane_graph import LaneGraph

CELL = 80.0  # m; the town is drawn in squares of this size
KERB = 0.12  # m, height of sidewalks
BEYOND = 420.0  # m of grass around the town
SIGHT = 55.0  # m before a stop line from which its heads are to be seen


@dataclass(frozen=True, eq=False)
class Layer:
    """Triangles that are drawn alike.

    Fields:
        name: Of the texture, too, where it has one.
        mesh: In the map frame, colours without light.
        tag: Class of all of it.
        textured: Whether the texture of that name is laid over it.
        painted: Place in the order of what lies flat on the ground; None = stands up and hides what is behind it.

    """

    name: str
    mesh: Mesh
    tag: Tag
    textured: bool = False
    painted: int | None = None


@dataclass(frozen=True, eq=False)
class TownMesh:
    """All that does not move, with the signal heads (their lamps are for the renderer to add)."""

    layers: tuple[Layer, ...]
    heads: tuple[SignalHead, ...] = field(default=())


def build_town_mesh(
    lanes: LaneGraph,
    signals: Sequence[Signalled],
    plan: StreetPlan,
    buildings: Sequence[Building],
    seed: int,
    look: int,
) -> TownMesh:
    """The town's layers.

    Args:
        lanes: Of the town.
        signals: Of the town.
        plan: Sidewalks, crossings, junctions.
        buildings: Of the town.
        seed: Of the town: where trees stand.
        look: Seed of the colours.

    """
    road = road_surface(lanes, plan.junctions, plan.sidewalks)
    heads = place_heads(signals, lanes, plan.junctions, plan.signal_plans)
    stop_lines = {signal.approach: np.asarray(signal.stop_line) for signal in signals}
    stripes = [crossing_stripes(*crossing) for crossing in plan.crossings]
    paint = merged([*stripes, markings(lanes, stop_lines.values())])
    walk = plan.sidewalks.buffer(0.15, join_style="mitre").buffer(-0.15, join_style="mitre").difference(road)
    sight = _lines_of_sight(heads, stop_lines, lanes)
    built = shapely.union_all([building.footprint for building in buildings])
    verge = road.buffer(11.0).difference(
        shapely.union_all([road.buffer(1.5), walk.buffer(1.6), built.buffer(1.8), sight])
    )
    places = random.Random(f"trees {seed}")
    trees = merged(tree(places).moved(x, y) for x, y in tree_places(verge, places))
    no_lamp = shapely.union_all([road.buffer(0.5), built.buffer(0.5), sight])
    lamp, free = street_lamp(), road.buffer(12.0).difference(no_lamp)
    lamps = merged(lamp.moved(x, y, 0.0, yaw) for x, y, yaw in lamp_places(lanes, free))
    steel = merged([gantries(heads, road), lamps])
    layers = [
        Layer("grass", _grass(road.bounds), Tag.TERRAIN, textured=True, painted=0),
        Layer("asphalt", _in_cells(road, 0.0, 0.2), Tag.ROADS, textured=True, painted=1),
        Layer("paint", paint, Tag.ROAD_LINES, painted=2),
        Layer("paving", _in_cells(walk, KERB, 0.5), Tag.SIDEWALKS, textured=True),
        Layer("kerb", _kerbs(walk), Tag.SIDEWALKS),
        Layer("trees", trees, Tag.VEGETATION),
        Layer("steel", steel, Tag.POLES),
        Layer("housings", merged(housing(head) for head in heads), Tag.TRAFFIC_LIGHT),
        *_houses(buildings, look),
    ]
    return TownMesh(tuple(layer for layer in layers if len(layer.mesh.faces)), heads)


def lit(mesh: Mesh, daylight: Daylight, yaw: float = 0.0) -> Mesh:
    """The mesh with the light of the day in its colours, as it is once turned by `yaw` [rad]."""
    return mesh.tinted(daylight.on(mesh.moved(yaw=yaw).normals))


def _houses(buildings: Sequence[Building], look: int) -> list[Layer]:
    rng = random.Random(f"houses {look}")
    facades: list[list[Mesh]] = [[] for _ in range(STYLES)]
    roofs = []
    for building in buildings:
        outline = shapely.geometry.polygon.orient(building.footprint)
        style, sides, roof = house(np.array(outline.exterior.coords)[:-1], building.height, rng)
        facades[style].append(sides)
        roofs.append(roof)
    layers = [Layer(f"facade_{i}", merged(part), Tag.BUILDINGS, textured=True) for i, part in enumerate(facades)]
    return [*layers, Layer("roofs", merged(roofs), Tag.BUILDINGS)]


def _lines_of_sight(heads: Sequence[SignalHead], stop_lines: dict[str, Array], lanes: LaneGraph) -> shapely.Geometry:
    """Where nothing may stand, so that the heads are seen from their lanes."""
    areas = []
    for head in heads:
        line = lanes.lanes[head.approach].centerline
        before = line.position(np.linspace(max(line.length - SIGHT, 0.0), line.length, 6))
        corners = np.vstack([before, stop_lines[head.approach], [(head.x, head.y)]])
        areas.append(shapely.MultiPoint(corners).convex_hull.buffer(2.8))
    return shapely.union_all(areas)


def _grass(bounds: Sequence[float]) -> Mesh:
    """Squares under the town, large ones around it."""
    left, bottom = (np.floor(bound / CELL) * CELL for bound in bounds[:2])
    right, top = bounds[2:]
    xs = np.concatenate([[left - BEYOND], np.arange(left, right + CELL, CELL), [right + CELL + BEYOND]])
    ys = np.concatenate([[bottom - BEYOND], np.arange(bottom, top + CELL, CELL), [top + CELL + BEYOND]])
    corners = [
        [(x0, y0, 0.0), (x1, y0, 0.0), (x1, y1, 0.0), (x0, y1, 0.0)]
        for x0, x1 in pairwise(xs)
        for y0, y1 in pairwise(ys)
    ]
    return quads(corners, (1.0, 1.0, 1.0), np.array(corners)[..., :2] * 0.08)


def _in_cells(shape: shapely.Geometry, z: float, uv_per_meter: float) -> Mesh:
    """A flat shape cut into the town's squares, which overlap a little so that no gap shows."""
    left, bottom, right, top = shape.bounds
    parts = []
    for x in np.arange(np.floor(left / CELL) * CELL, right, CELL):
        for y in np.arange(np.floor(bottom / CELL) * CELL, top, CELL):
            piece = shapely.clip_by_rect(shape, x - 0.02, y - 0.02, x + CELL + 0.02, y + CELL + 0.02)
            parts.append(flat(piece.buffer(0.0), z, (1.0, 1.0, 1.0), uv_per_meter))
    return merged(parts)


def _kerbs(walk: shapely.Geometry) -> Mesh:
    parts = []
    for polygon in shapely.get_parts(walk):
        oriented = shapely.geometry.polygon.orient(polygon)
        rings = (oriented.exterior, *oriented.interiors)
        parts += [walls(np.array(ring.coords), -0.02, KERB, (0.62, 0.62, 0.61)) for ring in rings]
    return merged(parts)
