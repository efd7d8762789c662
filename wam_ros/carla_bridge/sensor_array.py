"""The sensors of the vehicle in CARLA: spawned by the rig's specs, listened to, read by frame, destroyed."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from wam_ros.carla_bridge.carla_poses import actor_from_base, pose_to_transform
from wam_ros.carla_bridge.clock import WorldClock
from wam_ros.carla_bridge.connection import calling
from wam_ros.carla_bridge.sensor_stream import EventStream, SensorStream
from wam_ros.core.config import unknown_key
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE3
from wam_ros.core.sensor_rig import SensorRig, SensorSpec
from wam_ros.core.vehicle import VehicleDescription

COLLISION = "sensor.other.collision"
_UNHEARD = ("sensor.other.lane_invasion", "sensor.other.obstacle")  # events for which there is no topic
_ROUNDS = 3  # of waiting for a first reading: a real server may lose the first ones


class SensorArray:
    """The rig's sensors on one actor, and a collision sensor where the rig has none.

    Args:
        world: carla.World.
        actor: The vehicle that they hang on.
        rig: Their specs.
        vehicle: Says where base_link is in the actor.
        clock: Says how many frames a sensor's period has.
        timeout_s: The longest wait for a reading that is due [s].

    """

    def __init__(
        self,
        world: Any,
        actor: Any,
        rig: SensorRig,
        vehicle: VehicleDescription,
        clock: WorldClock,
        timeout_s: float,
    ) -> None:
        self._timeout_s = timeout_s
        self._actors: list[Any] = []
        self._streams: dict[str, SensorStream] = {}
        self._collisions = EventStream()
        self.specs = {spec.id: spec for spec in rig.sensors}
        try:
            for spec in (*rig.sensors, *_missing_collision_sensor(rig)):
                self._add(world, actor, spec, vehicle, max(1, round(spec.period / clock.tick_s)))
        except BaseException:
            self.close()
            raise

    def _add(self, world: Any, actor: Any, spec: SensorSpec, vehicle: VehicleDescription, period: int) -> None:
        mounted = pose_to_transform(actor_from_base(vehicle) @ spec.base_from_sensor)
        with calling(f"spawning sensor {spec.id} ({spec.type})"):
            sensor = world.spawn_actor(_blueprint(world, spec), mounted, attach_to=actor)
        self._actors.append(sensor)
        if spec.type in _UNHEARD:
            return
        sink: SensorStream | EventStream = self._collisions
        if spec.type != COLLISION:
            sink = self._streams[spec.id] = SensorStream(f"{spec.id} ({spec.type})", period, self._timeout_s)
        with calling(f"listening to sensor {spec.id}"):
            sensor.listen(sink.put)

    @property
    def lost(self) -> int:
        """Readings that were due and did not come in time, of all sensors."""
        return sum(stream.lost for stream in self._streams.values())

    def start(self, clock: WorldClock) -> None:
        """Tick until each sensor has sent something: then the phases are known.

        Raises:
            WorldError: A sensor stays silent; the text names it and the frames waited.

        """
        frames = max((stream.period for stream in self._streams.values()), default=1)
        ticked = 0
        for _ in range(_ROUNDS):
            for _ in range(frames):
                clock.tick()
                ticked += 1
            deadline = time.monotonic() + self._timeout_s
            if all(stream.wait_seen(deadline) for stream in self._streams.values()):
                return
        silent = [stream.name for stream in self._streams.values() if not stream.seen]
        msg = (
            f"sensor silent: nothing from {', '.join(silent)} in {ticked} frames, waited {_ROUNDS} times "
            f"{self._timeout_s:g} s; look at the server's log, or allow more time (sensor_timeout_s)"
        )
        raise WorldError(msg)

    def take(self, frame: int) -> dict[str, Any]:
        """carla.SensorData by sensor id, of exactly this frame; sensors that measured nothing then are missing.

        Raises:
            WorldError: A sensor has been silent for several frames in which it was due.

        """
        readings = {name: stream.take(frame) for name, stream in self._streams.items()}
        return {name: reading for name, reading in readings.items() if reading is not None}

    def take_collisions(self, frame: int) -> tuple[Any, ...]:
        """carla.CollisionEvents up to and including a frame."""
        return self._collisions.take(frame)

    def close(self, *, answering: bool = True) -> None:
        """Stop listening and destroy the sensors; `answering` False = the server is gone, ask it nothing."""
        actors, self._actors = self._actors, []
        for sensor in actors:
            with suppress(RuntimeError):
                sensor.stop()
        if answering:
            for sensor in actors:
                with calling("destroying a sensor"):
                    sensor.destroy()


def _missing_collision_sensor(rig: SensorRig) -> tuple[SensorSpec, ...]:
    if any(spec.type == COLLISION for spec in rig.sensors):
        return ()
    return (SensorSpec("bridge_collision", COLLISION, SE3.identity(), {}),)


def _blueprint(world: Any, spec: SensorSpec) -> Any:
    library = world.get_blueprint_library()
    try:
        blueprint = library.find(spec.type)
    except (IndexError, RuntimeError) as err:
        known = [entry.id for entry in library.filter("sensor.*")]
        msg = f"sensor {spec.id}: type: {unknown_key(spec.type, known)}"
        raise WorldError(msg) from err
    for name, value in spec.attributes.items():
        if not blueprint.has_attribute(name):
            msg = f"sensor {spec.id} ({spec.type}): attribute {unknown_key(name, [a.id for a in blueprint])}"
            raise WorldError(msg)
        blueprint.set_attribute(name, value)
    return blueprint
