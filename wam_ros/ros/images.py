"""Image messages to core images: views where the encoding allows, else through cv_bridge where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.camera import ENCODINGS, CameraImage
from wam_ros.core.errors import InputError
from wam_ros.core.from_messages import image_from_message, stamp_to_ns


def image_or_converted(message: Any) -> CameraImage:
    """A sensor_msgs/Image or CompressedImage as a core image; encodings other than core's come out as rgb8.

    Raises:
        InputError: No pixels, sizes that do not fit together, or an encoding that nobody here can convert.

    """
    if hasattr(message, "format") or message.encoding in ENCODINGS or message.width * message.height == 0:
        return image_from_message(message)
    return CameraImage(stamp_to_ns(message.header.stamp), _through_cv_bridge(message), "rgb8")


def _through_cv_bridge(message: Any) -> NDArray[np.uint8]:
    try:
        from cv_bridge import CvBridge
    except ImportError as err:
        msg = (
            f"image encoding {message.encoding!r} needs cv_bridge, which is not installed; "
            f"publish one of {', '.join(ENCODINGS)}"
        )
        raise InputError(msg) from err
    try:
        return np.asarray(CvBridge().imgmsg_to_cv2(message, "rgb8"), dtype=np.uint8)
    except Exception as err:
        msg = f"cv_bridge cannot turn encoding {message.encoding!r} into rgb8: {err}"
        raise InputError(msg) from err
