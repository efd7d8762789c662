"""What a sensor is in the embedded world: where it hangs, when it measures. What it measures is in sensors_*.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from wam_ros.carla_server.actors.blueprints import read_number
from wam_ros.carla_server.actors.body_motion import BodyMotion
from wam_ros.carla_server.actors.carla_poses import transform_of
from wam_ros.carla_server.wire.layouts import SensorType, sensor_header
from wam_ros.carla_server.wire.socket_loop import Chunk
from wam_ros.carla_server.wire.wire_types import Description
from wam_ros.carla_server.world.bodies import Collision
from wam_ros.carla_server.world.world import World
from wam_ros.core.geometry import SE3

_ROUNDING = 1e-6  # s


@dataclass(frozen=True)
class Moment:
    """The world after a tick, as sensors see it.

    Fields:
        frame: Number of the tick.
        dt: Its length [s].
        world: Everything that stands and moves.
        collisions: Of this tick.
        rendering: Whether cameras are wanted.

    """

    frame: int
    dt: float
    world: World
    collisions: tuple[Collision, ...]
    rendering: bool


@dataclass(frozen=True, eq=False)
class Mount:
    """Where a sensor is at one moment.

    Fields:
        map_from_sensor: Its pose; axes of a body.
        parent_from_sensor: In the actor that carries it.
        parent_id: That actor; 0 = none.
        motion: Of the parent's origin.

    """

    map_from_sensor: SE3
    parent_from_sensor: SE3
    parent_id: int
    motion: BodyMotion


class Instrument(Protocol):
    """What one kind of sensor measures."""

    kind: SensorType

    def measure(self, moment: Moment, mount: Mount) -> list[tuple[Chunk, ...]]:
        """Messages without header; none where there is nothing to tell."""


@dataclass(eq=False)
class Sensor:
    """One sensor of a client.

    Fields:
        actor_id: CARLA's.
        description: What it was made from.
        mount: In its parent, or in the map where it has none.
        parent_id: 0 = none.
        stream: Number of its stream; 0 = it has none.
        instrument: What it measures; None = its data is made in the client.

    """

    actor_id: int
    description: Description
    mount: SE3
    parent_id: int
    stream: int = 0
    instrument: Instrument | None = None
    _next_time: float | None = field(default=None, init=False)

    def restart(self) -> None:
        """Someone began to listen: measure at the next tick."""
        self._next_time = None

    def is_due(self, time: float, dt: float) -> bool:
        """Whether it measures in the tick that ends at `time` [s]; every `sensor_tick` from the first one on."""
        if self._next_time is not None and time < self._next_time - _ROUNDING:
            return False
        period = max(round(read_number(self.description, "sensor_tick") / dt), 1) * dt
        self._next_time = time + period
        return True

    def messages(self, moment: Moment, mount: Mount) -> list[tuple[Chunk, ...]]:
        """What it sends, with headers."""
        if self.instrument is None:
            return []
        header = sensor_header(
            self.instrument.kind, moment.frame, moment.world.time, transform_of(mount.map_from_sensor)
        )
        return [(header, *chunks) for chunks in self.instrument.measure(moment, mount)]
