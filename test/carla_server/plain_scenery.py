"""Parts of plain_tour.py: a stop at houses, ground, weather, spectator. Nothing of wam_ros in here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import carla


def scenery(tour: Any) -> dict[str, Any]:
    houses = tour.world.get_level_bbs(carla.CityObjectLabel.Buildings)
    house = houses[0]
    above = carla.Location(house.location.x, house.location.y, 100.0)
    point = tour.world.project_point(above, carla.Vector3D(0.0, 0.0, -1.0), 200.0)
    road = tour.map.get_spawn_points()[0].location
    ground = tour.world.ground_projection(carla.Location(road.x, road.y, 5.0), 50.0)
    tour.world.set_weather(carla.WeatherParameters.HardRainNoon)
    tour.world.get_spectator().set_transform(carla.Transform(carla.Location(1.0, 2.0, 3.0), carla.Rotation(yaw=10.0)))
    tour.world.debug.draw_point(road)
    tour.world.tick()
    seen = tour.world.get_spectator()
    place = seen.get_location()
    return {
        "roof": [point.location.z, 2.0 * house.extent.z, str(point.label)],
        "ground": ground.location.z,
        "rain": [tour.onlooker.get_weather().precipitation, carla.WeatherParameters.HardRainNoon.precipitation],
        "spectator": [place.x, place.y, place.z, seen.get_transform().rotation.yaw],
    }


def error_of(call: Callable[[], Any]) -> str:
    """What a call raises; empty if nothing."""
    try:
        call()
    except RuntimeError as err:
        return str(err)
    return ""
