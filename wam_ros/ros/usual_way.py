"""The usual way to write such a node, for comparison in `wam bench node`: defaults, and work inside the callback."""

from __future__ import annotations

import time
from typing import Any

import cv2
import numpy as np
import rclpy
from nav_msgs.msg import Odometry
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image

from wam_ros.core.from_messages import ego_from_odometry
from wam_ros.core.observation import Observation
from wam_ros.core.timing import Deadline
from wam_ros.msg import PlanTiming, Trajectory
from wam_ros.planning.constant_velocity import ConstantVelocityPlanner
from wam_ros.ros.message_types import MESSAGES

SETTINGS = "Fast DDS defaults, reliable, depth 10; image copied to an array, then by cvtColor (as cv_bridge does)"


class UsualPlanner(Node):
    """Plans in the image callback, with the newest odometry."""

    def __init__(self) -> None:
        super().__init__("planner")
        self._planner = ConstantVelocityPlanner()
        self._odometry: Any = None
        self._trajectory = self.create_publisher(Trajectory, "~/output/trajectory", 10)
        self._timing = self.create_publisher(PlanTiming, "~/debug/timing", 10)
        self.create_subscription(Odometry, "~/input/odometry", self._on_odometry, 10)
        self.create_subscription(Image, "~/input/image", self._on_image, 10)

    def _on_odometry(self, message: Any) -> None:
        self._odometry = message

    def _on_image(self, message: Any) -> None:
        received_ns = time.monotonic_ns()
        if self._odometry is None:
            return
        array = np.array(message.data, dtype=np.uint8).reshape(message.height, message.width, 3)
        cv2.cvtColor(array, cv2.COLOR_RGB2BGR)
        begun = time.monotonic()
        ego = ego_from_odometry(self._odometry, "base_link")
        plan = self._planner.plan(Observation(ego.stamp_ns, ego), Deadline.unlimited())
        planner_ms = (time.monotonic() - begun) * 1e3
        answer = MESSAGES.trajectory(plan)
        answer.header.stamp = message.header.stamp
        self._trajectory.publish(answer)
        timing = PlanTiming(header=answer.header, received_ns=received_ns, published_ns=time.monotonic_ns())
        timing.planner_ms = planner_ms
        self._timing.publish(timing)


def main() -> None:
    """Run until a signal."""
    rclpy.init()
    node = UsualPlanner()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
