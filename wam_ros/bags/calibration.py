"""The calibration of a bag's camera: camera_info messages and the static transforms."""

from __future__ import annotations

import bisect
from dataclasses import replace
from typing import Any

from wam_ros.core.camera import CameraImage, CameraModel
from wam_ros.core.errors import InputError
from wam_ros.core.from_messages import camera_from_info, stamp_to_ns
from wam_ros.core.geometry import SE3
from wam_ros.core.transform_tree import TransformTree


class Calibration:
    """What is known of one camera over a whole bag.

    Args:
        base_frame: In which the camera's pose is wanted.

    """

    def __init__(self, base_frame: str) -> None:
        self.tree = TransformTree()
        self._base_frame = base_frame
        self._stamps: list[int] = []
        self._models: list[CameraModel | InputError] = []
        self._poses: dict[str, SE3] = {}

    def add_info(self, message: Any) -> None:
        """Take in a sensor_msgs/CameraInfo; one that cannot be used spoils only the images that it belongs to."""
        at = stamp_to_ns(message.header.stamp)
        model: CameraModel | InputError
        try:
            model = camera_from_info(message)
        except InputError as err:
            model = err
        index = bisect.bisect_right(self._stamps, at)
        self._stamps.insert(index, at)
        self._models.insert(index, model)

    def applied(self, image: CameraImage, frame_id: str) -> CameraImage:
        """The image with its lens model and the camera's pose.

        The camera_info of the image's stamp counts, else the last one before it, else the first.

        Raises:
            InputError: One of the two is missing or does not fit.

        """
        if not self._stamps:
            msg = "no camera_info; record it or allow uncalibrated images"
            raise InputError(msg)
        model = self._models[max(bisect.bisect_right(self._stamps, image.stamp_ns) - 1, 0)]
        if isinstance(model, InputError):
            raise model
        if (model.width, model.height) != (image.width, image.height):
            msg = f"camera_info is for {model.width}x{model.height}, the image is {image.width}x{image.height}"
            raise InputError(msg)
        if frame_id not in self._poses:
            try:
                self._poses[frame_id] = self.tree.lookup(self._base_frame, frame_id)
            except InputError as err:
                msg = f"no camera pose: {err}; record /tf_static or allow uncalibrated images"
                raise InputError(msg) from err
        return replace(image, camera=model, base_from_camera=self._poses[frame_id])
