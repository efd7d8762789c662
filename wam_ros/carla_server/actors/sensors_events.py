"""Sensors that speak only when something happens: collision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack

from wam_ros.carla_server.actors.sensors import Moment, Mount
from wam_ros.carla_server.wire.layouts import SensorType
from wam_ros.carla_server.wire.socket_loop import Chunk
from wam_ros.carla_server.world.bodies import Collision
from wam_ros.maps.handedness import flip_y

_TOWN = [0, 0, [0, "static.building", []], [[0.0] * 3, [0.0] * 3, [0.0] * 3, 0], b"\x03", b""]


class CollisionSensor:
    """Told in each tick in which its carrier touches something.

    The impulse [N s] is the one that the carrier gets, in CARLA's axes of the map. `actor_form` gives an actor for the
    wire.
    """

    kind = SensorType.COLLISION

    def __init__(self, actor_form: Callable[[int], list[Any] | None]) -> None:
        self._actor_form = actor_form

    def measure(self, moment: Moment, mount: Mount) -> list[tuple[Chunk, ...]]:
        """[self, other, impulse] for each collision."""
        events = (_seen_from(mount.parent_id, collision) for collision in moment.collisions)
        return [(self._packed(mount.parent_id, *event),) for event in events if event is not None]

    def _packed(self, own: int, other: int, impulse: list[float]) -> bytes:
        forms = [self._actor_form(own), _TOWN if other == 0 else self._actor_form(other)]
        packed: bytes = msgpack.packb([*(_TOWN if form is None else form for form in forms), impulse])
        return packed


def _seen_from(own: int, collision: Collision) -> tuple[int, list[float]] | None:
    """The other body, and the impulse that the own one gets."""
    if own == collision.first:
        other, sign = collision.second, -1.0
    elif own == collision.second:
        other, sign = collision.first, 1.0
    else:
        return None
    size = sign * collision.impulse
    return other, flip_y([size * collision.normal[0], size * collision.normal[1], 0.0]).tolist()
