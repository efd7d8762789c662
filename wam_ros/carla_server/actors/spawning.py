"""Making and taking away actors for clients."""

from __future__ import annotations

from collections.abc import Callable

from wam_ros.carla_server.actors.blueprint_catalog import library, vehicle_of
from wam_ros.carla_server.actors.blueprints import Blueprint, read_color, read_text
from wam_ros.carla_server.actors.carla_poses import planar_of, pose_of
from wam_ros.carla_server.actors.episode import Episode
from wam_ros.carla_server.actors.sensors import Instrument, Sensor
from wam_ros.carla_server.actors.sensors_camera import KINDS, Camera, image_size
from wam_ros.carla_server.actors.sensors_events import CollisionSensor
from wam_ros.carla_server.actors.sensors_lidar import Lidar
from wam_ros.carla_server.actors.sensors_motion import Gnss, Imu
from wam_ros.carla_server.camera.town_camera import TownCamera
from wam_ros.carla_server.wire.layouts import WireTransform
from wam_ros.carla_server.wire.wire_types import Description
from wam_ros.core.errors import WorldError
from wam_ros.core.scene import ActorKind
from wam_ros.maps.geolocation import Geolocation

_MOST_BODIES = 500  # of clients
_MOST_SENSORS = 250
_MOST_IMAGES = 32
_IN_THE_CLIENT = ("sensor.other.lane_invasion",)
_WITHOUT_DATA = "controller.ai.walker"


class Spawner:
    """Makes actors of one episode.

    Args:
        episode: Where.
        camera: Gives the renderer, which is started with the first camera.

    """

    def __init__(self, episode: Episode, camera: Callable[[], TownCamera]) -> None:
        self._episode = episode
        self._camera = camera
        self._images: set[tuple[str, ...]] = set()

    def spawn(self, wanted: Description, transform: WireTransform, parent_id: int = 0) -> int:
        """The id of a new actor at a transform, which is in the parent where there is one.

        Raises:
            WorldError: The blueprint is unknown, the place is taken, or the embedded world cannot do it.

        """
        blueprint, description = library().check(wanted)
        episode = self._episode
        if not episode.exists(parent_id):
            msg = f"cannot attach {blueprint.id}: no actor {parent_id}"
            raise WorldError(msg)
        if blueprint.id == _WITHOUT_DATA or blueprint.id.startswith("sensor."):
            return self._spawn_sensor(description, transform, parent_id)
        if parent_id:
            msg = f"{blueprint.id} cannot be attached to an actor; only sensors can"
            raise WorldError(msg)
        return self._spawn_body(blueprint, description, transform)

    def destroy(self, actor_id: int) -> bool:
        """Take an actor away, with its sensors; False if clients have no such actor."""
        episode = self._episode
        if actor_id in episode.sensors:
            del episode.sensors[actor_id]
        elif episode.world.remove(actor_id):
            episode.controls.forget(actor_id)
            episode.motions.offsets.pop(actor_id, None)
            episode.descriptions.pop(actor_id, None)
            episode.vehicle_lights.pop(actor_id, None)
            episode.walks.pop(actor_id, None)
        else:
            return False
        for sensor in list(episode.sensors.values()):
            if sensor.parent_id == actor_id:
                self.destroy(sensor.actor_id)
        return True

    def _spawn_body(self, blueprint: Blueprint, description: Description, transform: WireTransform) -> int:
        episode = self._episode
        if len(episode.descriptions) >= _MOST_BODIES:
            msg = f"there are {_MOST_BODIES} actors of clients already; destroy some"
            raise WorldError(msg)
        pose, world = planar_of(transform), episode.world
        if blueprint.id.startswith("vehicle."):
            vehicle = vehicle_of(blueprint.id)
            body = world.spawn_vehicle(blueprint.id, pose, vehicle, read_color(read_text(description, "color")))
            if read_text(description, "base_type") == "bicycle":
                body.kind = ActorKind.BICYCLE
            episode.controls.vehicles[body.id] = vehicle
            episode.motions.offsets[body.id] = vehicle.rear_axle_to_center
        elif blueprint.id.startswith("walker."):
            body = world.spawn_pedestrian(blueprint.id, pose)
        else:
            assert blueprint.size is not None
            body = world.spawn_prop(blueprint.id, pose, blueprint.size)
        episode.descriptions[body.id] = description
        return body.id

    def _spawn_sensor(self, description: Description, transform: WireTransform, parent_id: int) -> int:
        episode = self._episode
        if len(episode.sensors) >= _MOST_SENSORS:
            msg = f"there are {_MOST_SENSORS} sensors already; destroy some"
            raise WorldError(msg)
        instrument = self._instrument(description)
        stream = 0
        if description.id != _WITHOUT_DATA:
            stream = episode.streams.new_number()
        sensor = Sensor(episode.next_id(), description, pose_of(transform), parent_id, stream, instrument)
        episode.sensors[sensor.actor_id] = sensor
        return sensor.actor_id

    def _instrument(self, description: Description) -> Instrument | None:
        name = description.id
        if name == _WITHOUT_DATA or name in _IN_THE_CLIENT:
            return None
        if name in KINDS:
            self._count_image(description)
            return Camera(description, self._camera())
        if name == "sensor.other.imu":
            return Imu(description)
        if name == "sensor.other.gnss":
            return Gnss(description, Geolocation(self._episode.world.town.xodr))
        if name == "sensor.other.collision":
            return CollisionSensor(self._episode.form)
        if name == "sensor.lidar.ray_cast":
            return Lidar(description)
        msg = f"the embedded world has no {name}: it is not simulated"
        raise WorldError(msg)

    def _count_image(self, description: Description) -> None:
        """The renderer keeps a view for each kind of image, so there may not be too many."""
        image_size(description)
        self._images.add(tuple(read_text(description, name) for name in ("image_size_x", "image_size_y", "fov")))
        if len(self._images) > _MOST_IMAGES:
            msg = f"{_MOST_IMAGES} different sizes and fields of view of images were wanted already; load the town anew"
            raise WorldError(msg)
