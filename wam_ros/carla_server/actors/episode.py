"""One world as clients see it: its actors, what they are told to do, and their sensors. It knows no connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wam_ros.carla_server.actors.blueprint_catalog import library
from wam_ros.carla_server.actors.body_motion import STILL, BodyMotions
from wam_ros.carla_server.actors.carla_poses import body_box, body_pose, body_transform, pose_of, transform_of
from wam_ros.carla_server.actors.held_controls import HeldControls
from wam_ros.carla_server.actors.road_watch import RoadWatch
from wam_ros.carla_server.actors.sensors import Moment, Mount, Sensor
from wam_ros.carla_server.actors.signal_actors import SignalActor, SignalActors
from wam_ros.carla_server.camera.semantics import Tag
from wam_ros.carla_server.wire.layouts import WireTransform
from wam_ros.carla_server.wire.socket_loop import Chunk
from wam_ros.carla_server.wire.streams import Streams
from wam_ros.carla_server.wire.wire_types import Description, box_form
from wam_ros.carla_server.world.bodies import Body
from wam_ros.carla_server.world.world import World
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE3

_FIRST_ID = 1 << 31  # bodies have lower ones
_SPECTATOR = Description(0, "spectator", ())
_LIGHT = Description(0, "traffic.traffic_light", ())
_START_HEIGHT = 50.0  # m, of the spectator


@dataclass
class Spectator:
    """The onlooker that every CARLA world has; nothing is drawn for it."""

    id: int
    transform: WireTransform


class Episode:
    """The actors of one world.

    Args:
        number: Of the episode; each load of a town begins a new one.
        world: What it shows.
        streams: Where its sensors send.

    """

    def __init__(self, number: int, world: World, streams: Streams) -> None:
        self.number = number
        self.world = world
        self.streams = streams
        self.controls = HeldControls()
        self.motions = BodyMotions()
        self.descriptions: dict[int, Description] = {}  # of clients' bodies
        self.sensors: dict[int, Sensor] = {}
        self.vehicle_lights: dict[int, int] = {}
        self.walks: dict[int, tuple[tuple[float, float, float], float]] = {}  # told direction and speed [m/s]
        overhead = WireTransform((0.0, 0.0, _START_HEIGHT), (-90.0, 0.0, 0.0))
        self.spectator = Spectator(_FIRST_ID, overhead)
        self.lights = SignalActors(world, _FIRST_ID + 1)
        self.roads = RoadWatch(world.town, self.lights)
        self._last_id = _FIRST_ID + len(self.lights.actors)

    def next_id(self) -> int:
        """For an actor without a body."""
        self._last_id += 1
        return self._last_id

    def body(self, actor_id: int) -> Body:
        """The body of an actor.

        Raises:
            WorldError: It has none, or is gone.

        """
        found = self.world.bodies.get(actor_id)
        if found is None:
            msg = f"actor {actor_id} is not in the world, or is none that moves"
            raise WorldError(msg)
        return found

    def step(self, frame: int, dt: float, rendering: bool) -> list[tuple[int, tuple[Chunk, ...]]]:
        """Move on by `dt` [s]; stream and message of all that sensors with listeners measure."""
        self.controls.apply(self.world)
        collisions = self.world.step(dt)
        self.motions.update(self.world.bodies, dt)
        self.lights.update(dt)
        self.roads.update(frame, self.world.bodies, self.controls.vehicles)
        self._drop_orphans()
        moment = Moment(frame, dt, self.world, collisions, rendering)
        return self._measure(moment)

    def _measure(self, moment: Moment) -> list[tuple[int, tuple[Chunk, ...]]]:
        joined = self.streams.take_joined()
        messages: list[tuple[int, tuple[Chunk, ...]]] = []
        for sensor in self.sensors.values():
            if sensor.stream in joined:
                sensor.restart()
            if not self.streams.has_listener(sensor.stream) or not sensor.is_due(self.world.time, moment.dt):
                continue
            mount = self.mount_of(sensor)
            messages.extend((sensor.stream, message) for message in sensor.messages(moment, mount))
        return messages

    def _drop_orphans(self) -> None:
        """Sensors go with what carries them."""
        gone = [sensor.actor_id for sensor in self.sensors.values() if not self.exists(sensor.parent_id)]
        for actor_id in gone:
            del self.sensors[actor_id]

    def exists(self, actor_id: int) -> bool:
        """Whether there is such an actor; 0 stands for none, which is always there."""
        return (
            actor_id in {0, self.spectator.id}
            or actor_id in self.world.bodies
            or actor_id in self.sensors
            or actor_id in self.lights.actors
        )

    def mount_of(self, sensor: Sensor) -> Mount:
        """Where a sensor is now."""
        pose = self.pose_of(sensor.parent_id) @ sensor.mount
        motion = self.motions.of(sensor.parent_id) if sensor.parent_id in self.world.bodies else STILL
        return Mount(pose, sensor.mount, sensor.parent_id, motion)

    def pose_of(self, actor_id: int) -> SE3:
        """Of any actor, in our axes; that of no actor (0) is the map.

        Raises:
            WorldError: There is no such actor.

        """
        if actor_id == 0:
            return SE3.identity()
        if actor_id in self.world.bodies:
            return body_pose(self.world.bodies[actor_id])
        sensor = self.sensors.get(actor_id)
        if sensor is not None:
            return self.pose_of(sensor.parent_id) @ sensor.mount
        return pose_of(self.transform_of(actor_id))

    def transform_of(self, actor_id: int) -> WireTransform:
        """Of any actor, in CARLA's axes.

        Raises:
            WorldError: There is no such actor.

        """
        if actor_id in self.world.bodies:
            return body_transform(self.world.bodies[actor_id])
        if actor_id in self.lights.actors:
            return self.lights.actors[actor_id].transform
        if actor_id == self.spectator.id:
            return self.spectator.transform
        if actor_id in self.sensors:
            return transform_of(self.pose_of(actor_id))
        msg = f"no actor {actor_id}"
        raise WorldError(msg)

    def form(self, actor_id: int) -> list[Any] | None:
        """An Actor for the wire, or None if there is no such actor."""
        if actor_id in self.world.bodies:
            return self._body_form(self.world.bodies[actor_id])
        if actor_id in self.sensors:
            return self._sensor_form(self.sensors[actor_id])
        if actor_id in self.lights.actors:
            return _light_form(self.lights.actors[actor_id])
        if actor_id == self.spectator.id:
            return _form(actor_id, 0, _SPECTATOR)
        return None

    def box(self, actor_id: int) -> list[Any]:
        """A BoundingBox for the wire.

        Raises:
            WorldError: There is no such actor.

        """
        form = self.form(actor_id)
        if form is None:
            msg = f"no actor {actor_id}"
            raise WorldError(msg)
        found: list[Any] = form[3]
        return found

    def _body_form(self, body: Body) -> list[Any]:
        blueprint = library().find(body.type_id)
        description = self.descriptions.get(body.id)
        if description is None:
            color = ",".join(map(str, body.color))
            role = {"color": color, "role_name": "autopilot"}
            description = Description(0, body.type_id, ()) if blueprint is None else blueprint.describe(**role)
        tags = b"" if blueprint is None or blueprint.tag is None else bytes([blueprint.tag])
        return _form(body.id, 0, description, box_form(*body_box(body), body.id), tags)

    def _sensor_form(self, sensor: Sensor) -> list[Any]:
        token = self.streams.token(sensor.stream) if sensor.stream else b""
        return _form(sensor.actor_id, sensor.parent_id, sensor.description, token=token)


def _light_form(light: SignalActor) -> list[Any]:
    return _form(light.id, 0, _LIGHT, box_form(*light.trigger, light.id), bytes([Tag.TRAFFIC_LIGHT]))


def _form(
    actor_id: int,
    parent_id: int,
    description: Description,
    box: list[Any] | None = None,
    tags: bytes = b"",
    token: bytes = b"",
) -> list[Any]:
    none = (0.0, 0.0, 0.0)
    shown = box_form(none, none, actor_id) if box is None else box
    return [actor_id, parent_id, description.form(), shown, tags, token]
