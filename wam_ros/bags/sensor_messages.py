"""Messages of cameras and frames from our own values, as objects of the rosbags library.

The same values give the same message; nothing is known of topics or bags.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.bags.definitions import MESSAGES, make_message
from wam_ros.core.camera import CameraModel
from wam_ros.core.geometry import SE3

IMAGE, INFO, ODOMETRY = "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo", "nav_msgs/msg/Odometry"
PATH, TF = "nav_msgs/msg/Path", "tf2_msgs/msg/TFMessage"


def image_message(stamp_ns: int, frame_id: str, pixels: NDArray[np.uint8], encoding: str) -> Any:
    """sensor_msgs/Image of pixels (H, W) or (H, W, C)."""
    return make_message(
        IMAGE,
        header=MESSAGES.header(stamp_ns, frame_id),
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
        header=MESSAGES.header(stamp_ns, frame_id),
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


def tf_message(stamp_ns: int, parent: str, child: str, parent_from_child: SE3) -> Any:
    """tf2_msgs/TFMessage of one transform."""
    moved = MESSAGES.transform(MESSAGES.header(stamp_ns, parent), child, parent_from_child)
    return make_message(TF, transforms=[moved])
