"""apply_batch: many commands in one call, each with an answer of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from wam_ros.carla_server.actors.simulation import Simulation
from wam_ros.carla_server.endpoints import actors, lights, vehicles
from wam_ros.carla_server.wire.calls import Calls, unsupported
from wam_ros.carla_server.wire.layouts import WireTransform
from wam_ros.carla_server.wire.wire_types import (
    Parser,
    WalkerControl,
    ackermann_control,
    anything,
    description,
    flag,
    listing,
    location,
    number,
    optional,
    transform,
    uint8,
    uint16,
    uint32,
    vector,
    vehicle_control,
    walker_control,
)
from wam_ros.core.errors import InputError, WamError, WorldError

_SPAWN = 0
_FUTURE_ACTOR = 0  # stands for the new actor in what is to be done after a spawn
_MOST_NESTED = 4
_log = logging.getLogger("wam_ros.carla_server")
calls: Calls[Simulation] = Calls()

Act = Callable[..., Any]


def _destroy(simulation: Simulation, actor_id: int) -> None:
    if not simulation.spawner.destroy(actor_id):
        msg = f"unable to destroy actor {actor_id}: not found, or none of a client"
        raise WorldError(msg)


def _walk_at(simulation: Simulation, actor_id: int, where: WireTransform, speed: float) -> None:
    """Walker state: place and speed."""
    actors.place(simulation, actor_id, where)
    told = simulation.episode.walks.get(actor_id, ((0.0, 0.0, 0.0), 0.0))
    actors.walk(simulation, actor_id, WalkerControl(told[0], speed, False))


def _force(_: Simulation, _actor_id: int, _vector: Any) -> None:
    unsupported("forces on actors; set a velocity, or drive")


def _autopilot(simulation: Simulation, actor_id: int, enabled: bool, _port: int) -> None:
    vehicles.autopilot(simulation, actor_id, enabled)


# By CARLA's number of the command: what to do, and its arguments after the actor.
_COMMANDS: dict[int, tuple[Act, tuple[Parser[Any], ...]]] = {
    1: (_destroy, ()),
    2: (vehicles.control, (vehicle_control,)),
    3: (vehicles.control_ackermann, (ackermann_control,)),
    4: (actors.walk, (walker_control,)),
    5: (vehicles.apply_physics, (anything,)),
    6: (actors.place, (transform,)),
    7: (_walk_at, (transform, number)),
    8: (actors.push, (vector,)),
    9: (actors.spin, (vector,)),
    10: (_force, (vector,)),
    11: (_force, (vector,)),
    12: (_force, (vector,)),
    13: (_force, (vector,)),
    14: (actors.simulate_physics, (flag,)),
    15: (actors.enable_gravity, (flag,)),
    16: (_autopilot, (flag, uint16)),
    17: (vehicles.show_telemetry, (flag,)),
    18: (vehicles.set_lamps, (anything,)),
    19: (actors.place_at, (location,)),
    21: (lights.set_state, (uint8,)),
}


@calls.bare("apply_batch", listing(anything), flag)
def _apply(simulation: Simulation, commands: tuple[Any, ...], do_tick: bool) -> list[Any]:
    answers = [_answer(simulation, command) for command in commands]
    if do_tick:
        simulation.tick()
    return answers


def _answer(simulation: Simulation, command: Any) -> list[Any]:
    try:
        return [[1, _do(simulation, command, None, 0)]]
    except WamError as err:
        return [[0, [str(err)]]]


def _do(simulation: Simulation, command: Any, new_actor: int | None, depth: int) -> int:
    """Do one command; the id of its actor."""
    if not (
        isinstance(command, tuple) and len(command) == 1 and isinstance(command[0], tuple) and len(command[0]) == 2
    ):
        msg = "apply_batch: a command is [[number, arguments]]"
        raise InputError(msg)
    kind, arguments = command[0]
    if kind == _SPAWN and type(kind) is int:
        return _spawn(simulation, arguments, depth)
    known = _COMMANDS.get(kind) if type(kind) is int else None
    if known is None:
        msg = f"apply_batch: this server does not know command {str(kind)[:20]}"
        raise InputError(msg)
    act, parsers = known
    if not isinstance(arguments, tuple) or len(arguments) != 1 + len(parsers):
        msg = f"apply_batch: command {kind} takes {1 + len(parsers)} arguments"
        raise InputError(msg)
    actor_id = uint32(arguments[0])
    if new_actor is not None and actor_id == _FUTURE_ACTOR:
        actor_id = new_actor
    act(simulation, actor_id, *(parser(value) for parser, value in zip(parsers, arguments[1:])))
    return actor_id


def _spawn(simulation: Simulation, arguments: Any, depth: int) -> int:
    """[description, transform, optional parent, attachment, socket, what to do after]."""
    if not isinstance(arguments, tuple) or len(arguments) != 6 or depth >= _MOST_NESTED:
        msg = "apply_batch: SpawnActor takes 6 arguments, and may not be nested deeply"
        raise InputError(msg)
    wanted, where, parent = description(arguments[0]), transform(arguments[1]), optional(uint32)(arguments[2])
    new_actor = simulation.spawner.spawn(wanted, where, parent or 0)
    for command in listing(anything)(arguments[5]):
        _do_after(simulation, command, new_actor, depth + 1)
    return new_actor


def _do_after(simulation: Simulation, command: Any, new_actor: int, depth: int) -> None:
    """The actor stays, as in CARLA, even if this cannot be done to it."""
    try:
        _do(simulation, command, new_actor, depth)
    except WamError as err:
        _log.warning("apply_batch: after spawning actor %d: %s", new_actor, err)
