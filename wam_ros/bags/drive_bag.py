"""Records a drive of the loop in process as the bag that the ROS nodes would leave behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from wam_ros.bags.definitions import make_message, message_from_fields
from wam_ros.bags.plan_messages import NOT_MEASURED, TIMING_TYPE, TRAJECTORY_TYPE, timing_fields, trajectory_message
from wam_ros.bags.scene_messages import SCENE_TYPE, scene_message
from wam_ros.bags.sensor_messages import (
    IMAGE,
    INFO,
    ODOMETRY,
    PATH,
    TF,
    camera_info,
    header,
    image_message,
    odometry_message,
    path_message,
    transform_message,
)
from wam_ros.bags.topics import BagTopics
from wam_ros.bags.writer import BagWriter
from wam_ros.core.camera import CameraImage
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.observation import Route
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.runtime.checked_planner import Answer
from wam_ros.runtime.loop import DriveTick

BASE_FRAME = "base_link"
COMMAND_TYPE = "wam_ros/msg/VehicleCommand"
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
    "command": COMMAND_TYPE,
    "truth": SCENE_TYPE,
}


class DriveBag:
    """An observer of the loop that writes a bag; close it after the drive.

    The first camera's images only. Times of the plans are NaN: the loop in process has no budget to keep.

    Args:
        out: The bag to make; must not exist.

    Raises:
        BagError: It cannot be made or written.

    """

    def __init__(self, out: Path) -> None:
        self._bag = BagWriter(out, flush_period_s=None)
        for part, type_name in _TYPES.items():
            self._bag.add_topic(self._topic(part), type_name, latched=part in {"route", "tf_static"})
        self._route: Route | None = None
        self._instruction: str | None = None
        self._camera_told = False

    def on_tick(self, tick: DriveTick) -> None:
        """Write what the nodes would have published at this tick."""
        seen, stamp = tick.observation, tick.ego.stamp_ns
        if seen.route is not None and seen.route is not self._route:
            self._route = seen.route
            self._write("route", route_message(stamp, seen.route), stamp)
        if seen.instruction is not None and seen.instruction != self._instruction:
            self._instruction = seen.instruction
            self._write("instruction", make_message("std_msgs/msg/String", data=seen.instruction), stamp)
        if tick.scene is not None and tick.answer is not None:
            self._write("truth", scene_message(tick.scene), stamp)
        self._write_ego(tick.ego)
        for image in list(seen.images.values())[:1]:
            self._write_image(image)
        if tick.answer is not None:
            answer = tick.answer
            timing = timing_fields(
                answer.plan,
                NOT_MEASURED,
                planned=answer.planned,
                rejected=answer.rejected,
                steps_done=answer.steps_done,
            )
            self._write("trajectory", trajectory_message(answer.plan, NOT_MEASURED, tick.ego.z), stamp)
            self._write("timing", message_from_fields(TIMING_TYPE, timing), stamp)
        self._write("command", command_message(tick.command), stamp)

    def close(self) -> None:
        """Finish the bag."""
        self._bag.close()

    def _write_ego(self, ego: EgoState) -> None:
        pose = SE3.from_se2(ego.pose, ego.z)
        twist = (ego.speed, ego.lateral_speed, 0.0, 0.0, 0.0, ego.yaw_rate)
        frames = (ego.frame_id, BASE_FRAME)
        self._write("odometry", odometry_message(ego.stamp_ns, frames, pose, twist), ego.stamp_ns)
        moving = transform_message(ego.stamp_ns, *frames, pose)
        self._write("tf", make_message(TF, transforms=[moving]), ego.stamp_ns)

    def _write_answer(self, answer: Answer, ego: EgoState) -> None:
        plan = answer.plan
        timing = timing_fields(
            plan, NOT_MEASURED, planned=answer.planned, rejected=answer.rejected, steps_done=answer.steps_done
        )
        self._write("trajectory", trajectory_message(plan, NOT_MEASURED, ego.z), ego.stamp_ns)
        self._write("timing", message_from_fields(TIMING_TYPE, timing), ego.stamp_ns)

    def _write_image(self, image: CameraImage) -> None:
        frame, stamp = "camera_optical", image.stamp_ns
        if not self._camera_told and image.base_from_camera is not None:
            fixed = transform_message(stamp, BASE_FRAME, frame, image.base_from_camera)
            self._write("tf_static", make_message(TF, transforms=[fixed]), stamp)
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


def route_message(stamp_ns: int, route: Route) -> Any:
    """nav_msgs/Path of a route; each pose looks along it."""
    line = route.line
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line.points, axis=0), axis=1))])
    yaws = np.atleast_1d(line.heading(lengths))
    poses = [SE3.from_se2(SE2(float(x), float(y), float(yaw))) for (x, y), yaw in zip(line.points, yaws)]
    return path_message(stamp_ns, route.frame_id, poses)


def command_message(command: VehicleCommand) -> Any:
    """wam_ros/VehicleCommand."""
    return make_message(
        COMMAND_TYPE,
        header=header(command.stamp_ns, BASE_FRAME),
        steering_angle=command.steering_angle,
        speed=command.speed,
        acceleration=command.acceleration,
    )
