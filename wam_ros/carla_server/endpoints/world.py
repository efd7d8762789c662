"""Calls about the world as a whole: version, episode, settings, map, ticks, weather."""

from __future__ import annotations

from typing import Any

from wam_ros.carla_server.actors.blueprint_catalog import library
from wam_ros.carla_server.actors.carla_poses import planar_transform
from wam_ros.carla_server.actors.simulation import Simulation
from wam_ros.carla_server.wire.calls import Calls, unsupported
from wam_ros.carla_server.wire.streams import WORLD
from wam_ros.carla_server.wire.wire_types import (
    EpisodeSettings,
    anything,
    episode_settings,
    flag,
    record,
    text,
    transform_form,
    uint16,
    uint32,
    weather,
)
from wam_ros.core.errors import WorldError

VERSION = "0.9.16"
_SPAWN_HEIGHT = 0.3  # m above the ground, as in CARLA; vehicles are put on the ground
_MOST_MANAGERS = 64
calls: Calls[Simulation] = Calls()


@calls.value("version")
def _version(_: Simulation) -> str:
    return VERSION


@calls.value("get_episode_info")
def _episode_info(simulation: Simulation) -> list[Any]:
    return [simulation.episode.number, [simulation.streams.token(WORLD)]]


@calls.value("get_sensor_token", uint32)
def _sensor_token(simulation: Simulation, stream: int) -> list[bytes]:
    return [simulation.streams.announce(stream)]


@calls.value("get_episode_settings")
def _settings(simulation: Simulation) -> list[Any]:
    return simulation.settings.form()


@calls.value("set_episode_settings", episode_settings)
def _change_settings(simulation: Simulation, settings: EpisodeSettings) -> int:
    simulation.change(settings)
    return simulation.frame


@calls.value("tick_cue")
def _tick(simulation: Simulation) -> int:
    return simulation.tick()


@calls.value("get_map_info")
def _map_info(simulation: Simulation) -> list[Any]:
    points = [planar_transform(pose, _SPAWN_HEIGHT) for pose in simulation.town.spawn_points()]
    return [simulation.map_name, [transform_form(point) for point in points]]


@calls.value("get_map_data")
def _map_data(simulation: Simulation) -> str:
    return simulation.town.xodr


@calls.value("get_required_files", text)
def _required_files(_: Simulation, _folder: str) -> list[str]:
    return []


@calls.value("get_navigation_mesh")
def _navigation_mesh(_: Simulation) -> bytes:
    return b""


@calls.value("get_available_maps")
def _maps(simulation: Simulation) -> list[str]:
    return simulation.maps


@calls.void("load_new_episode", text, flag, uint16)
def _load(simulation: Simulation, name: str, reset_settings: bool, _layers: int) -> None:
    simulation.load(name, reset_settings=reset_settings)


@calls.void("copy_opendrive_to_file", anything, anything)
def _generate(_: Simulation, _xodr: Any, _parameters: Any) -> None:
    unsupported(
        "generate_opendrive_world: its traffic needs a SUMO network; build a town with `wam town build` and give it to "
        "`wam carla-server --town`"
    )


@calls.value("get_actor_definitions")
def _definitions(_: Simulation) -> list[Any]:
    return [blueprint.form() for blueprint in library()]


@calls.value("get_weather_parameters")
def _weather(simulation: Simulation) -> list[float]:
    return list(simulation.weather)


@calls.void("set_weather_parameters", weather)
def _change_weather(simulation: Simulation, values: tuple[float, ...]) -> None:
    simulation.weather = values


@calls.value("query_lights_state", text)
def _street_lights(_: Simulation, _client: str) -> list[Any]:
    return []


@calls.value("start_recorder", text, flag)
def _record(_: Simulation, _name: str, _all: bool) -> str:
    unsupported("recorder; record topics with `wam record`")


@calls.value("is_traffic_manager_running", uint16)
def _has_manager(simulation: Simulation, port: int) -> bool:
    return port in simulation.traffic_managers


@calls.value("get_traffic_manager_running", uint16)
def _manager(simulation: Simulation, port: int) -> list[Any]:
    return list(simulation.traffic_managers.get(port, ("", 0)))


@calls.value("add_traffic_manager_running", record(lambda host, port: (host, port), text, uint16))
def _add_manager(simulation: Simulation, place: tuple[str, int]) -> bool:
    if place[1] in simulation.traffic_managers:
        return False
    if len(simulation.traffic_managers) >= _MOST_MANAGERS:
        msg = f"{_MOST_MANAGERS} traffic managers are registered already"
        raise WorldError(msg)
    simulation.traffic_managers[place[1]] = place
    return True


@calls.value("destroy_traffic_manager", uint16)
def _remove_manager(simulation: Simulation, port: int) -> bool:
    return simulation.traffic_managers.pop(port, None) is not None
