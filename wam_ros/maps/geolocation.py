"""Latitude and longitude of places on an OpenDRIVE map, as CARLA's client computes them from the map's geoReference."""

from __future__ import annotations

from typing import NamedTuple

import carla

from wam_ros.maps.handedness import flip_y


class GeoPoint(NamedTuple):
    """Latitude and longitude in degrees, altitude [m]."""

    latitude: float
    longitude: float
    altitude: float


class Geolocation:
    """The projection of an OpenDRIVE text; without a geoReference CARLA takes 42 degrees north, 2 degrees east.

    In carla 0.9.16 latitude grows with CARLA's y, which is to the south: north is mirrored. It is kept so, because the
    client's own `Map.transform_to_geolocation` does it and routes in latitude and longitude are made with that.
    """

    def __init__(self, xodr: str) -> None:
        self._map = carla.Map("map", xodr)

    def at(self, x: float, y: float, z: float) -> GeoPoint:
        """Of a place in the map frame [m]."""
        east, south, up = (float(value) for value in flip_y([x, y, z]))
        found = self._map.transform_to_geolocation(carla.Location(east, south, up))
        return GeoPoint(float(found.latitude), float(found.longitude), float(found.altitude))
