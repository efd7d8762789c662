"""A CARLA world with our vehicle and its sensors in it: one tick gives one measurement. Knows no route."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from types import MappingProxyType
from typing import Any

from wam_ros.carla_bridge.actuation import Actuator
from wam_ros.carla_bridge.carla_poses import spawn_transform, vector_from_carla
from wam_ros.carla_bridge.clock import WorldClock
from wam_ros.carla_bridge.connection import Connection, ServerGoneError, calling
from wam_ros.carla_bridge.ego_reader import EgoReader, stamp_of
from wam_ros.carla_bridge.ego_vehicle import EgoVehicle, find_vehicle, spawn_vehicle, wait_for_vehicle
from wam_ros.carla_bridge.measurement import CollisionEvent, Measurement
from wam_ros.carla_bridge.scene_reader import SceneReader
from wam_ros.carla_bridge.sensor_array import SensorArray
from wam_ros.carla_bridge.settings import BridgeSettings
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE2
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.scene import Scene
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.maps.opendrive import read_lane_graph
from wam_ros.maps.signals import read_signals

_DROP = 0.3  # m above the road at which a vehicle is spawned: on it, real servers see a collision
_SETTLING_TICKS = 60
_STANDING = 0.05  # m/s


class DrivenWorld:
    """Connects and takes the clock at once; `attach` or `spawn`, then `mount`, then `tick`.

    Whatever it changed is put back by `close`, which never raises and takes bounded time, server or no server.

    Raises:
        WorldError: As `Connection.open` and `WorldClock`.

    """

    def __init__(self, settings: BridgeSettings, vehicle: VehicleDescription) -> None:
        self.settings = settings
        self.description = vehicle
        self._connection = Connection.open(settings)
        self._ego: EgoVehicle | None = None
        self._sensors: SensorArray | None = None
        self.clock = WorldClock(self._connection.world, settings)

    # -- the town

    @cached_property
    def map(self) -> Any:
        """carla.Map."""
        with calling("reading the map"):
            return self._connection.world.get_map()

    @cached_property
    def xodr(self) -> str:
        """The town's OpenDRIVE."""
        return str(self.map.to_opendrive())

    @cached_property
    def lanes(self) -> LaneGraph:
        """The town's lanes."""
        return read_lane_graph(self.xodr, self.settings.frame_id)

    def spawn_points(self) -> tuple[Any, ...]:
        """carla.Transforms, in the town's order."""
        return tuple(self.map.get_spawn_points())

    def spawn_place(self, base: SE2) -> Any:
        """carla.Transform to spawn the vehicle at, for a pose of base_link: a little above the road."""
        flat = spawn_transform(base, self.description, 0.0)
        waypoint = self.map.get_waypoint(flat.location)
        flat.location.z = _DROP + (0.0 if waypoint is None else waypoint.transform.location.z)
        return flat

    # -- the vehicle

    def attach(self) -> bool:
        """Take the vehicle of the role that is there already, or, where none is to be spawned, wait for it."""
        world = self._connection.world
        self._ego = find_vehicle(world, self.settings.role_name)
        if self._ego is None and not self.settings.spawn:
            self._ego = wait_for_vehicle(world, self.clock, self.settings)
        return self._ego is not None

    def spawn(self, transform: Any) -> None:
        """Put a vehicle of ours there.

        Raises:
            WorldError: The server refuses.

        """
        self._ego = spawn_vehicle(self._connection.world, self.settings, transform)

    def mount(self, rig: SensorRig) -> Measurement:
        """Hang the rig's sensors on the vehicle and tick until all measure and a vehicle of ours stands still.

        The measurement given back is one of the first camera's frames, so that every drive begins with an image.

        Raises:
            WorldError: A sensor is refused or silent, or the server is gone.

        """
        assert self._ego is not None, "attach or spawn first"
        world, ego = self._connection.world, self._ego
        self.actuator = Actuator(self._connection.client, ego.actor, self.description, self.settings.actuation)
        if ego.is_ours:
            self.actuator.brake()
        self.clock.tick()
        self._reader = EgoReader(ego.id, self.description, self.settings.frame_id)
        self._scenes = SceneReader(world, ego.id, read_signals(self.xodr, self.lanes), self.settings.scene_radius)
        timeout_s = self.settings.sensor_timeout_s
        self._sensors = SensorArray(world, ego.actor, rig, self.description, self.clock, timeout_s)
        self._sensors.start(self.clock)
        first = next((camera.id for camera in rig.cameras), None)
        for count in range(_SETTLING_TICKS):
            measurement = self.tick()
            standing = not ego.is_ours or abs(measurement.ego.speed) < _STANDING or count > _SETTLING_TICKS // 2
            if standing and (first is None or first in measurement.readings):
                return measurement
        msg = f"sensor {first} gave no image in {_SETTLING_TICKS} frames"
        raise WorldError(msg)

    @property
    def actor(self) -> Any:
        """The vehicle's carla.Vehicle."""
        assert self._ego is not None, "attach or spawn first"
        return self._ego.actor

    @property
    def lost_readings(self) -> int:
        """Readings that were due and did not come in time."""
        return 0 if self._sensors is None else self._sensors.lost

    # -- the frames

    def tick(self) -> Measurement:
        """Go on by one frame and gather what was measured in it.

        Raises:
            ServerGoneError: The server does not answer.
            WorldError: A sensor is silent, or the vehicle is gone.

        """
        assert self._sensors is not None, "mount first"
        snapshot = self.clock.tick()
        readings = self._sensors.take(snapshot.frame)
        return Measurement(
            frame=snapshot.frame,
            stamp_ns=stamp_of(snapshot),
            ego=self._reader.read(snapshot),
            map_from_base=self._reader.pose(snapshot),
            readings=MappingProxyType(readings),
            collisions=tuple(_collision(event) for event in self._sensors.take_collisions(snapshot.frame)),
            snapshot=snapshot,
        )

    def scene(self, measurement: Measurement) -> Scene:
        """The truth of a measurement's frame; lights are those of the newest frame, the same unless in passive mode."""
        return self._scenes.read(measurement.snapshot, measurement.ego)

    # -- the end

    def close(self) -> None:
        """Destroy what we made and put the world's settings back; without a server only forget it. Never raises."""
        answering = self._connection.prepare_to_leave()
        sensors, ego = self._sensors, self._ego
        self._sensors = self._ego = None
        if sensors is not None:
            answering = _tried(lambda: sensors.close(answering=answering)) and answering
        steps: Iterable[Callable[[], None]] = (() if ego is None else (ego.destroy,)) + (self.clock.restore,)
        for step in steps:
            answering = answering and _tried(step)


def _tried(step: Callable[[], None]) -> bool:
    """Whether the server still answers after a step; that it refuses one is no reason to leave out the next."""
    try:
        step()
    except ServerGoneError:
        return False
    except WorldError:
        return True
    return True


def _collision(event: Any) -> CollisionEvent:
    other = event.other_actor
    return CollisionEvent(
        stamp_ns=round(event.timestamp * NS_PER_S),
        other_id=0 if other is None else int(other.id),
        other_type="" if other is None else str(other.type_id),
        impulse=vector_from_carla(event.normal_impulse),
    )
