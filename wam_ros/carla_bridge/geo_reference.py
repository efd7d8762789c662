"""Latitude and longitude to the map frame and back, as CARLA's leaderboard relates them.

Spherical Mercator about a reference (leaderboard/utils/route_manipulation.py):
    x = R cos(lat0) (lon - lon0),   north = R cos(lat0) (ln tan(pi/4 + lat/2) - ln tan(pi/4 + lat0/2))
The leaderboard's routes have north = y of our map frame. Some versions of CARLA (the client of 0.9.16 among them) turn
latitude the other way round; `towards` finds out which by a place that is known in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wam_ros.core.errors import InputError

_RADIUS = 6378137.0  # m, WGS 84 equator


@dataclass(frozen=True)
class GeoReference:
    """Where the map's origin lies.

    Fields:
        latitude, longitude: Of the origin, in degrees.
        north_is_y: Whether latitude grows with y of the map frame; else it falls.

    """

    latitude: float
    longitude: float
    north_is_y: bool = True

    @classmethod
    def from_places(cls, geographic: Sequence[tuple[float, float]], xy: Sequence[tuple[float, float]]) -> GeoReference:
        """The reference under which places (latitude, longitude) [deg] lie at (x, y) [m] in the map frame.

        Raises:
            InputError: There are none, or not the same number of both.

        """
        if not geographic or len(geographic) != len(xy):
            msg = (
                f"{len(geographic)} geographic places, {len(xy)} in the map: wanted the same number of both, at least 1"
            )
            raise InputError(msg)
        found = [cls._best(geographic, xy, north_is_y=north) for north in (True, False)]
        return min(found, key=lambda reference: reference.mismatch(geographic, xy))

    @classmethod
    def _best(
        cls, geographic: Sequence[tuple[float, float]], xy: Sequence[tuple[float, float]], *, north_is_y: bool
    ) -> GeoReference:
        """With one orientation: the mean difference, where the scale needs the latitude that is sought, hence twice."""
        count = len(xy)
        reference = cls(geographic[0][0], geographic[0][1], north_is_y)
        for _ in range(4):
            places = [reference.to_map(*place) for place in geographic]
            dx = sum(at[0] - to[0] for at, to in zip(places, xy)) / count
            dy = sum(at[1] - to[1] for at, to in zip(places, xy)) / count
            latitude, longitude = reference.to_geographic(dx, dy)
            reference = cls(latitude, longitude, north_is_y)
        return reference

    def mismatch(self, geographic: Sequence[tuple[float, float]], xy: Sequence[tuple[float, float]]) -> float:
        """Greatest distance between the places and where the reference puts them [m]."""
        return max(math.dist(self.to_map(*place), to) for place, to in zip(geographic, xy))

    def towards(self, place: tuple[float, float], xy: tuple[float, float]) -> GeoReference:
        """This reference with the sense of north under which a place (latitude, longitude) is nearer to (x, y)."""
        turned = replace(self, north_is_y=not self.north_is_y)
        return min((self, turned), key=lambda reference: math.dist(reference.to_map(*place), xy))

    def to_map(self, latitude: float, longitude: float) -> tuple[float, float]:
        """x, y in the map frame [m]."""
        scale = _RADIUS * math.cos(math.radians(self.latitude))
        north = scale * (_mercator(latitude) - _mercator(self.latitude))
        return scale * math.radians(longitude - self.longitude), north if self.north_is_y else -north

    def to_geographic(self, x: float, y: float) -> tuple[float, float]:
        """Latitude and longitude in degrees of x, y in the map frame [m]."""
        scale = _RADIUS * math.cos(math.radians(self.latitude))
        stretched = _mercator(self.latitude) + (y if self.north_is_y else -y) / scale
        latitude = 2.0 * math.atan(math.exp(stretched)) - math.pi / 2.0
        return math.degrees(latitude), self.longitude + math.degrees(x / scale)


def _mercator(latitude_deg: float) -> float:
    return math.log(math.tan(math.pi / 4.0 + math.radians(latitude_deg) / 2.0))
