"""Messages of sensors and frames from our own values, as objects of the rosbags library.

The same values give the same message; nothing is known of topics or bags.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.bags.definitions import make_message
from wam_ros.core.camera import CameraModel
from wam_ros.core.geometry import SE3, Array
from wam_ros.core.timing import NS_PER_S

IMAGE, INFO, ODOMETRY = "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo", "nav_msgs/msg/Odometry"
PATH, TF = "nav_msgs/msg/Path", "tf2_msgs/msg/TFMessage"


def time_message(stamp_ns: int) -> Any:
    """builtin_interfaces/Time."""
    return make_message("builtin_interfaces/msg/Time", sec=stamp_ns // NS_PER_S, nanosec=stamp_ns % NS_PER_S)


def header(stamp_ns: int, frame_id: str) -> Any:
    """std_msgs/Header."""
    return make_message("std_msgs/msg/Header", stamp=time_message(stamp_ns), frame_id=frame_id)


def image_message(stamp_ns: int, frame_id: str, pixels: NDArray[np.uint8], encoding: str) -> Any:
    """sensor_msgs/Image of pixels (H, W) or (H, W, C)."""
    return make_message(
        IMAGE,
        header=header(stamp_ns, frame_id),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels.strides[0],
        data=pixels.reshape(-1),
    )


def camera_info(stamp_ns: int, frame_id: str, camera: CameraModel) -> Any:
    """sensor_msgs/CameraInfo of a rectified camera: K and P have the same 3x3 part, R is 1."""
    projection = np.hstack([camera.matrix, np.zeros((3, 1))])
    no_region = make_message(
        "sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
    )
    return make_message(
        INFO,
        header=header(stamp_ns, frame_id),
        height=camera.height,
        width=camera.width,
        distortion_model=camera.distortion_model,
        d=camera.distortion if len(camera.distortion) else np.zeros(5),
        k=camera.matrix.reshape(-1),
        r=np.eye(3).reshape(-1),
        p=projection.reshape(-1),
        binning_x=0,
        binning_y=0,
        roi=no_region,
    )


def vector(kind: str, values: Array | Sequence[float]) -> Any:
    """A message of geometry_msgs with x, y, z: Point or Vector3."""
    x, y, z = (float(value) for value in values)
    return make_message(f"geometry_msgs/msg/{kind}", x=x, y=y, z=z)


def quaternion(pose: SE3) -> Any:
    """geometry_msgs/Quaternion."""
    x, y, z, w = (float(value) for value in pose.quaternion())
    return make_message("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)


def pose_message(pose: SE3) -> Any:
    """geometry_msgs/Pose."""
    return make_message(
        "geometry_msgs/msg/Pose", position=vector("Point", pose.translation), orientation=quaternion(pose)
    )


def odometry_message(stamp_ns: int, frames: tuple[str, str], pose: SE3, twist: Array | Sequence[float]) -> Any:
    """nav_msgs/Odometry of a pose and a twist (6,) in the child frame; `frames` are parent and child."""
    unknown = np.zeros(36)  # covariances: all zero says that they are not known
    velocity = make_message(
        "geometry_msgs/msg/Twist", linear=vector("Vector3", twist[:3]), angular=vector("Vector3", twist[3:])
    )
    return make_message(
        ODOMETRY,
        header=header(stamp_ns, frames[0]),
        child_frame_id=frames[1],
        pose=make_message("geometry_msgs/msg/PoseWithCovariance", pose=pose_message(pose), covariance=unknown),
        twist=make_message("geometry_msgs/msg/TwistWithCovariance", twist=velocity, covariance=unknown),
    )


def path_message(stamp_ns: int, frame_id: str, poses: Sequence[SE3]) -> Any:
    """nav_msgs/Path; all poses bear its stamp."""
    head = header(stamp_ns, frame_id)
    stamped = [make_message("geometry_msgs/msg/PoseStamped", header=head, pose=pose_message(pose)) for pose in poses]
    return make_message(PATH, header=head, poses=stamped)


def transform_message(stamp_ns: int, parent: str, child: str, parent_from_child: SE3) -> Any:
    """geometry_msgs/TransformStamped."""
    motion = make_message(
        "geometry_msgs/msg/Transform",
        translation=vector("Vector3", parent_from_child.translation),
        rotation=quaternion(parent_from_child),
    )
    return make_message(
        "geometry_msgs/msg/TransformStamped", header=header(stamp_ns, parent), child_frame_id=child, transform=motion
    )
