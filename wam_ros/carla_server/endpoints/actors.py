"""Calls about actors of any kind: spawn, destroy, place, velocity."""

from __future__ import annotations

import math
from typing import Any

from wam_ros.carla_server.actors.carla_poses import planar_of, pose_of
from wam_ros.carla_server.actors.simulation import Simulation
from wam_ros.carla_server.wire.calls import Calls, unsupported
from wam_ros.carla_server.wire.layouts import Triple, WireTransform
from wam_ros.carla_server.wire.wire_types import (
    Description,
    WalkerControl,
    anything,
    description,
    flag,
    listing,
    location,
    text,
    transform,
    uint32,
    vector,
    walker_control,
)
from wam_ros.core.errors import WorldError
from wam_ros.core.scene import ActorKind
from wam_ros.maps.handedness import flip_y

_FASTEST_WALKER = 20.0  # m/s
_FASTEST_VEHICLE = 100.0
calls: Calls[Simulation] = Calls()


@calls.value("get_actors_by_id", listing(uint32))
def _actors(simulation: Simulation, ids: tuple[int, ...]) -> list[Any]:
    forms = (simulation.episode.form(actor_id) for actor_id in ids)
    return [form for form in forms if form is not None]


@calls.value("get_spectator")
def _spectator(simulation: Simulation) -> Any:
    return simulation.episode.form(simulation.episode.spectator.id)


@calls.value("spawn_actor", description, transform)
def _spawn(simulation: Simulation, wanted: Description, where: WireTransform) -> Any:
    return simulation.episode.form(simulation.spawner.spawn(wanted, where))


@calls.value("spawn_actor_with_parent", description, transform, uint32, anything, text)
def _spawn_attached(
    simulation: Simulation, wanted: Description, where: WireTransform, parent: int, _attachment: Any, _socket: str
) -> Any:
    """Every attachment is rigid."""
    return simulation.episode.form(simulation.spawner.spawn(wanted, where, parent))


@calls.value("destroy_actor", uint32)
def _destroy(simulation: Simulation, actor_id: int) -> bool:
    return simulation.spawner.destroy(actor_id)


@calls.value("get_actor_bounding_box", uint32)
def _box(simulation: Simulation, actor_id: int) -> list[Any]:
    return simulation.episode.box(actor_id)


@calls.value("get_traffic_sign_trigger_volume", uint32)
def _trigger_volume(simulation: Simulation, actor_id: int) -> list[Any]:
    simulation.episode.lights.find(actor_id)
    return simulation.episode.box(actor_id)


@calls.void("set_actor_transform", uint32, transform)
def place(simulation: Simulation, actor_id: int, where: WireTransform) -> None:
    """Put an actor somewhere; a sensor that is attached, in its parent."""
    episode = simulation.episode
    if actor_id == episode.spectator.id:
        episode.spectator.transform = where
    elif actor_id in episode.sensors:
        episode.sensors[actor_id].mount = pose_of(where)
    else:
        episode.world.teleport(actor_id, planar_of(where))


@calls.void("set_actor_location", uint32, location)
def place_at(simulation: Simulation, actor_id: int, where: Triple) -> None:
    """Put an actor somewhere, turned as it is."""
    place(simulation, actor_id, WireTransform(where, simulation.episode.transform_of(actor_id).rotation))


@calls.void("set_actor_target_velocity", uint32, vector)
def push(simulation: Simulation, actor_id: int, velocity: Triple) -> None:
    """Of a vehicle the part along its heading counts; it cannot slide."""
    body = simulation.episode.body(actor_id)
    vx, vy, _ = (float(value) for value in flip_y(velocity))
    if body.kind is ActorKind.PEDESTRIAN:
        walk(simulation, actor_id, WalkerControl(velocity, math.hypot(vx, vy), False))
        return
    speed = vx * math.cos(body.yaw) + vy * math.sin(body.yaw)
    if abs(speed) > _FASTEST_VEHICLE:
        msg = f"vehicle {actor_id}: speed {speed:g} m/s, wanted at most {_FASTEST_VEHICLE:g}"
        raise WorldError(msg)
    simulation.episode.world.set_speed(actor_id, speed)


@calls.void("set_actor_target_angular_velocity", uint32, vector)
def spin(_: Simulation, _actor_id: int, _velocity: Triple) -> None:
    """Vehicles turn by steering only."""
    unsupported("way to turn an actor by an angular velocity; steer, or set its transform")


@calls.void("set_actor_simulate_physics", uint32, flag)
def simulate_physics(simulation: Simulation, actor_id: int, enabled: bool) -> None:
    """Without physics a vehicle stays where it is put."""
    if simulation.episode.body(actor_id).kind in {ActorKind.VEHICLE, ActorKind.BICYCLE}:
        simulation.episode.world.set_physics(actor_id, enabled)


@calls.void("set_actor_enable_gravity", uint32, flag)
def enable_gravity(simulation: Simulation, actor_id: int, _enabled: bool) -> None:
    """The ground is level: nothing falls."""
    simulation.episode.body(actor_id)


@calls.void("set_actor_collisions", uint32, flag)
def _collisions(simulation: Simulation, actor_id: int, enabled: bool) -> None:
    simulation.episode.body(actor_id)
    if not enabled:
        unsupported("way to switch off the collisions of an actor")


@calls.void("apply_control_to_walker", uint32, walker_control)
def walk(simulation: Simulation, actor_id: int, control: WalkerControl) -> None:
    """Have a pedestrian go on in a direction."""
    episode = simulation.episode
    east, north, _ = (float(value) for value in flip_y(control.direction))
    length = math.hypot(east, north)
    if not 0.0 <= control.speed <= _FASTEST_WALKER:
        msg = f"walker {actor_id}: speed {control.speed} m/s, wanted 0 to {_FASTEST_WALKER}"
        raise WorldError(msg)
    speed = control.speed if length > 0.0 else 0.0
    yaw = math.atan2(north, east) if length > 0.0 else episode.body(actor_id).yaw
    episode.world.walk(actor_id, yaw, speed)
    episode.walks[actor_id] = (control.direction, control.speed)
