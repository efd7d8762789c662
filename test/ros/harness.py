"""A planner node in a process of its own, and a driver that talks to it over real DDS."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped, TransformStamped
from nav_msgs.msg import Odometry
from nav_msgs.msg import Path as PathMessage
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from wam_ros.core.resources import resource
from wam_ros.msg import PlanTiming, Trajectory
from wam_ros.ros import topics
from wam_ros.ros.message_types import MESSAGES

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 64, 36
_domains = itertools.count(10 + os.getpid() % 40)


def next_domain() -> int:
    """A domain that no test running now uses."""
    return next(_domains) % 90 + 10


def shared_memory() -> set[Path]:
    """Files of Fast DDS in shared memory."""
    return {file for file in Path("/dev/shm").iterdir() if "fastdds" in file.name}  # noqa: S108


@contextmanager
def cleaned_shared_memory() -> Iterator[None]:
    """Remove what a killed process leaves in shared memory: 64 MiB for each."""
    before = shared_memory()
    yield
    for file in shared_memory() - before:
        file.unlink(missing_ok=True)


class NodeProcess:
    """A planner node as users start it: `python -m MODULE --ros-args ...`."""

    def __init__(
        self, domain: int, module: str = "wam_ros.ros.planner_main", namespace: str = "/", **parameters: Any
    ) -> None:
        arguments = ["--ros-args", "-r", f"__ns:={namespace}", "--log-level", "warn"]
        for name, value in parameters.items():
            arguments += ["-p", f"{name}:={value}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, "ROS_DOMAIN_ID": str(domain), "PYTHONWARNINGS": "default"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""

    def end(self, how: int = signal.SIGINT, timeout_s: float = 15.0) -> int:
        """Signal the process and give its exit code; its output lies in `output`."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.output += self.process.communicate(timeout=timeout_s)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.output += self.process.communicate()[0]
            msg = f"the node did not end within {timeout_s} s of signal {how}:\n{self.output}"
            raise AssertionError(msg) from None
        return self.process.returncode


