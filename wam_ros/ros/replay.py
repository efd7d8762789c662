"""`wam replay` over ROS: a planner process and a player process, recorded and supervised by this one."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import deserialize_message

from wam_ros.bags.reader import BagReader
from wam_ros.bags.results import summarize
from wam_ros.bags.summary import ReplaySummary
from wam_ros.bags.topics import INPUTS, BagTopics, pick_topics
from wam_ros.bags.writer import BagWriter
from wam_ros.core.plan import PlanStatus
from wam_ros.msg import Trajectory
from wam_ros.ros import topics
from wam_ros.ros.children import ChildProcess, ProcessFailedError, ros_arguments
from wam_ros.ros.process import tune_process
from wam_ros.ros.recorder import Recorder

_START_TIMEOUT_S = 60.0
_DRAIN_S = 3.0  # how long to wait for the last answers
_WAYPOINTS = 8
_RECORDED = (topics.TRAJECTORY, topics.PATH, topics.CANDIDATES, topics.TIMING)


@dataclass(frozen=True)
class ReplayRun:
    """What to replay and how.

    Fields:
        bag: The drive.
        out: The result bag to make.
        planner: Name of the planner.
        rate: Times real time.
        parameters: Further parameters of the node, by name.
        params_file: Parameter file of the node, or None.
        line: Takes the progress line, again and again.

    """

    bag: Path
    out: Path
    planner: str
    rate: float
    parameters: dict[str, Any]
    params_file: Path | None
    line: Callable[[str], None]


def replay(run: ReplayRun) -> ReplaySummary:
    """Replay over ROS; the result bag holds what the planner published.

    Raises:
        ProcessFailedError: A process died or did not come up.
        BagError: The drive cannot be read, or the result not be written.

    """
    with BagReader(run.bag) as reader:
        chosen = pick_topics(reader.topics, INPUTS)
        frames = reader.topics[chosen.image].count if chosen.image is not None else 0
    tune_process()
    rclpy.init()
    node = Node("replay")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        with BagWriter(run.out) as writer, ChildProcess("planner", _planner_arguments(run, chosen)) as planner:
            seen = _Seen(frames, run.line)
            names = {_of_planner(topic) for topic in _RECORDED}
            _wait_active(node, executor, planner)
            recorder = Recorder(node, writer, names, seen.count)
            _spin_until(executor, planner, lambda: _of_planner(topics.TRAJECTORY) in recorder.topics)
            _play(run, executor, planner, seen)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    if planner.process.returncode != 0:
        raise ProcessFailedError(planner.epitaph())
    return summarize(run.out, run.bag, source_topics=chosen, waypoints=_WAYPOINTS)


def _of_planner(topic: topics.Topic) -> str:
    """The topic's name where the node is /planner."""
    return topic.name.replace("~", "/planner")


def _play(run: ReplayRun, executor: SingleThreadedExecutor, planner: ChildProcess, seen: _Seen) -> None:
    arguments = ["wam_ros.ros.player", str(run.bag), "--rate", str(run.rate)]
    with ChildProcess("player", arguments, stdout=subprocess.PIPE) as player:
        while player.process.poll() is None:
            executor.spin_once(timeout_sec=0.05)
            planner.require_alive()
        player.require_alive()
        assert player.process.stdout is not None
        sent = len(json.loads(player.process.stdout.read())["images_ns"])
    end = time.monotonic() + _DRAIN_S
    while seen.answers < sent and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
        planner.require_alive()
    _spin_for(executor, 0.2)  # what is published after the last trajectory
    seen.finish()


def _planner_arguments(run: ReplayRun, chosen: BagTopics) -> list[str]:
    remaps = [
        (topics.IMAGE, chosen.image),
        (topics.IMAGE_COMPRESSED, chosen.image),
        (topics.CAMERA_INFO, chosen.camera_info),
        (topics.ODOMETRY, chosen.odometry),
        (topics.ROUTE, chosen.route),
        (topics.INSTRUCTION, chosen.instruction),
    ]
    named = {topic.name: name for topic, name in remaps if name is not None}
    parameters = {"use_sim_time": True, "planner": run.planner, **run.parameters}
    return ros_arguments("wam_ros.ros.planner_main", named, parameters, run.params_file)


def _wait_active(node: Node, executor: SingleThreadedExecutor, planner: ChildProcess) -> None:
    client: Any = node.create_client(GetState, "/planner/get_state")
    end = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < end:
        planner.require_alive()
        if client.wait_for_service(timeout_sec=0.1):
            future: Any = client.call_async(GetState.Request())
            executor.spin_until_future_complete(future, timeout_sec=1.0)
            if future.done() and future.result().current_state.id == State.PRIMARY_STATE_ACTIVE:
                node.destroy_client(client)
                return
    msg = f"the planner was not active after {_START_TIMEOUT_S:g} s"
    raise ProcessFailedError(msg)


def _spin_until(executor: SingleThreadedExecutor, planner: ChildProcess, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _START_TIMEOUT_S
    while not condition():
        executor.spin_once(timeout_sec=0.05)
        planner.require_alive()
        if time.monotonic() > end:
            msg = "the planner's topics were not found"
            raise ProcessFailedError(msg)


def _spin_for(executor: SingleThreadedExecutor, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)


class _Seen:
    """Counts answers and keeps the progress line up to date."""

    def __init__(self, frames: int, line: Callable[[str], None]) -> None:
        self._frames = frames
        self._line = line
        self._name = _of_planner(topics.TRAJECTORY)
        self.answers = 0

    def count(self, topic: str, raw: bytes) -> None:
        """A recorded message."""
        if topic != self._name:
            return
        self.answers += 1
        message = deserialize_message(raw, Trajectory)
        status = PlanStatus(message.status).name
        last = f"{status:8} {message.latency_ms:6.1f} ms of {message.budget_ms:g} ms  {message.reason[:60]}"
        self._line(f"{self.answers:4d}/{self._frames} plans  {last}")

    def finish(self) -> None:
        """End the line."""
        self._line("")
