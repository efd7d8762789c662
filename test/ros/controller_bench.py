"""A controller node in a process of its own, and a bicycle that it drives over real DDS."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from nav_msgs.msg import Odometry
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Bool, Header

from test.control.closed_loop import ego_of, ns
from test.ros.harness import NodeProcess, next_domain
from wam_ros.core import BicycleState, EgoState, Plan, VehicleDescription
from wam_ros.core.geometry import SE3
from wam_ros.core.resources import resource
from wam_ros.ros import controller_topics as topics
from wam_ros.ros.conversions import stamp_from_ns, trajectory_message

MODULE = "wam_ros.ros.controller_main"


class ControllerBench:
    """Publishes what a controller takes and collects what it gives."""

    def __init__(self, domain: int, name: str = "/controller") -> None:
        os.environ.setdefault(
            "FASTDDS_DEFAULT_PROFILES_FILE", str(resource("config/fastdds/large_images_localhost.xml"))
        )
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = Node("bench", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.name = name
        self.commands: list[Any] = []
        self.statuses: list[Any] = []
        self.ackermann: list[Any] = []
        self.carla_controls: list[Any] = []
        self.diagnostics: list[Any] = []
        for topic, found in (
            (topics.COMMAND, self.commands),
            (topics.STATUS, self.statuses),
            (topics.ACKERMANN, self.ackermann),
            (topics.CARLA_CONTROL, self.carla_controls),
            (topics.DIAGNOSTICS, self.diagnostics),
        ):
            self.node.create_subscription(topic.type, self._name(topic), found.append, topic.qos)
        inputs = (topics.TRAJECTORY, topics.ODOMETRY_LOCKSTEP, topics.ENGAGE, topics.OVERRIDE)
        self.publishers = {t.name: self.node.create_publisher(t.type, self._name(t), t.qos) for t in inputs}

    def _name(self, topic: Any) -> str:
        return str(topic.name).replace("~", self.name)

    def close(self) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()

    def spin_until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> bool:
        end = time.monotonic() + timeout_s
        while not condition():
            left = end - time.monotonic()
            if left <= 0.0:
                return condition()
            self.executor.spin_once(timeout_sec=min(left, 0.05))
        return True

    def spin(self, seconds: float) -> None:
        self.spin_until(lambda: False, seconds)

    def wait_ready(self) -> None:
        ready = self.spin_until(
            lambda: (
                all(p.get_subscription_count() > 0 for p in self.publishers.values())
                and self.node.count_publishers(f"{self.name}/output/command") > 0
                and self.node.count_publishers(f"{self.name}/output/status") > 0
            )
        )
        assert ready, "the node did not come up"
        for _ in range(100):  # until the node has found us, too; this event changes nothing
            self.say(topics.OVERRIDE, False)
            if self.spin_until(lambda: bool(self.statuses), 0.1):
                break
        self.spin(0.2)
        self.statuses.clear()

    # -- sending

    def plan(self, plan: Plan) -> None:
        self.publishers[topics.TRAJECTORY.name].publish(trajectory_message(plan))

    def say(self, topic: Any, value: bool) -> None:
        self.publishers[topic.name].publish(Bool(data=value))

    def odometry(self, ego: EgoState, child: str = "base_link") -> None:
        message = Odometry(
            header=Header(stamp=stamp_from_ns(ego.stamp_ns), frame_id=ego.frame_id), child_frame_id=child
        )
        pose = message.pose.pose
        pose.position.x, pose.position.y = ego.pose.x, ego.pose.y
        turn = pose.orientation
        turn.x, turn.y, turn.z, turn.w = (float(value) for value in SE3.from_se2(ego.pose).quaternion())
        message.twist.twist.linear.x = ego.speed
        message.twist.twist.angular.z = ego.yaw_rate
        self.publishers[topics.ODOMETRY.name].publish(message)

    def tick(self, state: BicycleState, time: float, vehicle: VehicleDescription) -> EgoState:
        ego = ego_of(state, time, vehicle)
        self.odometry(ego)
        return ego

    # -- answers

    def command_at(self, time: float, timeout_s: float = 5.0) -> Any:
        """The command of a tick, or None."""
        return self._at(self.commands, time, timeout_s)

    def status_at(self, time: float, timeout_s: float = 5.0) -> Any:
        return self._at(self.statuses, time, timeout_s)

    def _at(self, found: list[Any], time: float, timeout_s: float) -> Any:
        stamp = stamp_from_ns(ns(time))

        def matching() -> list[Any]:
            return [message for message in found if message.header.stamp == stamp]

        self.spin_until(lambda: bool(matching()), timeout_s)
        assert len(matching()) <= 1, "an odometry message was answered twice"
        return matching()[0] if matching() else None

    def diagnostic(self, text: str, timeout_s: float = 5.0) -> Any:
        """The first status from now on whose message or values hold `text`."""
        self.diagnostics.clear()

        def matching() -> list[Any]:
            return [
                status
                for array in self.diagnostics
                for status in array.status
                if text in " ".join([status.message, *(f"{v.key}={v.value}" for v in status.values)])
            ]

        assert self.spin_until(lambda: bool(matching()), timeout_s), f"no diagnostic with {text!r}"
        return matching()[0]


@contextmanager
def controlling(namespace: str = "/", **parameters: Any) -> Iterator[ControllerBench]:
    """A node in its process and a bench, on a domain of their own; the exit code is checked."""
    domain = next_domain()
    node = NodeProcess(domain, MODULE, namespace, **parameters)
    bench = ControllerBench(domain, f"{namespace.rstrip('/')}/controller")
    try:
        bench.wait_ready()
        yield bench
    finally:
        bench.close()
        code = node.end()
    assert code == 0, f"the node ended with {code}:\n{node.output}"
    assert "Traceback" not in node.output, node.output
