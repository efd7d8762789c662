"""Calls about traffic lights."""

from __future__ import annotations

from typing import Any

from wam_ros.carla_server.actors.simulation import Simulation
from wam_ros.carla_server.wire.calls import Calls
from wam_ros.carla_server.wire.wire_types import flag, number, uint8, uint32
from wam_ros.core.scene import LightState

calls: Calls[Simulation] = Calls()


@calls.void("set_traffic_light_state", uint32, uint8)
def set_state(simulation: Simulation, actor_id: int, state: int) -> None:
    """Show a state; see SignalActors for how long."""
    simulation.episode.lights.set_state(actor_id, state)


@calls.void("set_traffic_light_green_time", uint32, number)
def _green(simulation: Simulation, actor_id: int, seconds: float) -> None:
    simulation.episode.lights.set_time(actor_id, LightState.GREEN, seconds)


@calls.void("set_traffic_light_yellow_time", uint32, number)
def _yellow(simulation: Simulation, actor_id: int, seconds: float) -> None:
    simulation.episode.lights.set_time(actor_id, LightState.YELLOW, seconds)


@calls.void("set_traffic_light_red_time", uint32, number)
def _red(simulation: Simulation, actor_id: int, seconds: float) -> None:
    simulation.episode.lights.set_time(actor_id, LightState.RED, seconds)


@calls.void("freeze_traffic_light", uint32, flag)
def _freeze_one(simulation: Simulation, actor_id: int, frozen: bool) -> None:
    """As in CARLA, whose lights freeze all together."""
    simulation.episode.lights.find(actor_id)
    simulation.episode.lights.freeze(frozen)


@calls.void("freeze_all_traffic_lights", flag)
def _freeze(simulation: Simulation, frozen: bool) -> None:
    simulation.episode.lights.freeze(frozen)


@calls.void("reset_traffic_light_group", uint32)
def _reset_group(simulation: Simulation, actor_id: int) -> None:
    simulation.episode.lights.reset(actor_id)


@calls.void("reset_all_traffic_lights")
def _reset(simulation: Simulation) -> None:
    simulation.episode.lights.reset()


@calls.value("get_group_traffic_lights", uint32)
def _group(simulation: Simulation, actor_id: int) -> list[int]:
    return simulation.episode.lights.group(actor_id)


@calls.value("get_light_boxes", uint32)
def _boxes(simulation: Simulation, actor_id: int) -> list[Any]:
    """Heads of signals are drawn by the camera alone; their boxes are not told."""
    simulation.episode.lights.find(actor_id)
    return []