class NodeBench:
    """A node of the test beside the node under test, which is called `name`."""

    def __init__(self, domain: int, name: str) -> None:
        os.environ.setdefault(
            "FASTDDS_DEFAULT_PROFILES_FILE", str(resource("config/fastdds/large_images_localhost.xml"))
        )
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = Node("bench", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.name = name
        self.publishers: dict[str, Any] = {}
        self.diagnostics: list[Any] = []
        self.subscribe(topics.DIAGNOSTICS, self.diagnostics.append)

    def publisher(self, topic: topics.Topic, name: str | None = None) -> Any:
        return self.node.create_publisher(topic.type, (name or topic.name).replace("~", self.name), topic.qos)

    def subscribe(self, topic: topics.Topic, callback: Callable[[Any], None]) -> None:
        self.node.create_subscription(topic.type, topic.name.replace("~", self.name), callback, topic.qos)

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()

    def spin(self, seconds: float) -> None:
        self.spin_until(lambda: False, seconds)

    def spin_until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> bool:
        end = time.monotonic() + timeout_s
        while not condition():
            left = end - time.monotonic()
            if left <= 0.0:
                return condition()
            self.executor.spin_once(timeout_sec=min(left, 0.05))
        return True

    def require_up(self, *outputs: str) -> None:
        """Wait until the node subscribes to every input and these outputs of it have been found."""
        ready = self.spin_until(
            lambda: (
                all(p.get_subscription_count() > 0 for p in self.publishers.values())
                and all(self.node.count_publishers(f"{self.name}/output/{output}") > 0 for output in outputs)
            )
        )
        assert ready, "the node did not come up"

    def send(self, topic: topics.Topic, message: Any) -> None:
        self.publishers[topic.name].publish(message)

    def only(self, found: list[Any], stamp: Any, timeout_s: float) -> Any:
        """The message of this stamp, as soon as it comes, or None."""

        def matching() -> list[Any]:
            return [message for message in found if message.header.stamp == stamp]

        self.spin_until(lambda: bool(matching()), timeout_s)
        assert len(matching()) <= 1, "an input was answered twice"
        return matching()[0] if matching() else None

    def diagnostic(self, part: str, text: str, timeout_s: float = 5.0) -> Any:
        """The first status of `part` from now on whose message or values hold `text`."""
        self.diagnostics.clear()

        def matching() -> list[Any]:
            return [
                status
                for array in self.diagnostics
                for status in array.status
                if status.name == f"{self.name}: {part}"
                and text in " ".join([status.message, *(f"{v.key}={v.value}" for v in status.values)])
            ]

        assert self.spin_until(lambda: bool(matching()), timeout_s), (
            f"no diagnostic of {part} with {text!r}; the last: "
            f"{[(s.name, s.message) for array in self.diagnostics[-1:] for s in array.status]}"
        )
        return matching()[0]


class Driver(NodeBench):
    """Publishes what a planner node takes and collects what it gives."""

    def __init__(self, domain: int, node_name: str = "/planner") -> None:
        super().__init__(domain, node_name)
        self.trajectories: list[Any] = []
        self.timings: list[Any] = []
        inputs = (topics.IMAGE, topics.CAMERA_INFO, topics.ODOMETRY, topics.ROUTE, topics.TF, topics.TF_STATIC)
        self.publishers = {t.name: self.publisher(t) for t in inputs}
        self.subscribe(topics.TRAJECTORY, self.trajectories.append)
        self.subscribe(topics.TIMING, self.timings.append)
        self.stamp_ns = time.time_ns()
        self.x = 0.0
        self.speed = 5.0
        self.calibrated = False

    def wait_ready(self) -> None:
        """Until the node subscribes to every input and its outputs have been found."""
        self.require_up("trajectory")
        assert self.spin_until(lambda: bool(self.diagnostics)), "no diagnostics came"

    # -- sending

    def header(self, frame: str, stamp_ns: int | None = None) -> Any:
        return MESSAGES.header(self.stamp_ns if stamp_ns is None else stamp_ns, frame)

    def calibrate(self) -> None:
        """Tell the camera's pose once, and its lens now and, as camera drivers do, with every image."""
        self.calibrated = True
        self.send(topics.CAMERA_INFO, self.camera_info())
        self.send(topics.TF_STATIC, transform("base_link", "camera", [1.5, 0.0, 1.4], [-0.5, 0.5, -0.5, 0.5]))

    def camera_info(self) -> Any:
        k = [50.0, 0.0, WIDTH / 2, 0.0, 50.0, HEIGHT / 2, 0.0, 0.0, 1.0]
        return CameraInfo(header=self.header("camera"), width=WIDTH, height=HEIGHT, k=k)

    def route(self, frame: str = "odom", length: float = 500.0) -> None:
        points = np.arange(-10.0, length, 5.0)
        poses = [PoseStamped(header=Header(frame_id=frame)) for _ in points]
        for pose, x in zip(poses, points):
            pose.pose.position.x = float(x)
            pose.pose.orientation.w = 1.0
        self.send(topics.ROUTE, PathMessage(header=Header(frame_id=frame), poses=poses))

    def odometry(self, **changes: Any) -> Any:
        message = Odometry(header=self.header("odom"), child_frame_id="base_link")
        message.pose.pose.position.x = self.x
        message.pose.pose.orientation.w = 1.0
        message.twist.twist.linear.x = self.speed
        for name, value in changes.items():
            setattr(message, name, value)
        return message

    def image(self, encoding: str = "rgb8", width: int = WIDTH, height: int = HEIGHT, channels: int = 3) -> Any:
        message = Image(header=self.header("camera"), width=width, height=height, encoding=encoding)
        message.step = width * channels
        message.data.frombytes(bytes(width * height * channels))
        return message

    def step(self, *, image: Any = None, odometry: bool = True, advance_s: float = 0.1, now: bool = True) -> Any:
        """Odometry and an image of the next moment; the trajectory that answers, or None."""
        self.advance(advance_s)
        if now:
            self.stamp_ns = time.time_ns()
        if odometry:
            self.send(topics.ODOMETRY, self.odometry())
        return self.answer_to(self.image() if image is None else image(self))

    def advance(self, seconds: float) -> None:
        self.spin(seconds)
        self.x += self.speed * seconds

    def answer_to(self, image: Any, timeout_s: float = 3.0) -> Any:
        if self.calibrated:
            self.send(topics.CAMERA_INFO, self.camera_info())
        self.send(topics.IMAGE, image)
        return self.only(self.trajectories, image.header.stamp, timeout_s)

    def drive(self, count: int = 3) -> list[Any]:
        return [self.step() for _ in range(count)]


def transform(parent: str, child: str, translation: list[float], xyzw: list[float]) -> Any:
    stamped = TransformStamped(header=Header(frame_id=parent), child_frame_id=child)
    move, turn = stamped.transform.translation, stamped.transform.rotation
    move.x, move.y, move.z = translation
    turn.x, turn.y, turn.z, turn.w = xyzw
    return TFMessage(transforms=[stamped])


@contextmanager
def ended(node: NodeProcess, bench: NodeBench) -> Iterator[None]:
    """Both ended at the end; the node's exit code is checked."""
    try:
        yield
    finally:
        bench.close()
        code = node.end()
    assert code == 0, f"the node ended with {code}:\n{node.output}"
    assert "Traceback" not in node.output, node.output


@contextmanager
def running(
    *, ready: bool = True, calibrate: bool = True, route: bool = True, **parameters: Any
) -> Iterator[tuple[Driver, NodeProcess]]:
    """A node in its process and a driver, on a domain of their own."""
    domain = next_domain()
    node = NodeProcess(domain, **{"budget_ms": 200.0, **parameters})  # roomy: these tests are not about time
    driver = Driver(domain, f"{parameters.get('namespace', '/').rstrip('/')}/planner")
    with ended(node, driver):
        if ready:
            driver.wait_ready()
            if calibrate:
                driver.calibrate()
            if route:
                driver.route()
            driver.spin(0.1)
        yield driver, node


def assert_complete(trajectory: Any) -> None:
    """Eight finite waypoints 0.5 s apart, stamped and with a reason where one is due."""
    assert len(trajectory.points) == 8
    for index, point in enumerate(trajectory.points):
        assert point.time_from_start.sec * 1_000_000_000 + point.time_from_start.nanosec == (index + 1) * 500_000_000
        values = [point.pose.position.x, point.pose.position.y, point.velocity, point.acceleration, point.heading_rate]
        assert np.isfinite(values).all()
    assert (trajectory.status == Trajectory.FULL) == (not trajectory.reason)


__all__ = [
    "Driver",
    "NodeProcess",
    "PlanTiming",
    "Trajectory",
    "assert_complete",
    "next_domain",
    "running",
    "transform",
]
