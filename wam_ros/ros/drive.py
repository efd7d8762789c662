"""`wam drive` over ROS: server, bridge, planner and controller as processes, recorded and supervised by this one.

If one of them dies the car is brought to a stop by what is left of them (the controller brakes where no plan comes, the
bridge where no command comes), then everything ends and the text says which one it was.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import deserialize_message

from wam_ros.bags.writer import BagWriter
from wam_ros.core.errors import WorldError
from wam_ros.core.plan import PlanStatus
from wam_ros.msg import BridgeStatus, Trajectory
from wam_ros.ros.children import ChildProcess, ProcessFailedError, ros_arguments
from wam_ros.ros.process import tune_process
from wam_ros.ros.recorder import Recorder

PLANNER_TOPIC = "/planner/output/trajectory"
COMMAND_TOPIC = "/controller/output/command"
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0  # for the car to stand after a process has died
_DRAIN_S = 0.5  # what is on its way when the drive ends
_LINE_PERIOD_S = 0.5
_PORT = re.compile(r"carla-server: .*?, port (\d+)")


@dataclass(frozen=True)
class DriveRun:
    """What to drive and how.

    Fields:
        out: The bag to make.
        planner: Name of the planner.
        server: Arguments of `wam carla-server`; None = there is a server already at host and port.
        host, port: Of that server.
        role_name: Of the vehicle.
        camera: Id of the rig's camera that the planner looks through.
        bridge, planner_parameters, controller: Parameters of the nodes by name.
        params_file: Parameter file of the planner, or None.
        time_limit: Simulated time after which the drive ends [s].
        line: Takes the progress line, again and again.

    """

    out: Path
    planner: str
    server: Sequence[str] | None
    host: str
    port: int
    role_name: str
    camera: str
    bridge: dict[str, Any]
    planner_parameters: dict[str, Any]
    controller: dict[str, Any]
    params_file: Path | None
    time_limit: float
    line: Callable[[str], None]


@dataclass
class DriveReport:
    """What became of a drive.

    Fields:
        reason: How it ended: "goal", "time limit", or the bridge's own words.
        ok: Whether it reached the goal.
        duration: Simulated time [s].
        route_progress, route_length: [m].
        collisions, commands, missed_commands: As the bridge counts them.
        real_time_factor: Simulated time / wall time.
        statuses: Plans by status.
        latencies_ms: Of each plan.
        stopped: Whether the car stood when the processes were ended; None = not known.

    """

    reason: str = ""
    ok: bool = False
    duration: float = 0.0
    route_progress: float = 0.0
    route_length: float = 0.0
    collisions: int = 0
    commands: int = 0
    missed_commands: int = 0
    real_time_factor: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    stopped: bool | None = None


def drive(run: DriveRun) -> DriveReport:
    """Drive once.

    Raises:
        ProcessFailedError: A process died; the text says which, and whether the car stood.
        WorldError: The server did not come up.
        BagError: The bag cannot be written.

    """
    tune_process()
    rclpy.init()
    node = Node("drive")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        with BagWriter(run.out, search_paths=[Path(sys.prefix)]) as writer, ExitStack() as stack:
            children, port = [], run.port
            if run.server is not None:
                server, port = _start_server(run.server, stack)
                children.append(server)
            children += [stack.enter_context(child) for child in _nodes(run, port)]
            watch = _Watch(run)
            # What comes through this process is recorded raw; images too, so that the bag can be replayed. The bridge
            # begins when two take them.
            answers = [PLANNER_TOPIC, COMMAND_TOPIC]
            recorder = Recorder(node, writer, None, watch.on_message, last=[_image(run)], first=answers)
            report = _supervise(executor, children, watch)
            node.get_logger().debug(f"not recorded: {recorder.skipped}")
        return report
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _image(run: DriveRun) -> str:
    return f"/carla/{run.role_name}/{run.camera}/image"


def _start_server(arguments: Sequence[str], stack: ExitStack) -> tuple[ChildProcess, int]:
    command = ["wam_ros.cli.main", "carla-server", *arguments]
    server = stack.enter_context(ChildProcess("server", command, stdout=subprocess.PIPE))
    assert server.process.stdout is not None
    while line := server.process.stdout.readline():
        if found := _PORT.search(line):
            return server, int(found.group(1))
    server.end()
    msg = f"the embedded server did not start: {server.epitaph()}"
    raise WorldError(msg)


def _nodes(run: DriveRun, port: int) -> list[ChildProcess]:
    vehicle = f"/carla/{run.role_name}"
    odometry = {"~/input/odometry": f"{vehicle}/odometry"}
    planner_remaps = {
        "~/input/image": _image(run),
        "~/input/camera_info": f"{vehicle}/{run.camera}/camera_info",
        "~/input/route": f"{vehicle}/waypoints",
        "~/input/instruction": f"{vehicle}/instruction",
        "~/input/truth": f"{vehicle}/truth",
        "~/input/acceleration": f"{vehicle}/acceleration",
        **odometry,
    }
    bridge = {"host": run.host, "port": port, "role_name": run.role_name, "image_readers": 2, **run.bridge}
    planner = {"use_sim_time": True, "planner": run.planner, "image_reliability": "reliable", **run.planner_parameters}
    return [
        ChildProcess(
            "planner", ros_arguments("wam_ros.ros.planner_main", planner_remaps, planner, run.params_file, "error")
        ),
        ChildProcess(
            "controller",
            ros_arguments(
                "wam_ros.ros.controller_main",
                {"~/input/trajectory": PLANNER_TOPIC, **odometry},
                {"use_sim_time": True, "engage_on_start": True, **run.controller},
            ),
        ),
        ChildProcess(
            "bridge", ros_arguments("wam_ros.ros.carla_bridge_main", {"~/input/command": COMMAND_TOPIC}, bridge)
        ),
    ]


class _Watch:
    """Reads the recorded messages that tell how the drive goes, and keeps the progress line up to date."""

    def __init__(self, run: DriveRun) -> None:
        self._run = run
        self._status_topic = f"/carla/{run.role_name}/status"
        self._odometry_topic = f"/carla/{run.role_name}/odometry"
        self.report = DriveReport()
        self.over = False
        self.speed: float | None = None
        self._begun_s: float | None = None
        self._last_plan = "no plan yet"
        self._next_line = 0.0

    def on_message(self, topic: str, raw: bytes) -> None:
        """A recorded message."""
        if topic == PLANNER_TOPIC:
            self._on_plan(deserialize_message(raw, Trajectory))
        elif topic == self._status_topic:
            self._on_status(deserialize_message(raw, BridgeStatus))
        elif topic == self._odometry_topic:
            self._on_odometry(raw)

    def finish(self) -> None:
        """End the line."""
        self._run.line("")

    def _on_plan(self, plan: Any) -> None:
        status = PlanStatus(plan.status).name
        self.report.statuses[status] = self.report.statuses.get(status, 0) + 1
        self.report.latencies_ms.append(float(plan.latency_ms))
        self._last_plan = f"{status} {plan.latency_ms:.0f} ms {plan.reason[:50]}"

    def _on_odometry(self, raw: bytes) -> None:
        from nav_msgs.msg import Odometry

        self.speed = float(deserialize_message(raw, Odometry).twist.twist.linear.x)

    def _on_status(self, status: Any) -> None:
        report = self.report
        now_s = status.header.stamp.sec + status.header.stamp.nanosec * 1e-9
        self._begun_s = now_s if self._begun_s is None else self._begun_s
        report.duration = now_s - self._begun_s
        report.route_progress, report.route_length = float(status.route_progress), float(status.route_length)
        report.collisions, report.commands = int(status.collisions), int(status.commands)
        report.missed_commands, report.real_time_factor = int(status.missed_commands), float(status.real_time_factor)
        if status.state == BridgeStatus.GOAL_REACHED:
            report.reason, report.ok, self.over = "goal", True, True
        elif status.state == BridgeStatus.FAILED:
            report.reason, self.over = status.reason, True
        elif report.duration >= self._run.time_limit:
            report.reason, self.over = "time limit", True
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_PERIOD_S
            self._run.line(self._text())

    def _text(self) -> str:
        report = self.report
        share = 100.0 * report.route_progress / report.route_length if report.route_length > 0.0 else 0.0
        speed = "" if self.speed is None else f"{self.speed * 3.6:4.0f} km/h  "
        return (
            f"{report.duration:6.1f} s  route {share:3.0f} % of {report.route_length:.0f} m  {speed}"
            f"{report.real_time_factor:.1f}x real time  {self._last_plan}"
        )


def _supervise(executor: SingleThreadedExecutor, children: Sequence[ChildProcess], watch: _Watch) -> DriveReport:
    started = time.monotonic()
    while not watch.over:
        executor.spin_once(timeout_sec=0.05)
        dead = next((child for child in children if not child.alive), None)
        if dead is not None:
            _spin(executor, _DRAIN_S)  # the bridge tells how it ended, then ends
            if dead.name == "bridge" and watch.report.reason:
                break
            raise ProcessFailedError(_stop_the_car(executor, children, dead, watch))
        if watch.speed is None and time.monotonic() - started > _START_TIMEOUT_S:
            watch.finish()
            msg = f"nothing was driven within {_START_TIMEOUT_S:g} s: no odometry came from the bridge"
            raise ProcessFailedError(msg)
    _spin(executor, _DRAIN_S)
    watch.finish()
    return watch.report


def _stop_the_car(
    executor: SingleThreadedExecutor, children: Sequence[ChildProcess], dead: ChildProcess, watch: _Watch
) -> str:
    """Wait until the car stands; says what happened."""
    end = time.monotonic() + _STOP_TIMEOUT_S
    while time.monotonic() < end and watch.speed is not None and abs(watch.speed) > 0.05:
        if dead.name == "server" or not next(child for child in children if child.name == "bridge").alive:
            break
        executor.spin_once(timeout_sec=0.05)
    watch.finish()
    stood = watch.speed is not None and abs(watch.speed) <= 0.05
    car = "the car was brought to a stop" if stood else "the simulated world stands still with it"
    return f"{dead.epitaph()}; {car}, the other processes were ended"


def _spin(executor: SingleThreadedExecutor, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.02)
