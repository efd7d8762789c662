"""What the user decides about the bridge: which server, which vehicle, which route. No carla, no ROS."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from wam_ros.core.errors import ConfigError

Actuation = Literal["ackermann", "control"]
ACTUATIONS: tuple[str, ...] = get_args(Actuation)
_LONGEST_TICK_S = 0.1  # CARLA's physics does at most 10 substeps of 10 ms


@dataclass(frozen=True)
class BridgeSettings:
    """How to reach a CARLA server and what to drive there.

    Fields:
        host, port: Of the server's RPC.
        timeout_s: The longest that one call may take [s]; the first call of a large town takes long.
        role_name: Of the vehicle to drive.
        town: Loaded where the server shows another one; empty = whatever is there.
        tick_s: Length of a tick [s].
        passive: Another process owns the clock and the world's settings; we only follow its ticks.
        sensor_timeout_s: The longest wait for a sensor that is due [s].
        spawn: Put the vehicle there if none of that role exists; otherwise wait for one, `timeout_s` at most.
        blueprint: Of a vehicle that we spawn.
        spawn_index: Which of the town's spawn points, where the route says nothing.
        spawn_attempts: How many places (spawn points, or routes of the seed) are tried while one is occupied.
        actuation: Ackermann control, or throttle, brake and steering for servers whose Ackermann control is poor.
        frame_id: Name of the map frame.
        scene_radius: How far around the vehicle the truth reaches [m].

    Raises:
        ConfigError: A value is out of range; the text names it.

    """

    host: str = "127.0.0.1"
    port: int = 2000
    timeout_s: float = 10.0
    role_name: str = "hero"
    town: str = ""
    tick_s: float = 0.05
    passive: bool = False
    sensor_timeout_s: float = 2.0
    spawn: bool = True
    blueprint: str = "vehicle.tesla.model3"
    spawn_index: int = 0
    spawn_attempts: int = 1
    actuation: Actuation = "ackermann"
    frame_id: str = "map"
    scene_radius: float = 100.0

    def __post_init__(self) -> None:
        if not 0 < self.port < 65536:
            msg = f"port = {self.port}, wanted 1 to 65535"
            raise ConfigError(msg)
        if not 0.0 < self.tick_s <= _LONGEST_TICK_S:
            msg = f"tick_s = {self.tick_s}, wanted above 0 and at most {_LONGEST_TICK_S} s"
            raise ConfigError(msg)
        for name in ("timeout_s", "sensor_timeout_s", "scene_radius"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                msg = f"{name} = {value}, wanted a positive number"
                raise ConfigError(msg)
        if self.spawn_index < 0 or self.spawn_attempts < 1:
            msg = f"spawn_index = {self.spawn_index}, spawn_attempts = {self.spawn_attempts}, wanted at least 0 and 1"
            raise ConfigError(msg)
        if self.actuation not in ACTUATIONS:
            msg = f"actuation = {self.actuation!r}, wanted one of {', '.join(ACTUATIONS)}"
            raise ConfigError(msg)
        if not self.role_name or not self.frame_id:
            msg = f"role_name = {self.role_name!r}, frame_id = {self.frame_id!r}, wanted names"
            raise ConfigError(msg)


@dataclass(frozen=True)
class RandomRoute:
    """A route of about `length` metres, drawn with `seed` on the server's map."""

    seed: int
    length: float = 300.0


@dataclass(frozen=True)
class GoalRoute:
    """The shortest route from where the vehicle stands to x, y [m] in the map frame."""

    x: float
    y: float
