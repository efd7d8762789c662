"""KITTI odometry sequences as bags: images, calibration, odometry, route and transforms, as a car would record them.

The same folder gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from transforms3d.quaternions import mat2quat, quat2axangle

from wam_ros.bags.definitions import make_message
from wam_ros.bags.kitti_sequence import KittiSequence
from wam_ros.bags.mcap_file import Compression
from wam_ros.bags.topics import BagTopics
from wam_ros.bags.writer import BagWriter
from wam_ros.core.camera import BODY_FROM_OPTICAL
from wam_ros.core.errors import BagError
from wam_ros.core.geometry import SE3, Array, wrap_angle
from wam_ros.core.timing import NS_PER_S

# The left gray camera in base_link (rear axle centre, on the ground), from the drawing of the car in "Vision meets
# Robotics: The KITTI Dataset" (Geiger et al., IJRR 2013): 0.27 m before the laser scanner, that 0.81 m before the GPS
# unit, that above the rear axle; 1.65 m over the road. Good to some centimetres; roll, pitch and yaw are taken as 0.
KITTI_MOUNTING = SE3(BODY_FROM_OPTICAL.rotation, np.array([1.1, 0.0, 1.65]))

START_NS = 1_000_000_000 * NS_PER_S  # stamp of the sequence's time 0: 2001-09-09, plainly no recording time
ROUTE_EXTENSION = 60.0  # m straight on past the last pose, so that there is somewhere to go until the end
ROUTE_SPACING = 1.0  # m between the points of that extension

ODOM_FRAME = "odom"
BASE_FRAME = "base_link"
CAMERA_FRAME = "camera_optical"

_IMAGE, _INFO, _ODOMETRY = "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo", "nav_msgs/msg/Odometry"
_PATH, _TF = "nav_msgs/msg/Path", "tf2_msgs/msg/TFMessage"
# The topics that are written, by their part.
TOPICS = {
    part: str(getattr(BagTopics(), part)) for part in ("image", "camera_info", "odometry", "route", "tf", "tf_static")
}


@dataclass(frozen=True)
class ImportReport:
    """What was written."""

    path: Path
    camera: str
    frames: int
    duration_s: float
    distance_m: float

    def __str__(self) -> str:
        size = f"{self.duration_s:.1f} s, {self.distance_m:.1f} m driven"
        return f"{self.path}: {self.frames} frames of {self.camera}, {size}"


def import_kitti(
    source: Path,
    out: Path,
    *,
    camera: str | None = None,
    mounting: SE3 = KITTI_MOUNTING,
    start_ns: int = START_NS,
    route_extension: float = ROUTE_EXTENSION,
    compression: Compression = "none",
) -> ImportReport:
    """Turn a sequence folder into a bag.

    Args:
        source: The sequence folder; see `kitti_sequence`.
        out: The bag to make; must not exist.
        camera: Image folder; None = the first that is there.
        mounting: base_link from the left gray camera's optical frame.
        start_ns: Stamp of the sequence's time 0.
        route_extension: How far the route goes on straight past the last pose [m].
        compression: Of the bag's chunks.

    Frame odom is base_link at the sequence's first pose. Twists are central differences of the poses, in base_link.
    The route is the driven path itself: a planner that follows it is told where the car went.

    Raises:
        BagError: The folder is no such sequence, an image cannot be read, or the bag cannot be written.

    """
    sequence = KittiSequence.load(source, camera)
    base_poses = [mounting @ pose @ mounting.inverse() for pose in sequence.world_from_camera]
    stamps = [start_ns + time for time in sequence.times_ns]
    twists = body_twists(base_poses, sequence.times_ns)
    lens = SE3(np.eye(3), sequence.lens_in_reference)
    bag = BagWriter(out, compression=compression, flush_period_s=None)
    try:
        _announce(bag)
        bag.write_message(TOPICS["tf_static"], _static_tf(stamps[0], mounting @ lens), stamps[0])
        bag.write_message(TOPICS["route"], _route(stamps[0], base_poses, route_extension), stamps[0])
        for index, stamp in enumerate(stamps):
            # Odometry and tf first: whoever reads in order has the pose when the image comes.
            bag.write_message(TOPICS["odometry"], _odometry(stamp, base_poses[index], twists[index]), stamp)
            moving = _transform(stamp, ODOM_FRAME, BASE_FRAME, base_poses[index])
            bag.write_message(TOPICS["tf"], make_message(_TF, transforms=[moving]), stamp)
            pixels = _pixels(sequence.images[index])
            bag.write_message(TOPICS["camera_info"], _camera_info(stamp, sequence, pixels), stamp)
            bag.write_message(TOPICS["image"], _image(stamp, pixels), stamp)
    except BaseException:
        bag.discard()
        raise
    bag.close()
    path = np.array([pose.translation[:2] for pose in base_poses])
    distance = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return ImportReport(out, sequence.camera, len(stamps), (stamps[-1] - stamps[0]) / NS_PER_S, distance)


def body_twists(poses: Sequence[SE3], times_ns: Sequence[int]) -> Array:
    """Velocities (N, 6) of a moving frame, in itself: linear x, y, z [m/s], angular x, y, z [rad/s].

    Central differences of N >= 2 poses; one-sided at the ends.
    """
    twists = np.empty((len(poses), 6))
    for index, pose in enumerate(poses):
        first, last = max(index - 1, 0), min(index + 1, len(poses) - 1)
        seconds = (times_ns[last] - times_ns[first]) / NS_PER_S
        moved = poses[last].translation - poses[first].translation
        axis, angle = quat2axangle(mat2quat(poses[first].rotation.T @ poses[last].rotation))
        twists[index, :3] = pose.rotation.T @ moved / seconds
        twists[index, 3:] = np.asarray(axis) * wrap_angle(angle) / seconds
    return twists


def _announce(bag: BagWriter) -> None:
    types = {"image": _IMAGE, "camera_info": _INFO, "odometry": _ODOMETRY, "route": _PATH, "tf": _TF, "tf_static": _TF}
    for part, type_name in types.items():
        bag.add_topic(TOPICS[part], type_name, latched=part in {"route", "tf_static"})


def _pixels(path: Path) -> NDArray[np.uint8]:
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint8 or pixels.shape[2:] not in {(), (3,)}:
        msg = f"{path}: not a gray or colour image of 8 bits"
        raise BagError(msg)
    return np.ascontiguousarray(pixels)


def _header(stamp_ns: int, frame_id: str) -> Any:
    time = make_message("builtin_interfaces/msg/Time", sec=stamp_ns // NS_PER_S, nanosec=stamp_ns % NS_PER_S)
    return make_message("std_msgs/msg/Header", stamp=time, frame_id=frame_id)


def _image(stamp_ns: int, pixels: NDArray[np.uint8]) -> Any:
    return make_message(
        _IMAGE,
        header=_header(stamp_ns, CAMERA_FRAME),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding="mono8" if pixels.ndim == 2 else "bgr8",
        is_bigendian=0,
        step=pixels.strides[0],
        data=pixels.reshape(-1),
    )


def _camera_info(stamp_ns: int, sequence: KittiSequence, pixels: NDArray[np.uint8]) -> Any:
    """The images are rectified: K and P have the same 3x3 part, R is 1 and nothing is distorted."""
    projection = np.hstack([sequence.matrix, np.zeros((3, 1))])  # /tf_static tells where this lens is
    no_region = make_message(
        "sensor_msgs/msg/RegionOfInterest", x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
    )
    return make_message(
        _INFO,
        header=_header(stamp_ns, CAMERA_FRAME),
        height=pixels.shape[0],
        width=pixels.shape[1],
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=sequence.matrix.reshape(-1),
        r=np.eye(3).reshape(-1),
        p=projection.reshape(-1),
        binning_x=0,
        binning_y=0,
        roi=no_region,
    )


def _vector(kind: str, values: Array) -> Any:
    x, y, z = (float(value) for value in values)
    return make_message(f"geometry_msgs/msg/{kind}", x=x, y=y, z=z)


def _quaternion(pose: SE3) -> Any:
    x, y, z, w = (float(value) for value in pose.quaternion())
    return make_message("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)


def _pose(pose: SE3) -> Any:
    position = _vector("Point", pose.translation)
    return make_message("geometry_msgs/msg/Pose", position=position, orientation=_quaternion(pose))


def _odometry(stamp_ns: int, pose: SE3, twist: Array) -> Any:
    unknown = np.zeros(36)  # covariances: all zero says that they are not known
    velocity = make_message(
        "geometry_msgs/msg/Twist", linear=_vector("Vector3", twist[:3]), angular=_vector("Vector3", twist[3:])
    )
    return make_message(
        _ODOMETRY,
        header=_header(stamp_ns, ODOM_FRAME),
        child_frame_id=BASE_FRAME,
        pose=make_message("geometry_msgs/msg/PoseWithCovariance", pose=_pose(pose), covariance=unknown),
        twist=make_message("geometry_msgs/msg/TwistWithCovariance", twist=velocity, covariance=unknown),
    )


def _route(stamp_ns: int, poses: Sequence[SE3], extension: float) -> Any:
    """The driven path, then straight on in the plane at the height of the last pose."""
    last = poses[-1]
    forward = last.rotation[:, 0] * [1.0, 1.0, 0.0]
    forward /= np.linalg.norm(forward)
    count = int(np.ceil(extension / ROUTE_SPACING))
    beyond = [
        SE3(last.rotation, last.translation + min(step * ROUTE_SPACING, extension) * forward)
        for step in range(1, count + 1)
    ]
    header = _header(stamp_ns, ODOM_FRAME)
    stamped = [
        make_message("geometry_msgs/msg/PoseStamped", header=header, pose=_pose(pose)) for pose in [*poses, *beyond]
    ]
    return make_message(_PATH, header=header, poses=stamped)


def _transform(stamp_ns: int, parent: str, child: str, parent_from_child: SE3) -> Any:
    motion = make_message(
        "geometry_msgs/msg/Transform",
        translation=_vector("Vector3", parent_from_child.translation),
        rotation=_quaternion(parent_from_child),
    )
    return make_message(
        "geometry_msgs/msg/TransformStamped",
        header=_header(stamp_ns, parent),
        child_frame_id=child,
        transform=motion,
    )


def _static_tf(stamp_ns: int, base_from_camera: SE3) -> Any:
    return make_message(_TF, transforms=[_transform(stamp_ns, BASE_FRAME, CAMERA_FRAME, base_from_camera)])
