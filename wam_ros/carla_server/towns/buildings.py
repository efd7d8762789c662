"""Where the houses of a town stand: one answer for the camera, which draws them, and the world, which collides."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache

import shapely
from shapely import affinity

from wam_ros.carla_server.towns.town import Town

_OFF_ROAD = 6.0  # m at least between a lane's edge and a house; sidewalks lie between
_NEAR_ROAD = 40.0  # m at most from a lane to the middle of a house
_FINE = 0.05  # m; finer bends of a lane do not matter
_GAP = 2.0  # m between houses
_TRIES = 4000
_SIDES = (10.0, 22.0)  # m
_FAR = math.hypot(_SIDES[1], _SIDES[1]) + _GAP  # m between middles of houses that cannot touch
_HEIGHTS = (6.0, 22.0)  # m


@dataclass(frozen=True)
class Building:
    """A house: a box. x, y of its middle [m], yaw [rad], length along yaw, width, height [m]."""

    x: float
    y: float
    yaw: float
    length: float
    width: float
    height: float

    @property
    def footprint(self) -> shapely.Polygon:
        """Its outline on the ground."""
        box = shapely.box(-self.length / 2.0, -self.width / 2.0, self.length / 2.0, self.width / 2.0)
        turned = affinity.rotate(box, self.yaw, origin=(0.0, 0.0), use_radians=True)
        return affinity.translate(turned, self.x, self.y)


@lru_cache(maxsize=4)  # the camera and each new world ask for the same
def building_footprints(town: Town, seed: int = 0) -> tuple[Building, ...]:
    """Houses beside the streets, square to the nearest one; the same for the same town and seed."""
    rng = random.Random(f"{town.name} {town.seed} {seed} buildings")
    lines, beds = [], []
    for lane in town.lanes.lanes.values():
        line = shapely.LineString(lane.centerline.points).simplify(_FINE)
        lines.append(line)
        beds.append(line.buffer(lane.width / 2.0 + _OFF_ROAD + _FINE))
    bed = shapely.union_all(beds)
    shapely.prepare(bed)
    lane_tree = shapely.STRtree(lines)
    west, south, east, north = bed.bounds
    placed: list[Building] = []
    outlines: list[shapely.Polygon] = []
    for _ in range(_TRIES):
        spot = shapely.Point(rng.uniform(west - 30.0, east + 30.0), rng.uniform(south - 30.0, north + 30.0))
        length, width, height = rng.uniform(*_SIDES), rng.uniform(*_SIDES), rng.uniform(*_HEIGHTS)
        nearest = lines[int(lane_tree.nearest(spot))]
        if nearest.distance(spot) > _NEAR_ROAD or bed.contains(spot):
            continue
        house = Building(spot.x, spot.y, _direction(nearest, spot), length, width, height)
        outline = house.footprint
        if bed.intersects(outline) or any(
            math.dist((house.x, house.y), (other.x, other.y)) < _FAR and taken.distance(outline) < _GAP
            for other, taken in zip(placed, outlines)
        ):
            continue
        placed.append(house)
        outlines.append(outline)
    return tuple(placed)


def _direction(line: shapely.LineString, spot: shapely.Point) -> float:
    """Heading of a line where a point is nearest to it [rad]."""
    along = line.project(spot)
    a, b = line.interpolate(max(along - 1.0, 0.0)), line.interpolate(min(along + 1.0, line.length))
    return math.atan2(b.y - a.y, b.x - a.x)
