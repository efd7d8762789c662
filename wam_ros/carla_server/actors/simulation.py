"""The server's state behind its calls: the episode of now, settings, weather, and the tick. It knows no request."""

from __future__ import annotations

import logging

from wam_ros.carla_server.actors.episode import Episode
from wam_ros.carla_server.actors.snapshot import snapshot
from wam_ros.carla_server.actors.spawning import Spawner
from wam_ros.carla_server.camera.town_camera import TownCamera
from wam_ros.carla_server.towns.town import Town, available_towns
from wam_ros.carla_server.wire.layouts import SimulationState
from wam_ros.carla_server.wire.streams import WORLD, Streams
from wam_ros.carla_server.wire.wire_types import EpisodeSettings
from wam_ros.carla_server.world.traffic import STEP
from wam_ros.carla_server.world.world import MAX_STEP, World, WorldSettings
from wam_ros.core.errors import WorldError

_log = logging.getLogger("wam_ros.carla_server")
_MAPS = "Carla/Maps/"
_CLEAR_WEATHER = (0.0, 0.0, 0.0, 10.0, 0.0, 45.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.03, 0.0331, 0.0)


class Simulation:
    """A world that goes on in ticks, by itself or by a client's cue, and begins anew when a town is loaded.

    Args:
        town: To begin with.
        world_settings: Of every world.
        streams: Where snapshots and sensors go.
        renderer: Of the cameras.

    Raises:
        WorldError: Another world runs in this process.

    """

    def __init__(self, town: Town, world_settings: WorldSettings, streams: Streams, renderer: str = "software") -> None:
        self.streams = streams
        self.settings = EpisodeSettings()
        self.weather: tuple[float, ...] = _CLEAR_WEATHER
        self.traffic_managers: dict[int, tuple[str, int]] = {}
        self.frame = 0
        self._world_settings = world_settings
        self._renderer = renderer
        self._camera: TownCamera | None = None
        self._first_town = town
        self._begin(1, World(town, world_settings))

    @property
    def town(self) -> Town:
        """The one of now."""
        return self.episode.world.town

    @property
    def map_name(self) -> str:
        """As CARLA names the town."""
        return _MAPS + self.town.name

    @property
    def maps(self) -> list[str]:
        """All that can be loaded."""
        return [_MAPS + name for name in sorted({*available_towns(), self._first_town.name})]

    @property
    def tick_s(self) -> float:
        """Length of a tick [s]."""
        fixed = self.settings.fixed_delta_seconds
        return STEP if fixed is None else fixed

    def change(self, settings: EpisodeSettings) -> None:
        """Other settings from the next tick on.

        Raises:
            WorldError: The world cannot go in such steps.

        """
        fixed = settings.fixed_delta_seconds
        if fixed == 0.0:
            settings = settings._replace(fixed_delta_seconds=None)
        elif fixed is not None and not 0.001 <= fixed <= MAX_STEP:
            msg = f"fixed_delta_seconds = {fixed}, wanted 0.001 to {MAX_STEP} s, or none"
            raise WorldError(msg)
        self.settings = settings

    def tick(self) -> int:
        """One step: move, send what sensors measure, send the snapshot, wait until all is read. The frame's number."""
        self.streams.settle()
        dt = self.tick_s
        self.frame += 1
        for stream, message in self.episode.step(self.frame, dt, not self.settings.no_rendering_mode):
            self.streams.publish(stream, *message)
        self._show(dt, SimulationState.NONE)
        return self.frame

    def load(self, name: str, *, reset_settings: bool) -> None:
        """Begin a new episode in a town; the empty name stands for the one of now.

        Raises:
            WorldError: There is no such town.

        """
        town = self._town_of(name.rsplit("/", maxsplit=1)[-1])
        number = self.episode.number + 1
        self._end()
        if reset_settings:
            self.settings = EpisodeSettings()
        self._begin(number, World(town, self._world_settings))
        _log.info("episode %d in %s", number, self.map_name)

    def close(self) -> None:
        """End the world."""
        self._end()

    def _town_of(self, name: str) -> Town:
        if name in {"", self.town.name}:
            return self.town
        if name == self._first_town.name:
            return self._first_town
        if name in available_towns():
            return Town.load(name)
        msg = f"map '{name[:100]}' not found; this server has {', '.join(self.maps)}"
        raise WorldError(msg)

    def _begin(self, number: int, world: World) -> None:
        self.episode = Episode(number, world, self.streams)
        self.spawner = Spawner(self.episode, self._open_camera)
        self.frame += 1
        self._show(self.tick_s, SimulationState.MAP_CHANGE)

    def _end(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None
        self.episode.world.close()

    def _show(self, dt: float, state: SimulationState) -> None:
        self.streams.publish(WORLD, snapshot(self.episode, self.frame, dt, state))
        self.streams.flush()

    def _open_camera(self) -> TownCamera:
        if self._camera is None:
            self._camera = TownCamera(self.town, self._world_settings.seed, self._renderer)
        return self._camera
