"""Records a drive of the loop in process as the bag that the ROS nodes would leave behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from wam_ros.bags.definitions import MESSAGES, WORLD_INFO, make_message
from wam_ros.bags.plan_messages import TIMING_TYPE, TRAJECTORY_TYPE, timing_message
from wam_ros.bags.sensor_messages import IMAGE, INFO, ODOMETRY, PATH, TF, camera_info, image_message, tf_message
from wam_ros.bags.topics import BagTopics
from wam_ros.bags.writer import BagWriter
from wam_ros.core.camera import CameraImage
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE3
from wam_ros.core.observation import Route
from wam_ros.runtime.loop import DriveTick

BASE_FRAME = "base_link"
WORLD_INFO_TOPIC = "/carla/world_info"
_NAMES = BagTopics()
_TYPES = {
    "image": IMAGE,
    "camera_info": INFO,
    "odometry": ODOMETRY,
    "route": PATH,
    "tf": TF,
    "tf_static": TF,
    "instruction": "std_msgs/msg/String",
    "trajectory": TRAJECTORY_TYPE,
    "timing": TIMING_TYPE,
    "command": "wam_ros/msg/VehicleCommand",
    "truth": "wam_ros/msg/Scene",
}


class DriveBag:
    """An observer of the loop that writes a bag; close it after the drive.

    The first camera's images only. Times of the plans are NaN: the loop in process has no budget to keep.

    Args:
        out: The bag to make; must not exist.
        opendrive: The world's map, so that the bag brings it with it; empty = none.
        map_name: Its name.

    Raises:
        BagError: It cannot be made or written.

    """

    def __init__(self, out: Path, opendrive: str = "", map_name: str = "") -> None:
        self._bag = BagWriter(out, flush_period_s=None)
        self._map = (map_name, opendrive)
        if opendrive:
            self._bag.add_topic(WORLD_INFO_TOPIC, WORLD_INFO, latched=True)
        for part, type_name in _TYPES.items():
            self._bag.add_topic(self._topic(part), type_name, latched=part in {"route", "tf_static"})
        self._route: Route | None = None
        self._instruction: str | None = None
        self._camera_told = False

    def on_tick(self, tick: DriveTick) -> None:
        """Write what the nodes would have published at this tick."""
        seen, stamp = tick.observation, tick.ego.stamp_ns
        self._write_map(stamp)
        if seen.route is not None and seen.route is not self._route:
            self._route = seen.route
            self._write("route", MESSAGES.route(seen.route, stamp), stamp)
        if seen.instruction is not None and seen.instruction != self._instruction:
            self._instruction = seen.instruction
            self._write("instruction", make_message("std_msgs/msg/String", data=seen.instruction), stamp)
        if tick.scene is not None and tick.answer is not None:
            self._write("truth", MESSAGES.scene(tick.scene, BASE_FRAME), stamp)
        self._write_ego(tick.ego)
        for image in list(seen.images.values())[:1]:
            self._write_image(image)
        if tick.answer is not None:
            self._write("trajectory", MESSAGES.trajectory(tick.answer.plan, tick.ego.z), stamp)
            self._write("timing", timing_message(tick.answer), stamp)
        self._write("command", MESSAGES.command(tick.command, BASE_FRAME), stamp)

    def close(self) -> None:
        """Finish the bag."""
        self._bag.close()

    def _write_map(self, stamp_ns: int) -> None:
        """Once, with the first tick: it is latched."""
        name, opendrive = self._map
        if opendrive:
            info = make_message(WORLD_INFO, map_name=name, opendrive=opendrive)
            self._bag.write_message(WORLD_INFO_TOPIC, info, stamp_ns)
            self._map = ("", "")

    def _write_ego(self, ego: EgoState) -> None:
        self._write("odometry", MESSAGES.ego(ego, BASE_FRAME), ego.stamp_ns)
        moving = tf_message(ego.stamp_ns, ego.frame_id, BASE_FRAME, SE3.from_se2(ego.pose, ego.z))
        self._write("tf", moving, ego.stamp_ns)

    def _write_image(self, image: CameraImage) -> None:
        frame, stamp = "camera_optical", image.stamp_ns
        if not self._camera_told and image.base_from_camera is not None:
            self._write("tf_static", tf_message(stamp, BASE_FRAME, frame, image.base_from_camera), stamp)
            self._camera_told = True
        if image.camera is not None:
            self._write("camera_info", camera_info(stamp, frame, image.camera), stamp)
        pixels = np.ascontiguousarray(image.pixels)
        self._write("image", image_message(stamp, frame, pixels, image.encoding), stamp)

    @staticmethod
    def _topic(part: str) -> str:
        return str(getattr(_NAMES, part))

    def _write(self, part: str, message: Any, stamp_ns: int) -> None:
        self._bag.write_message(self._topic(part), message, stamp_ns)
