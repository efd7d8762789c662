"""Core types out of messages: anything with the field names of ROS, from rclpy or from a bag. No node, no clock."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.camera import ENCODINGS, CameraImage, CameraModel, Encoding
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE3
from wam_ros.core.observation import Route
from wam_ros.core.plan import Plan, PlanStatus, Trajectory
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight
from wam_ros.core.timing import NS_PER_S

# By the numbers of wam_ros/SceneActor and wam_ros/SceneLight.
ACTOR_KINDS = (ActorKind.VEHICLE, ActorKind.BICYCLE, ActorKind.PEDESTRIAN, ActorKind.STATIC)
LIGHT_STATES = (LightState.RED, LightState.YELLOW, LightState.GREEN, LightState.OFF)
_CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}


def stamp_to_ns(stamp: Any) -> int:
    """A builtin_interfaces/Time or Duration as nanoseconds."""
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)


def header_stamp_ns(raw: bytes | memoryview) -> int:
    """Stamp of a serialised message that begins with a std_msgs/Header, without decoding the rest [ns].

    Raises:
        InputError: It is too short.

    """
    if len(raw) < 12:
        msg = f"message of {len(raw)} bytes has no header"
        raise InputError(msg)
    seconds, nanoseconds = struct.unpack_from("<iI" if raw[1] & 1 else ">iI", raw, 4)
    return int(seconds) * NS_PER_S + int(nanoseconds)


def pose_from_message(pose: Any) -> SE3:
    """A geometry_msgs/Pose as a transform.

    Raises:
        InputError: It is not finite or its quaternion is not of unit length.

    """
    p, q = pose.position, pose.orientation
    return SE3.from_quaternion([p.x, p.y, p.z], [q.x, q.y, q.z, q.w])


def ego_from_odometry(message: Any, base_frame: str) -> EgoState:
    """A nav_msgs/Odometry of `base_frame` as ego state; the acceleration is not in it and stays 0.

    Raises:
        InputError: Another child frame, or values that are not finite.

    """
    child = message.child_frame_id.lstrip("/")
    if child != base_frame:
        msg = f"odometry is of frame {child!r}, wanted {base_frame!r} (parameter base_frame)"
        raise InputError(msg)
    pose = pose_from_message(message.pose.pose)
    linear, angular = message.twist.twist.linear, message.twist.twist.angular
    return EgoState(
        stamp_ns=stamp_to_ns(message.header.stamp),
        frame_id=message.header.frame_id.lstrip("/"),
        pose=pose.to_se2(),
        speed=linear.x,
        yaw_rate=angular.z,
        lateral_speed=linear.y,
        z=float(pose.translation[2]),
    )


def scene_from_message(message: Any) -> Scene:
    """A wam_ros/Scene as scene.

    Raises:
        InputError: The ego state is of another time or frame than the scene, an unknown kind of actor or state of a
            light, or a value that is not finite.

    """
    odometry, stamp_ns = message.ego, stamp_to_ns(message.header.stamp)
    ego = ego_from_odometry(odometry, odometry.child_frame_id.lstrip("/"))
    if ego.stamp_ns != stamp_ns or ego.frame_id != message.header.frame_id.lstrip("/"):
        msg = (
            f"scene of {stamp_ns} ns in frame {message.header.frame_id!r} holds an ego state of {ego.stamp_ns} ns "
            f"in frame {ego.frame_id!r}"
        )
        raise InputError(msg)
    ego = replace(ego, acceleration=message.ego_acceleration, lateral_acceleration=message.ego_lateral_acceleration)
    actors = tuple(_actor_from_message(actor) for actor in message.actors)
    return Scene(stamp_ns, ego, actors, tuple(_light_from_message(light) for light in message.lights))


def _actor_from_message(message: Any) -> Actor:
    if not 0 <= message.kind < len(ACTOR_KINDS):
        msg = f"actor {message.id} is of unknown kind {message.kind}"
        raise InputError(msg)
    pose, size = pose_from_message(message.pose).to_se2(), message.size
    return Actor(int(message.id), ACTOR_KINDS[message.kind], pose, size.x, size.y, size.z, message.speed)


def _light_from_message(message: Any) -> TrafficLight:
    if not 0 <= message.state < len(LIGHT_STATES):
        msg = f"light {message.id!r} is in unknown state {message.state}"
        raise InputError(msg)
    stop_line = np.array([[point.x, point.y] for point in message.stop_line])
    return TrafficLight(message.id, LIGHT_STATES[message.state], tuple(message.lanes), stop_line)


def route_from_path(message: Any) -> Route | None:
    """A nav_msgs/Path as route; None for a path without poses, which takes the route back.

    Raises:
        InputError: Poses in different frames, one pose only, or values that are not finite.

    """
    if not message.poses:
        return None
    frame_id = message.header.frame_id.lstrip("/")
    for stamped in message.poses:
        if stamped.header.frame_id.lstrip("/") not in {"", frame_id}:
            msg = f"route in frame {frame_id!r} holds a pose in frame {stamped.header.frame_id!r}"
            raise InputError(msg)
    return Route.from_points(frame_id, [[p.pose.position.x, p.pose.position.y] for p in message.poses])


def camera_from_info(message: Any) -> CameraModel:
    """A sensor_msgs/CameraInfo as camera model.

    Raises:
        InputError: It is empty (not calibrated), or uses binning or a region of interest.

    """
    if message.binning_x > 1 or message.binning_y > 1 or message.roi.width not in {0, message.width}:
        msg = "camera_info with binning or a region of interest is not supported"
        raise InputError(msg)
    distortion = np.asarray(message.d, dtype=np.float64)
    if not distortion.any():
        distortion = distortion[:0]
    return CameraModel(
        message.width,
        message.height,
        np.reshape(message.k, (3, 3)),
        message.distortion_model or "plumb_bob",
        distortion,
    )


def image_from_message(message: Any) -> CameraImage:
    """A sensor_msgs/Image or CompressedImage as a core image; a raw one is a view into the message.

    Raises:
        InputError: No pixels, sizes that do not fit together, another encoding, or bytes that are no image.

    """
    if hasattr(message, "format"):
        return _decompressed(message)
    width, height, step, encoding = message.width, message.height, message.step, message.encoding
    if width == 0 or height == 0:
        msg = f"image has no pixels: {width}x{height}"
        raise InputError(msg)
    if encoding not in ENCODINGS:
        msg = f"image encoding {encoding!r}, wanted one of {', '.join(ENCODINGS)}"
        raise InputError(msg)
    channels = _CHANNELS[encoding]
    buffer = np.frombuffer(message.data, dtype=np.uint8)
    if step < width * channels or buffer.size < (height - 1) * step + width * channels:
        msg = f"{encoding} image of {width}x{height}, step {step}, has {buffer.size} bytes"
        raise InputError(msg)
    shape, strides = ((height, width), (step, 1)) if channels == 1 else ((height, width, channels), (step, channels, 1))
    pixels: NDArray[np.uint8] = np.lib.stride_tricks.as_strided(buffer, shape, strides, writeable=False)
    return CameraImage(stamp_to_ns(message.header.stamp), pixels, cast("Encoding", encoding))


def _decompressed(message: Any) -> CameraImage:
    """JPEG or PNG decoded to bgr8, or to mono8 where it is gray."""
    import cv2

    data = np.frombuffer(message.data, dtype=np.uint8)
    pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if pixels is None or pixels.dtype != np.uint8:
        msg = f"compressed image of format {message.format!r}, {data.size} bytes, cannot be decoded"
        raise InputError(msg)
    encoding: Encoding = "mono8" if pixels.ndim == 2 else "bgra8" if pixels.shape[2] == 4 else "bgr8"
    return CameraImage(stamp_to_ns(message.header.stamp), pixels, encoding)


def plan_from_message(message: Any) -> Plan:
    """A wam_ros/Trajectory as plan, without candidates; what 32 bits rounded off stays off.

    Raises:
        InputError: It has no waypoints, or a value of it is impossible.

    """
    points = message.points
    try:
        status = PlanStatus(int(message.status))
    except ValueError as err:
        msg = f"trajectory of status {message.status}, known: {', '.join(f'{s.name} = {s.value}' for s in PlanStatus)}"
        raise InputError(msg) from err
    poses = [pose_from_message(point.pose) for point in points]
    flat = [pose.to_se2() for pose in poses]
    trajectory = Trajectory(
        frame_id=message.header.frame_id,
        stamp_ns=stamp_to_ns(message.header.stamp),
        times=np.array([stamp_to_ns(point.time_from_start) / NS_PER_S for point in points]),
        positions=np.array([[pose.x, pose.y] for pose in flat]).reshape(-1, 2),
        headings=np.array([pose.yaw for pose in flat]),
        speeds=np.array([point.velocity for point in points]),
        accelerations=np.array([point.acceleration for point in points]),
        heading_rates=np.array([point.heading_rate for point in points]),
    )
    confidence = np.array([point.confidence for point in points], dtype=np.float64)
    return Plan(
        trajectory,
        message.planner,
        status,
        message.reason,
        message.weights_hash,
        None if np.isnan(confidence).all() else confidence,
        None if math.isnan(message.confidence) else float(message.confidence),
        bool(message.calibrated),
        int(message.steps_done),
        int(message.steps_planned),
    )
