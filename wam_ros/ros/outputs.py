"""Publishes plans: the trajectory at once, everything else afterwards on a thread that holds nobody up."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rclpy.lifecycle import LifecycleNode

from wam_ros.core.timing import NS_PER_MS
from wam_ros.msg import PlanTiming
from wam_ros.ros import conversions, topics
from wam_ros.ros.markers import plan_markers
from wam_ros.ros.message_types import MESSAGES
from wam_ros.runtime import TickResult


class PlanOutputs:
    """The output topics of a node; `publish` is the service's callback."""

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        self._publishers = {
            topic.name: node.create_lifecycle_publisher(topic.type, topic.name, topic.qos)
            for topic in (topics.TRAJECTORY, topics.PATH, topics.CANDIDATES, topics.MARKERS, topics.TIMING)
        }
        self.superseded = 0
        self._afterwards: queue.SimpleQueue[tuple[TickResult, Any, int] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._publish_rest, name="plan outputs", daemon=True)
        self._thread.start()

    def publish(self, result: TickResult) -> None:
        """Publish the trajectory now and the rest soon."""
        tick, plan = result.tick, result.plan
        message = MESSAGES.trajectory(plan, tick.situation.ego.z if tick.situation is not None else 0.0)
        message.budget_ms = tick.budget.total_s * 1e3
        message.input_age_ms = math.nan if tick.input_age_s is None else tick.input_age_s * 1e3
        message.latency_ms = tick.elapsed_ms(time.monotonic_ns())
        with self._until_shutdown():
            self._publishers[topics.TRAJECTORY.name].publish(message)
        self._afterwards.put((result, message.points, time.monotonic_ns()))

    def close(self) -> None:
        """Publish what is left, end the thread, destroy the publishers."""
        self._afterwards.put(None)
        self._thread.join(timeout=1.0)
        for publisher in self._publishers.values():
            self._node.destroy_lifecycle_publisher(publisher)

    def _wanted(self, topic: topics.Topic) -> Any:
        publisher = self._publishers[topic.name]
        return publisher if publisher.get_subscription_count() > 0 else None

    def _publish_rest(self) -> None:
        while (item := self._afterwards.get()) is not None:
            with self._until_shutdown():
                self._publish_beside(*item)

    def _publish_beside(self, result: TickResult, points: Any, published_ns: int) -> None:
        plan = result.plan
        if publisher := self._wanted(topics.TIMING):
            publisher.publish(self._timing(result, published_ns))
        if publisher := self._wanted(topics.PATH):
            publisher.publish(conversions.path_message(plan.trajectory, points))
        if plan.candidates and (publisher := self._wanted(topics.CANDIDATES)):
            z = points[0].pose.position.z
            publisher.publish(conversions.candidates_message(plan, z))
        if publisher := self._wanted(topics.MARKERS):
            publisher.publish(plan_markers(plan, points))

    @contextmanager
    def _until_shutdown(self) -> Iterator[None]:
        """A signal may make the context invalid at any line of these threads: then nobody is there to be told."""
        try:
            yield
        except RuntimeError:  # rclpy's RCLError
            if self._node.context.ok():
                raise

    def _timing(self, result: TickResult, published_ns: int) -> Any:
        tick = result.tick
        begun_ns = published_ns if tick.started_ns is None else tick.started_ns
        return PlanTiming(
            header=conversions.header_of(result.plan.trajectory),
            received_ns=tick.received_ns,
            published_ns=published_ns,
            budget_ms=tick.budget.total_s * 1e3,
            overrun_ms=(published_ns - tick.deadline_ns) / NS_PER_MS,
            wait_ms=(begun_ns - tick.received_ns) / NS_PER_MS,
            planner_ms=0.0 if tick.planner_s is None else tick.planner_s * 1e3,
            monitor_ms=tick.monitor_s * 1e3,
            planned=tick.planned,
            rejected=tick.planned and tick.rejected,
            steps_done=tick.steps_done,
            superseded=self.superseded,
        )
