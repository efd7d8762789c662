"""Processes of the benchmarks: `python -m wam_ros.ros.bench_parts timed|driver|usual|busy|meter JSON`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped, TransformStamped
from nav_msgs.msg import Odometry, Path
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from wam_ros.core.timing import NS_PER_S
from wam_ros.msg import PlanTiming, Trajectory
from wam_ros.planning.timed_planner import TimedPlanner
from wam_ros.ros import topics, usual_way
from wam_ros.ros.message_types import MESSAGES
from wam_ros.ros.planner_main import main as planner_main
from wam_ros.ros.process import tune_process

_SPEED = 8.0  # m/s
_START_TIMEOUT_S = 30.0
_LAST_WAIT_S = 1.0
_STANDSTILL_NS = 5_000_000


class Driver(Node):
    """Publishes odometry and images at a steady rate, collects PlanTiming and Trajectory by stamp."""

    def __init__(self, width: int, height: int, *, tuned: bool) -> None:
        super().__init__("bench_driver")
        image_qos = topics.SENSOR if tuned else QoSProfile(depth=10)
        self._images = self.create_publisher(Image, "/planner/input/image", image_qos)
        self._odometry = self.create_publisher(Odometry, "/planner/input/odometry", 10)
        self._info = self.create_publisher(CameraInfo, "/planner/input/camera_info", 10)
        self._tf = self.create_publisher(TFMessage, "/tf_static", topics.STATIC_TF)
        self._route = self.create_publisher(Path, "/planner/input/route", topics.LATCHED)
        self.timings: dict[int, Any] = {}
        self.trajectories: dict[int, Any] = {}
        self.create_subscription(PlanTiming, "/planner/debug/timing", self._on_timing, 100)
        self.create_subscription(Trajectory, "/planner/output/trajectory", self._on_trajectory, 100)
        self.sent: dict[int, int] = {}
        self._size = (width, height)
        self._pixels = np.random.default_rng(0).integers(0, 255, height * width * 3, np.uint8).tobytes()

    def begin(self) -> None:
        """Publish what is latched and wait until the planner takes images and answers."""
        width, height = self._size
        k = [float(width), 0.0, width / 2.0, 0.0, float(width), height / 2.0, 0.0, 0.0, 1.0]
        stamped = TransformStamped(header=Header(frame_id="base_link"), child_frame_id="camera")
        turn = stamped.transform.rotation
        turn.x, turn.y, turn.z, turn.w = -0.5, 0.5, -0.5, 0.5
        self._tf.publish(TFMessage(transforms=[stamped]))
        path = Path(header=Header(frame_id="odom"), poses=[PoseStamped(), PoseStamped()])
        path.poses[1].pose.position.x = 1e5
        self._route.publish(path)
        end = time.monotonic() + _START_TIMEOUT_S
        while self._images.get_subscription_count() == 0 or self.count_publishers("/planner/debug/timing") == 0:
            rclpy.spin_once(self, timeout_sec=0.05)
            if time.monotonic() > end:
                msg = "the planner did not come up"
                raise TimeoutError(msg)
        info = CameraInfo(header=Header(frame_id="camera"), width=width, height=height, k=k)
        for _ in range(5):
            self._info.publish(info)
            self._spin(0.1)

    def drive(self, frames: int, period_s: float) -> None:
        """Send `frames` images, one a period, and wait for the last answers."""
        executor = SingleThreadedExecutor()
        executor.add_node(self)
        begun = time.monotonic()
        for frame in range(frames):
            message = self._image(frame)
            while (left := begun + frame * period_s - time.monotonic()) > 0.0:
                executor.spin_once(timeout_sec=left)
            stamp_ns = time.time_ns()
            odometry = Odometry(header=MESSAGES.header(stamp_ns, "odom"), child_frame_id="base_link")
            odometry.pose.pose.position.x = _SPEED * (time.monotonic() - begun)
            odometry.pose.pose.orientation.w = 1.0
            odometry.twist.twist.linear.x = _SPEED
            self._odometry.publish(odometry)
            message.header.stamp = odometry.header.stamp
            self.sent[stamp_ns] = time.monotonic_ns()
            self._images.publish(message)
        end = time.monotonic() + _LAST_WAIT_S
        while self.lost() and time.monotonic() < end:
            executor.spin_once(timeout_sec=0.05)

    def answers(self) -> list[dict[str, Any]]:
        """One record for each image that was answered."""
        return [
            {
                "overhead_ms": (timing.published_ns - self.sent[stamp]) / 1e6 - timing.planner_ms,
                "to_callback_ms": (timing.received_ns - self.sent[stamp]) / 1e6,
                "wait_ms": timing.wait_ms,
                "planner_ms": timing.planner_ms,
                "monitor_ms": timing.monitor_ms,
                "overrun_ms": timing.overrun_ms,
                "received_ns": timing.received_ns,
                "published_ns": timing.published_ns,
                "steps": timing.steps_done,
                "status": self.trajectories[stamp].status,
                "waypoints": len(self.trajectories[stamp].points),
            }
            for stamp, timing in self.timings.items()
            if stamp in self.sent and stamp in self.trajectories
        ]

    def lost(self) -> list[int]:
        """Numbers of the images that were not answered."""
        answered = self.timings.keys() & self.trajectories.keys()
        return [number for number, stamp in enumerate(self.sent) if stamp not in answered]

    def _image(self, frame: int) -> Any:
        width, height = self._size
        message = Image(header=Header(frame_id="camera"), width=width, height=height, encoding="rgb8", step=3 * width)
        message.data.frombytes(self._pixels)
        message.data[0] = frame % 256
        return message

    def _spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            rclpy.spin_once(self, timeout_sec=0.02)

    def _on_timing(self, message: Any) -> None:
        self.timings[_stamp(message)] = message

    def _on_trajectory(self, message: Any) -> None:
        self.trajectories[_stamp(message)] = message


def _stamp(message: Any) -> int:
    return int(message.header.stamp.sec) * NS_PER_S + int(message.header.stamp.nanosec)


def run_driver(frames: int, period_s: float, width: int, height: int, *, tuned: bool) -> None:
    """Drive, and print what was answered as one JSON line."""
    if tuned:
        tune_process()
    rclpy.init()
    node = Driver(width, height, tuned=tuned)
    try:
        node.begin()
        node.drive(frames, period_s)
        print(json.dumps({"sent": len(node.sent), "answers": node.answers(), "lost": node.lost()}), flush=True)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def run_meter() -> None:
    """Until SIGINT note when the machine stood still: a sleep of 1 ms that took over 5 ms.

    Prints a line when it begins, and [from, to] in ns at the end.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a script's background jobs are born without it
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    stalls: list[tuple[int, int]] = []
    print("metering", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        before = time.monotonic_ns()
        while True:
            time.sleep(0.001)
            now = time.monotonic_ns()
            if now - before > _STANDSTILL_NS:
                stalls.append((before, now))
            before = now
    print(json.dumps(stalls), flush=True)


def run_busy() -> None:
    """Keep one core busy."""
    while True:
        pass


def main() -> int:
    """Entry point of the processes."""
    part, options = sys.argv[1], json.loads(sys.argv[2])
    match part:
        case "timed":
            ros_arguments = ["planner", "--ros-args", *options.pop("ros_arguments")]
            return planner_main(ros_arguments, lambda _config, _vehicle: TimedPlanner(**options))
        case "driver":
            run_driver(**options)
        case "usual":
            usual_way.main()
        case "meter":
            run_meter()
        case "busy":
            with contextlib.suppress(KeyboardInterrupt):
                run_busy()
    return 0


if __name__ == "__main__":
    sys.exit(main())
