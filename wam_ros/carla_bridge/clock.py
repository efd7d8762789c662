"""The world's clock: ours, in synchronous mode, or followed where another process owns it."""

from __future__ import annotations

from typing import Any

from wam_ros.carla_bridge.connection import calling
from wam_ros.carla_bridge.settings import BridgeSettings
from wam_ros.core.errors import WorldError


class WorldClock:
    """Ticks the world. Settings of the world that it changes are put back by `restore`.

    Fields:
        tick_s: How far one tick moves the world [s].

    """

    def __init__(self, world: Any, settings: BridgeSettings) -> None:
        """Take the clock, or find out how another process drives it.

        Raises:
            WorldError: The owner of the clock has set no fixed step: frames could not be told from one another.

        """
        self._world = world
        self._passive = settings.passive
        self._timeout_s = settings.timeout_s
        self._found: Any = None
        with calling("reading the world's settings"):
            found = world.get_settings()
        if self._passive:
            if not found.fixed_delta_seconds:
                msg = "passive: the process that owns CARLA's clock has set no fixed_delta_seconds; set it there"
                raise WorldError(msg)
            self.tick_s = float(found.fixed_delta_seconds)
            return
        self.tick_s = settings.tick_s
        with calling("setting synchronous mode"):
            wanted = world.get_settings()
            wanted.synchronous_mode = True
            wanted.fixed_delta_seconds = settings.tick_s
            self._found = found
            world.apply_settings(wanted)

    @property
    def passive(self) -> bool:
        """Whether another process ticks."""
        return self._passive

    def tick(self) -> Any:
        """The carla.WorldSnapshot of the next frame.

        Raises:
            ServerGoneError: The server or, in passive mode, the owner of the clock is silent.

        """
        if self._passive:
            with calling("waiting for the tick of the process that owns the clock"):
                return self._world.wait_for_tick(self._timeout_s)
        with calling("ticking the world"):
            self._world.tick(self._timeout_s)
            return self._world.get_snapshot()

    def restore(self) -> None:
        """Put the world's settings back as they were found.

        Raises:
            WorldError: The server does not answer.

        """
        found, self._found = self._found, None
        if found is not None:
            with calling("putting the world's settings back"):
                self._world.apply_settings(found)
