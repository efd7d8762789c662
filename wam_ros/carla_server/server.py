"""The server of CARLA's wire protocol: one thread that waits for sockets, answers calls and ticks the world."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from types import TracebackType

from typing_extensions import Self

from wam_ros.carla_server.actors.simulation import Simulation
from wam_ros.carla_server.endpoints import actors, batch, lights, scene, vehicles, world
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.wire.calls import Calls
from wam_ros.carla_server.wire.rpc import Reply, Request, RpcServer
from wam_ros.carla_server.wire.socket_loop import SocketLoop
from wam_ros.carla_server.wire.streams import Streams
from wam_ros.carla_server.wire.wire_types import EpisodeSettings
from wam_ros.carla_server.world.world import WorldSettings

_LONGEST_WAIT = 1.0  # s
_TICK_S = 0.05  # of a world that begins in synchronous mode
_log = logging.getLogger("wam_ros.carla_server")


class CarlaServer:
    """A world that unmodified clients of CARLA 0.9.16 can use. One per process: so many worlds it allows.

    In synchronous mode the world goes on by a client's cue; otherwise it ticks by itself, in real time.

    Args:
        town: To begin with; clients can load others.
        settings: Of its traffic.
        port: Of the calls; 0 = any that is free.
        streaming_port: Of snapshots and sensor data; 0 = any that is free.
        host: To listen at; the protocol has no protection whatever, so keep it at the loopback.
        renderer: Of the cameras, "software" or "egl".
        synchronous: Whether the world stands from the start until a client ticks it.

    Raises:
        WorldError: A port is in use, or another world runs in this process.

    """

    def __init__(
        self,
        town: Town,
        settings: WorldSettings | None = None,
        port: int = 0,
        streaming_port: int = 0,
        host: str = "127.0.0.1",
        renderer: str = "software",
        *,
        synchronous: bool = False,
    ) -> None:
        self._calls: Calls[Simulation] = Calls()
        for topic in (actors, batch, lights, scene, vehicles, world):
            self._calls.include(topic.calls)
        self._loop = SocketLoop()
        self._wake, self._woken = socket.socketpair()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._streams: Streams | None = None
        self._simulation: Simulation | None = None
        try:
            self._rpc = RpcServer(self._loop, host, port, self._answer)
            self._streams = Streams(host, streaming_port)
            self._simulation = Simulation(town, settings or WorldSettings(), self._streams, renderer)
            if synchronous:
                self._simulation.settings = EpisodeSettings(synchronous_mode=True, fixed_delta_seconds=_TICK_S)
        except BaseException:
            self._release()
            raise
        streams = self._streams.loop
        self._loop.watch(streams.fileno(), selectors.EVENT_READ, lambda _: streams.poll(0.0))
        self._loop.watch(self._woken, selectors.EVENT_READ, lambda _: None)

    @property
    def port(self) -> int:
        """Of the calls."""
        return self._rpc.port

    @property
    def streaming_port(self) -> int:
        """Of snapshots and sensor data."""
        assert self._streams is not None
        return self._streams.port

    def start(self) -> None:
        """Serve in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self.serve_forever, name="carla_server", daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve in this thread until `stop`, which another thread or a signal handler calls."""
        simulation, next_tick = self._simulation, time.monotonic()
        assert simulation is not None
        while not self._ended:
            if simulation.settings.synchronous_mode:
                wait = _LONGEST_WAIT
            else:
                now = time.monotonic()
                if now >= next_tick:
                    self._tick(simulation)
                    next_tick = max(next_tick + simulation.tick_s, time.monotonic())
                wait = next_tick - time.monotonic()
            self._loop.poll(0.0 if self._rpc.has_work else wait)
            self._rpc.work()

    def stop(self) -> None:
        """Have `serve_forever` return; safe from any thread and from signal handlers."""
        self._ended = True
        self._wake.send(b"\0")

    def close(self) -> None:
        """End the server: thread, connections, ports, world. A second call does nothing."""
        if self._simulation is None:
            return
        self.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def _tick(simulation: Simulation) -> None:
        try:
            simulation.tick()
        except Exception:  # noqa: BLE001  # the edge of the process: what a client asked for may not end the server for all
            _log.exception("the tick of frame %d failed", simulation.frame)

    def _answer(self, request: Request) -> Reply:
        assert self._simulation is not None
        return self._calls.answer(self._simulation, request)

    def _release(self) -> None:
        if self._simulation is not None:
            self._simulation.close()
            self._simulation = None
        if self._streams is not None:
            self._streams.close()
        self._loop.close()
        self._wake.close()
        self._woken.close()
