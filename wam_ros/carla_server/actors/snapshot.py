"""The message that tells clients where everything is, once for each tick."""

from __future__ import annotations

import math
import time

from wam_ros.carla_server.actors.carla_poses import states_in_carla
from wam_ros.carla_server.actors.episode import Episode
from wam_ros.carla_server.actors.signal_actors import STATE_NUMBER
from wam_ros.carla_server.wire.layouts import (
    Motion,
    SensorType,
    SimulationState,
    WireTransform,
    actor_state,
    light_state,
    sensor_header,
    snapshot_header,
    vehicle_state,
    walker_state,
)
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.scene import ActorKind, LightState
from wam_ros.maps.handedness import yaw_to_carla

_STILL = Motion()
_NOWHERE = WireTransform((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def snapshot(episode: Episode, frame: int, dt: float, state: SimulationState) -> bytes:
    """All actors of an episode after the tick `frame`, which took `dt` [s]."""
    parts = [
        sensor_header(SensorType.WORLD, frame, episode.world.time, _NOWHERE),
        snapshot_header(episode.number, time.time(), dt, state),
        actor_state(episode.spectator.id, episode.spectator.transform, _STILL),
    ]
    bodies = list(episode.world.bodies.values())
    states = states_in_carla(bodies, [episode.motions.of(body.id) for body in bodies])
    for body, (transform, motion) in zip(bodies, states):
        parts.append(actor_state(body.id, transform, motion, _particulars(episode, body)))
    parts.extend(_lights(episode))
    parts.extend(actor_state(number, episode.transform_of(number), _STILL) for number in episode.sensors)
    return b"".join(parts)


def _particulars(episode: Episode, body: Body) -> bytes:
    if body.kind is ActorKind.STATIC:
        return b""
    if body.kind is ActorKind.PEDESTRIAN:
        told = episode.walks.get(body.id)
        return walker_state(*(_heading(body) if told is None else told))
    limit, light = episode.roads.speed_limit_kph(body.id), episode.roads.light_ahead(body.id)
    return vehicle_state(episode.controls.shown(body), limit, light)


def _heading(body: Body) -> tuple[tuple[float, float, float], float]:
    """Direction and speed of a pedestrian of the town."""
    yaw = math.radians(yaw_to_carla(body.yaw))
    return (math.cos(yaw), math.sin(yaw), 0.0), body.speed


def _lights(episode: Episode) -> list[bytes]:
    lights = episode.lights
    parts = []
    for light in lights.actors.values():
        times = (light.times[LightState.GREEN], light.times[LightState.YELLOW], light.times[LightState.RED])
        number = STATE_NUMBER[light.state]
        particulars = light_state(light.sign_id, times, light.elapsed, light.pole, lights.frozen, number)
        parts.append(actor_state(light.id, light.transform, _STILL, particulars))
    return parts
