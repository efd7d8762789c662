"""A LaneGraph as the map layers of NAVSIM: polygons of lanes, connectors, roadblocks and intersections.

Knows no carparks and nothing else beside the lanes: what is no driving lane is not drivable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import shapely

from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.observation import Route
from wam_ros.metrics.navsim.scenario import Layer, MapArea

_FINE = 0.01  # m; corners that move a line by less are left out
_SLIT = 0.1  # m; lanes less than twice this apart have no gap between them: their edges are drawn from samples
_INLET = 2.0  # m; gaps in an intersection up to twice this are asphalt, not kerb
_STATION = 1.0  # m between the places at which a route is compared with lanes
_SAME_WAY = np.radians(40.0)
_ON_ROUTE = 1.0  # m; a connector is on the route if all of it is this near


class ScenarioMap:
    """The layers of one map, made once; `near` gives those of one scene."""

    def __init__(self, lanes: LaneGraph) -> None:
        self.lanes = lanes
        self._shapes = {name: _shape(lane) for name, lane in lanes.lanes.items()}
        self._blocks = _blocks(lanes)
        self._areas = tuple(self._all_areas())
        self._tree = shapely.STRtree([shapely.Polygon(area.polygon) for area in self._areas])

    def near(self, point: Array, radius: float) -> tuple[MapArea, ...]:
        """The areas that come within `radius` [m] of a point (2,)."""
        found = self._tree.query(shapely.Point(point), predicate="dwithin", distance=radius)
        return tuple(self._areas[index] for index in sorted(found))

    def polygon(self, lane: str) -> Array:
        """(M, 2) outline of a lane [m]."""
        return _ring(self._shapes[lane])

    def route_lanes(self, route: Route) -> frozenset[str]:
        """The lanes of a route as NAVSIM counts them: all lanes of its roadblocks, and the connectors between those.

        A lane beside that of the route is on it too; an oncoming one is not.
        """
        stations = np.append(np.arange(0.0, route.line.length, _STATION), route.line.length)
        points, headings = route.line.position(stations), route.line.heading(stations)
        driven = {lane.id for lane in self._driven(points, headings) if not lane.in_junction}
        blocks = {self._blocks[name] for name in driven}
        driven |= {name for name, block in self._blocks.items() if block in blocks}
        connectors = [lane for lane in self._junction_lanes() if self._is_on(lane, route)]
        between = {self._ends(lane) for lane in connectors}
        beside = {lane.id for lane in self._junction_lanes() if self._ends(lane) in between}
        return frozenset(driven | beside | {lane.id for lane in connectors})

    def _driven(self, points: Array, headings: Array) -> Iterator[Lane]:
        for point, heading in zip(points, headings):
            for lane in self.lanes.near(point, _ON_ROUTE):
                line = lane.centerline
                along = line.project(point).arc_length
                if abs(float(wrap_angle(line.heading(along) - heading))) <= _SAME_WAY:
                    yield lane

    def _is_on(self, lane: Lane, route: Route) -> bool:
        """Whether the route leads over all of a lane, the right way round."""
        line = lane.centerline
        ends = [route.line.project(point) for point in (line.points[0], line.points[-1])]
        if not ends[0].arc_length < ends[1].arc_length:
            return False
        points = line.position(np.linspace(0.0, line.length, max(int(line.length / _STATION), 2) + 1))
        return bool((route.line.distances(points) <= _ON_ROUTE).all())

    def _ends(self, lane: Lane) -> tuple[frozenset[str], frozenset[str]]:
        """The roadblocks that a connector leads from and to; those of parallel connectors are equal."""
        return (
            frozenset(self._blocks.get(name, name) for name in self.lanes.predecessors[lane.id]),
            frozenset(self._blocks.get(name, name) for name in lane.successors),
        )

    def _junction_lanes(self) -> Iterator[Lane]:
        return (lane for lane in self.lanes.lanes.values() if lane.in_junction)

    def _all_areas(self) -> Iterator[MapArea]:
        for name, lane in self.lanes.lanes.items():
            yield MapArea(name, "LANE_CONNECTOR" if lane.in_junction else "LANE", _ring(self._shapes[name]))
        for block in sorted(set(self._blocks.values())):
            members = [self._shapes[name] for name, of in self._blocks.items() if of == block]
            yield from _layer("ROADBLOCK", block, _closed(members, _SLIT))
        inside = [self._shapes[lane.id] for lane in self._junction_lanes()]
        yield from _layer("INTERSECTION", "intersection", _closed(inside, _INLET))


def _blocks(lanes: LaneGraph) -> dict[str, str]:
    """The roadblock of each lane outside junctions: lanes side by side that one may change between."""
    found: dict[str, str] = {}
    for name, lane in lanes.lanes.items():
        if lane.in_junction or name in found:
            continue
        members, open_ids = set[str](), {name}
        while open_ids:
            one = lanes.lanes[open_ids.pop()]
            members.add(one.id)
            open_ids |= {other for other in (one.left, one.right) if other is not None} - members
        found |= dict.fromkeys(members, f"block {min(members)}")
    return found


def _shape(lane: Lane) -> shapely.Polygon:
    line = shapely.LineString(lane.centerline.points).simplify(_FINE)
    return _largest(line.buffer(lane.width / 2.0, cap_style="flat", join_style="mitre"))


def _closed(shapes: Iterable[shapely.Polygon], gap: float) -> shapely.Geometry:
    """Their union without slits up to twice `gap` wide, a little larger than they: a border is no gap either."""
    union = shapely.union_all(list(shapes)).buffer(gap, join_style="mitre")
    return union.buffer(_SLIT / 2.0 - gap, join_style="mitre").simplify(_FINE)


def _layer(layer: Layer, name: str, shape: shapely.Geometry) -> Iterator[MapArea]:
    parts = [part for part in shapely.get_parts(shape) if part.area > 0.0]
    for number, part in enumerate(parts):
        yield MapArea(name if len(parts) == 1 else f"{name} {number}", layer, _ring(part))


def _largest(shape: shapely.Geometry) -> shapely.Polygon:
    return max(shapely.get_parts(shape), key=shapely.area)


def _ring(polygon: shapely.Polygon) -> Array:
    """(M, 2) without the repeated last corner; holes are filled."""
    corners: Array = np.asarray(polygon.exterior.coords, dtype=np.float64)[:-1]
    return corners
