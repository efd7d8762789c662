"""Records topics of the running graph into a bag, as raw bytes: a process of its own, or part of a replay."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]  # the same place in all distributions
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from wam_ros.bags.writer import BagWriter
from wam_ros.core.errors import BagError
from wam_ros.ros.message_types import message_class
from wam_ros.ros.process import tune_process

_DISCOVERY_PERIOD_S = 0.5
_QUEUE = 100


class Recorder:
    """Subscribes to topics as they appear and writes what comes.

    Args:
        node: To subscribe with.
        writer: The open bag.
        topics: Names to record; None = every topic there is.
        on_message: Called with the topic's name after each message.
        last: Topics to take only when all of `first` have been taken for a discovery period: who waits for a reader of
            the former before it begins has the latter recorded from its first message on.
        first: See `last`.

    """

    def __init__(
        self,
        node: Node,
        writer: BagWriter,
        topics: Collection[str] | None,
        on_message: Callable[[str, bytes], None] = lambda _topic, _raw: None,
        last: Collection[str] = (),
        first: Collection[str] = (),
    ) -> None:
        self._node = node
        self._writer = writer
        self._wanted = None if topics is None else frozenset(topics)
        self._on_message = on_message
        self._last, self._first = frozenset(last), frozenset(first)
        self._subscriptions: dict[str, Any] = {}
        self.skipped: dict[str, str] = {}
        self.discover()
        # On a steady clock: under use_sim_time the node's stands still until /clock comes.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(_DISCOVERY_PERIOD_S, self.discover, clock=steady)

    @property
    def topics(self) -> frozenset[str]:
        """Names of the topics that are recorded."""
        return frozenset(self._subscriptions)

    def discover(self) -> None:
        """Subscribe to wanted topics that have a publisher and are not recorded yet."""
        waiting = frozenset() if self._subscriptions.keys() >= self._first else self._last
        for name, types in self._node.get_topic_names_and_types():
            if name in self._subscriptions or name in self.skipped or name in waiting:
                continue
            if self._wanted is not None and name not in self._wanted:
                continue
            if self._node.count_publishers(name) > 0:
                self._subscribe(name, types)

    def _subscribe(self, name: str, types: list[str]) -> None:
        if len(types) != 1:
            self._skip(name, f"it has several types: {', '.join(types)}")
            return
        infos = self._node.get_publishers_info_by_topic(name)
        latched = any(info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for info in infos)
        reliable = all(info.qos_profile.reliability == ReliabilityPolicy.RELIABLE for info in infos)
        try:
            message_type = message_class(types[0])
            self._writer.add_topic(name, types[0], latched=latched, reliable=reliable)
        except BagError as err:
            self._skip(name, str(err))
            return
        qos = QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=_QUEUE,
            reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )

        def write(raw: bytes) -> None:
            self._writer.write(name, raw, self._node.get_clock().now().nanoseconds)
            self._on_message(name, raw)

        self._subscriptions[name] = self._node.create_subscription(message_type, name, write, qos, raw=True)

    def _skip(self, name: str, why: str) -> None:
        self.skipped[name] = why
        self._node.get_logger().warning(f"{name} is not recorded: {why}")


def record(out: Path, topics: Collection[str] | None, duration_s: float | None, compression: Any = "none") -> int:
    """`wam record`: until SIGINT, SIGTERM or the end of `duration_s`; gives the number of messages."""
    tune_process()
    rclpy.init()
    node = Node("wam_recorder")
    with BagWriter(out, compression=compression) as writer:
        try:
            Recorder(node, writer, topics)
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            end = None if duration_s is None else time.monotonic() + duration_s
            while end is None or time.monotonic() < end:
                executor.spin_once(timeout_sec=0.2)
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        finally:
            node.destroy_node()
            rclpy.try_shutdown()
    return writer.message_count
