"""A controller node in a process of its own, and a bicycle that it drives over real DDS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from std_msgs.msg import Bool

from test.control.closed_loop import ego_of, ns
from test.ros.harness import NodeBench, NodeProcess, ended, next_domain
from wam_ros.core import BicycleState, EgoState, Plan, VehicleDescription
from wam_ros.ros import controller_topics as topics
from wam_ros.ros.message_types import MESSAGES
from wam_ros.ros.topics import Topic

MODULE = "wam_ros.ros.controller_main"


class ControllerBench(NodeBench):
    """Publishes what a controller takes and collects what it gives."""

    def __init__(self, domain: int, name: str = "/controller") -> None:
        super().__init__(domain, name)
        self.commands: list[Any] = []
        self.statuses: list[Any] = []
        self.ackermann: list[Any] = []
        self.carla_controls: list[Any] = []
        for topic, found in (
            (topics.COMMAND, self.commands),
            (topics.STATUS, self.statuses),
            (topics.ACKERMANN, self.ackermann),
            (topics.CARLA_CONTROL, self.carla_controls),
        ):
            self.subscribe(topic, found.append)
        inputs = (topics.TRAJECTORY, topics.ODOMETRY_LOCKSTEP, topics.ENGAGE, topics.OVERRIDE)
        self.publishers = {t.name: self.publisher(t) for t in inputs}

    def wait_ready(self) -> None:
        self.require_up("command", "status")
        for _ in range(100):  # until the node has found us, too; this event changes nothing
            self.say(topics.OVERRIDE, False)
            if self.spin_until(lambda: bool(self.statuses), 0.1):
                break
        self.spin(0.2)
        self.statuses.clear()

    # -- sending

    def plan(self, plan: Plan) -> None:
        self.send(topics.TRAJECTORY, MESSAGES.trajectory(plan))

    def say(self, topic: Topic, value: bool) -> None:
        self.send(topic, Bool(data=value))

    def odometry(self, ego: EgoState, child: str = "base_link") -> None:
        self.send(topics.ODOMETRY, MESSAGES.ego(ego, child))

    def tick(self, state: BicycleState, time: float, vehicle: VehicleDescription) -> EgoState:
        ego = ego_of(state, time, vehicle)
        self.odometry(ego)
        return ego

    # -- answers

    def command_at(self, time: float, timeout_s: float = 5.0) -> Any:
        """The command of a tick, or None."""
        return self.only(self.commands, MESSAGES.time(ns(time)), timeout_s)

    def status_at(self, time: float, timeout_s: float = 5.0) -> Any:
        return self.only(self.statuses, MESSAGES.time(ns(time)), timeout_s)


@contextmanager
def controlling(namespace: str = "/", **parameters: Any) -> Iterator[ControllerBench]:
    """A node in its process and a bench, on a domain of their own."""
    domain = next_domain()
    node = NodeProcess(domain, MODULE, namespace, **parameters)
    bench = ControllerBench(domain, f"{namespace.rstrip('/')}/controller")
    with ended(node, bench):
        bench.wait_ready()
        yield bench
