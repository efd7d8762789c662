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

from wam_ros.bags.definitions import MESSAGES
from wam_ros.bags.kitti_sequence import KittiSequence
from wam_ros.bags.mcap_file import Compression
from wam_ros.bags.sensor_messages import IMAGE, INFO, ODOMETRY, PATH, TF, camera_info, image_message, tf_message
from wam_ros.bags.topics import BagTopics
from wam_ros.bags.writer import BagWriter
from wam_ros.core.camera import BODY_FROM_OPTICAL, CameraModel
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
        bag.write_message(
            TOPICS["tf_static"], tf_message(stamps[0], BASE_FRAME, CAMERA_FRAME, mounting @ lens), stamps[0]
        )
        bag.write_message(TOPICS["route"], _route(stamps[0], base_poses, route_extension), stamps[0])
        for index, stamp in enumerate(stamps):
            # Odometry and tf first: whoever reads in order has the pose when the image comes.
            header, pose = MESSAGES.header(stamp, ODOM_FRAME), MESSAGES.pose(base_poses[index])
            moved = MESSAGES.odometry(header, BASE_FRAME, pose, twists[index])
            bag.write_message(TOPICS["odometry"], moved, stamp)
            bag.write_message(TOPICS["tf"], tf_message(stamp, ODOM_FRAME, BASE_FRAME, base_poses[index]), stamp)
            pixels = _pixels(sequence.images[index])
            # The images are rectified; /tf_static tells where the lens is.
            lens_model = CameraModel(pixels.shape[1], pixels.shape[0], sequence.matrix)
            bag.write_message(TOPICS["camera_info"], camera_info(stamp, CAMERA_FRAME, lens_model), stamp)
            encoding = "mono8" if pixels.ndim == 2 else "bgr8"
            bag.write_message(TOPICS["image"], image_message(stamp, CAMERA_FRAME, pixels, encoding), stamp)
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
    types = {"image": IMAGE, "camera_info": INFO, "odometry": ODOMETRY, "route": PATH, "tf": TF, "tf_static": TF}
    for part, type_name in types.items():
        bag.add_topic(TOPICS[part], type_name, latched=part in {"route", "tf_static"})


def _pixels(path: Path) -> NDArray[np.uint8]:
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint8 or pixels.shape[2:] not in {(), (3,)}:
        msg = f"{path}: not a gray or colour image of 8 bits"
        raise BagError(msg)
    return np.ascontiguousarray(pixels)


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
    return MESSAGES.path(MESSAGES.header(stamp_ns, ODOM_FRAME), map(MESSAGES.pose, [*poses, *beyond]))
