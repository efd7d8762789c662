"""Map areas of a scene, and where the parts of the own box lie: the basis of DAC, DDC, LK and of fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.boxes import BoolArray
from wam_ros.metrics.navsim.scenario import MapArea

_DRIVABLE = frozenset({"ROADBLOCK", "INTERSECTION", "DRIVABLE_AREA", "CARPARK_AREA"})
_LANES = frozenset({"LANE", "LANE_CONNECTOR"})


@dataclass(frozen=True, eq=False)
class EgoAreas:
    """Where the own vehicle is, each (N, 41).

    Fields:
        multiple_lanes: Corners are in several lanes and no lane holds all four.
        non_drivable: A corner is in no drivable area.
        oncoming: The centre is in no lane of the route.
        center_in_intersection, rear_axle_in_intersection: As named.

    """

    multiple_lanes: BoolArray
    non_drivable: BoolArray
    oncoming: BoolArray
    center_in_intersection: BoolArray
    rear_axle_in_intersection: BoolArray


class _Area:
    """A prepared polygon with its bounds."""

    def __init__(self, area: MapArea) -> None:
        self.id, self.layer = area.id, area.layer
        self._polygon = shapely.Polygon(area.polygon)
        shapely.prepare(self._polygon)
        self._low, self._high = area.polygon.min(axis=0), area.polygon.max(axis=0)

    def contains(self, points: Array) -> BoolArray:
        """Of points (..., 2), whether each lies strictly inside; the boundary is outside."""
        x, y = points[..., 0], points[..., 1]
        near = (x > self._low[0]) & (x < self._high[0]) & (y > self._low[1]) & (y < self._high[1])
        inside: BoolArray = np.zeros(near.shape, dtype=bool)
        if near.any():
            inside[near] = shapely.contains_xy(self._polygon, x[near], y[near])
        return inside


class RoadMap:
    """The areas of one scene, ready for many queries."""

    def __init__(self, areas: Iterable[MapArea], route_lane_ids: frozenset[str]) -> None:
        ready = [_Area(area) for area in areas]
        self._drivable = [area for area in ready if area.layer in _DRIVABLE]
        self._lanes = [area for area in ready if area.layer in _LANES]
        self._route = [area for area in self._lanes if area.id in route_lane_ids]
        self._intersections = [area for area in ready if area.layer == "INTERSECTION"]

    def areas(self, corners: Array, centers: Array, rear_axles: Array) -> EgoAreas:
        """Areas of boxes with corners (N, K, 4, 2), centres and rear axles (N, K, 2) [m]."""
        shape = corners.shape[:2]
        drivable: BoolArray = np.zeros((*shape, 4), dtype=bool)
        for area in self._drivable:
            drivable |= area.contains(corners)
        lanes_touched = np.zeros(shape, dtype=np.int64)
        in_one_lane: BoolArray = np.zeros(shape, dtype=bool)
        for area in self._lanes:
            inside = area.contains(corners)
            lanes_touched += inside.any(axis=-1)
            in_one_lane |= inside.all(axis=-1)
        all_drivable: BoolArray = np.logical_and.reduce(drivable, axis=-1)
        return EgoAreas(
            multiple_lanes=(lanes_touched > 1) & ~in_one_lane,
            non_drivable=~all_drivable,
            oncoming=~_inside_any(self._route, centers),
            center_in_intersection=_inside_any(self._intersections, centers),
            rear_axle_in_intersection=_inside_any(self._intersections, rear_axles),
        )


def _inside_any(areas: Iterable[_Area], points: Array) -> BoolArray:
    inside: BoolArray = np.zeros(points.shape[:-1], dtype=bool)
    for area in areas:
        inside |= area.contains(points)
    return inside
