"""Everything that the bridge publishes, in the order that lets receivers answer an image with all it needs at hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from carla_msgs.msg import CarlaStatus, CarlaWorldInfo
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Float32, String
from tf2_msgs.msg import TFMessage

from wam_ros.carla_bridge.camera_images import bgra_of, depth_of, tags_of
from wam_ros.carla_bridge.environment import CarlaEnvironment
from wam_ros.core.sensor_rig import SensorRig, SensorSpec
from wam_ros.msg import BridgeStatus
from wam_ros.ros import carla_messages as messages
from wam_ros.ros import carla_topics as topics
from wam_ros.ros.command_inbox import CommandInbox
from wam_ros.ros.message_types import MESSAGES
from wam_ros.ros.topics import Topic

_PIXELS: dict[str, Callable[[Any], NDArray[Any]]] = {
    "sensor.camera.rgb": bgra_of,
    "sensor.camera.depth": depth_of,
    "sensor.camera.semantic_segmentation": tags_of,
}
_SINGLE = {
    "sensor.other.imu": (topics.IMU, messages.imu_message),
    "sensor.other.gnss": (topics.GNSS, messages.gnss_message),
}


_AT_ONCE = Duration()


class CarlaOutputs:
    """Publishers of one vehicle. Sensors of other types than cameras, imu and gnss have no topic here."""

    def __init__(self, node: Node, role_name: str, base_frame: str, rig: SensorRig) -> None:
        self._node = node
        self._base_frame = base_frame
        self._rig = rig
        self._of = partial(topics.of_vehicle, role_name=role_name)
        of = self._of
        self._clock = self._publisher(topics.CLOCK)
        self._carla_status = self._publisher(topics.CARLA_STATUS)
        self._world_info = self._publisher(topics.WORLD_INFO)
        self._tf, self._tf_static = self._publisher(topics.TF), self._publisher(topics.TF_STATIC)
        self._truth, self._odometry = self._publisher(of(topics.TRUTH)), self._publisher(of(topics.ODOMETRY))
        self._acceleration = self._publisher(of(topics.ACCELERATION))
        self._speed = self._publisher(of(topics.SPEEDOMETER))
        self._vehicle_status = self._publisher(of(topics.VEHICLE_STATUS))
        self._instruction = self._publisher(of(topics.INSTRUCTION))
        self._collision, self._status = self._publisher(of(topics.COLLISION)), self._publisher(of(topics.STATUS))
        self._last_status = BridgeStatus(route_length=math.nan)
        self._waypoints = self._publisher(of(topics.WAYPOINTS))
        self._images = {spec.id: self._publisher(of(topics.IMAGE, sensor=spec.id)) for spec in rig.cameras}
        self._infos = {spec.id: self._publisher(of(topics.CAMERA_INFO, sensor=spec.id)) for spec in rig.cameras}
        self._cameras = {spec.id: (spec.camera_model, _PIXELS[spec.type]) for spec in rig.cameras}
        self._singles = {
            spec.id: (self._publisher(of(_SINGLE[spec.type][0], sensor=spec.id)), _SINGLE[spec.type][1])
            for spec in rig.sensors
            if spec.type in _SINGLE
        }

    def is_read(self, image_readers: int) -> bool:
        """Whether somebody takes the odometry, and so many the images of one camera where there are any."""
        images = not self._images or any(p.get_subscription_count() >= image_readers for p in self._images.values())
        return images and self._odometry.get_subscription_count() > 0

    def start_is_taken(self) -> bool:
        """Whether all that are matched have got what holds for the whole drive."""
        told = (self._world_info, self._tf_static, self._waypoints)
        return all(publisher.wait_for_all_acked(_AT_ONCE) for publisher in told)

    def publish_start(self, environment: CarlaEnvironment) -> None:
        """What holds for the whole drive: map, route, where the sensors are."""
        world, stamp_ns = environment.world, environment.measurement.stamp_ns
        self._world_info.publish(CarlaWorldInfo(map_name=world.map.name, opendrive=world.xodr))
        head = MESSAGES.header(stamp_ns, self._base_frame)
        self._tf_static.publish(TFMessage(transforms=[_mounted(head, spec) for spec in self._rig.sensors]))
        if environment.planned is not None:
            self._waypoints.publish(MESSAGES.route(environment.planned.route, stamp_ns))

    def publish_tick(self, environment: CarlaEnvironment) -> None:
        """All of one frame: time and truth first, images last."""
        now = environment.measurement
        ego = now.ego
        self._clock.publish(Clock(clock=MESSAGES.time(now.stamp_ns)))
        self._truth.publish(MESSAGES.scene(environment.scene(), self._base_frame))
        if environment.instruction is not None:
            self._instruction.publish(String(data=environment.instruction))
        head = MESSAGES.header(now.stamp_ns, ego.frame_id)
        moved = MESSAGES.transform(head, self._base_frame, now.map_from_base)
        self._tf.publish(TFMessage(transforms=[moved]))
        self._acceleration.publish(messages.acceleration_message(ego, self._base_frame))
        self._odometry.publish(MESSAGES.ego(ego, self._base_frame, now.map_from_base))
        for name in now.readings.keys() & self._images.keys():
            self._publish_image(name, now.readings[name], now.stamp_ns)
        self._speed.publish(Float32(data=float(ego.speed)))
        control = environment.world.actor.get_control()
        self._vehicle_status.publish(messages.vehicle_status_message(now, control))
        for name in now.readings.keys() & self._singles.keys():
            publisher, message = self._singles[name]
            publisher.publish(message(MESSAGES.header(now.stamp_ns, name), now.readings[name]))
        for event in now.collisions:
            self._collision.publish(messages.collision_message(event, ego.frame_id))
        self._carla_status.publish(
            CarlaStatus(
                frame=now.frame,
                fixed_delta_seconds=float(environment.tick_s),
                synchronous_mode=True,
                synchronous_mode_running=True,
            )
        )

    def publish_status(
        self, environment: CarlaEnvironment, inbox: CommandInbox, state: int, real_time_factor: float, reason: str = ""
    ) -> None:
        """How the drive stands."""
        now, planned = environment.measurement, environment.planned
        status = BridgeStatus(
            header=MESSAGES.header(now.stamp_ns, now.ego.frame_id),
            state=state,
            reason=reason,
            frame=now.frame,
            commands=inbox.taken,
            missed_commands=inbox.missed,
            collisions=len(environment.collisions),
            route_progress=float(environment.progress),
            route_length=math.nan if planned is None else float(planned.length),
            real_time_factor=real_time_factor,
        )
        self._last_status = status
        self._status.publish(status)

    def publish_failure(self, reason: str) -> None:
        """The drive has failed: the last status again, with the reason."""
        status = self._last_status
        status.state, status.reason = BridgeStatus.FAILED, reason
        self._status.publish(status)

    def _publish_image(self, name: str, reading: Any, stamp_ns: int) -> None:
        head = MESSAGES.header(stamp_ns, messages.optical_frame(name))
        lens, pixels = self._cameras[name]
        self._infos[name].publish(messages.camera_info_message(head, lens))
        self._images[name].publish(messages.image_message(head, pixels(reading)))

    def _publisher(self, topic: Topic) -> Any:
        return self._node.create_publisher(topic.type, topic.name, topic.qos)


def _mounted(head: Any, spec: SensorSpec) -> Any:
    if spec.is_camera:
        return MESSAGES.transform(head, messages.optical_frame(spec.id), spec.base_from_optical)
    return MESSAGES.transform(head, spec.id, spec.base_from_sensor)
