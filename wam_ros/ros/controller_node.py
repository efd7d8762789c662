"""The node `controller`: parameters and topics around a ControlSession. It has no lifecycle: engagement is its own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]  # the same place in all distributions
from rclpy.node import Node

from wam_ros.control import (
    CommandGuard,
    ControlOutput,
    ControlSession,
    EngagementEvent,
    EngagementState,
    PlanSchedule,
    TrajectoryController,
)
from wam_ros.core import from_messages
from wam_ros.core.errors import InputError
from wam_ros.core.from_messages import plan_from_message
from wam_ros.planning.catalog import load_vehicle
from wam_ros.ros import controller_topics as topics
from wam_ros.ros import diagnostics, vehicle_commands
from wam_ros.ros.controller_parameters import TABLE, ControllerConfig
from wam_ros.ros.message_types import MESSAGES
from wam_ros.ros.parameter_descriptors import default_of, descriptor
from wam_ros.ros.topics import Topic

_DIAGNOSTICS_PERIOD_S = 1.0
_CHECK_PERIOD_S = 0.02
_LOG_THROTTLE_S = 5.0
# What may not happen without a word.
_EVENTS = (
    "trajectory_refused",
    "odometry_refused",
    "odometry_lost",
    "plan_missed",
    "command_cut",
    "command_braked",
    "time_reset",
)


class ControllerNode(Node):
    """Publishes one status for each odometry message, and while engaged one command.

    Raises:
        ConfigError: A parameter is wrong; the text names it.

    """

    def __init__(self, **ros_arguments: Any) -> None:
        super().__init__("controller", **ros_arguments)
        for parameter in TABLE.parameters:
            self.declare_parameter(parameter.name, default_of(parameter), descriptor(parameter, read_only=True))
        config = ControllerConfig.from_values({p.name: self.get_parameter(p.name).value for p in TABLE.parameters})
        self._config, self._vehicle = config, load_vehicle(config.vehicle)
        self._events_before: Counter[str] = Counter()
        self._session = ControlSession(
            TrajectoryController(self._vehicle, config.settings),
            CommandGuard(self._vehicle, config.max_command_age),
            PlanSchedule(config.plan_delay, config.planning_period),
            config.limits,
            self._publish,
            lambda: int(self.get_clock().now().nanoseconds),
        )
        self._command_publishers = self._open_commands()
        self._status_publisher = self._publisher(topics.STATUS)
        self._diagnostics = self._publisher(topics.DIAGNOSTICS)
        for topic, callback in (
            (topics.TRAJECTORY, self._on_trajectory),
            (topics.ODOMETRY_LOCKSTEP if config.limits.lockstep else topics.ODOMETRY, self._on_odometry),
            (topics.ENGAGE, self._on_engage),
            (topics.OVERRIDE, self._on_override),
        ):
            self.create_subscription(topic.type, topic.name, callback, topic.qos)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # goes on when the node's clock stands still
        self.create_timer(_CHECK_PERIOD_S, self._on_check, clock=steady)
        self.create_timer(_DIAGNOSTICS_PERIOD_S, self._publish_diagnostics, clock=steady)

    def _open_commands(self) -> list[tuple[Any, Callable[[Any], Any]]]:
        """Publishers of commands, each with what makes its message."""
        frame, car = self._config.base_frame, self._vehicle
        found: list[tuple[Any, Callable[[Any], Any]]] = [
            (self._publisher(topics.COMMAND), lambda command: MESSAGES.command(command, frame))
        ]
        if self._config.publish_ackermann:
            publisher = self._publisher(topics.ACKERMANN)
            found.append((publisher, lambda command: vehicle_commands.ackermann_message(command, frame)))
        if self._config.publish_carla_control:
            publisher = self._publisher(topics.CARLA_CONTROL)
            found.append((publisher, lambda command: vehicle_commands.carla_control_message(command, car, frame)))
        return found

    def _publisher(self, topic: Topic) -> Any:
        return self.create_publisher(topic.type, topic.name, topic.qos)

    # -- inputs

    def _on_trajectory(self, message: Any) -> None:
        try:
            plan = plan_from_message(message)
        except InputError as err:
            self._refuse("trajectory_refused", f"trajectory: {err}")
        else:
            self._session.on_plan(plan)

    def _on_odometry(self, message: Any) -> None:
        try:
            ego = from_messages.ego_from_odometry(message, self._config.base_frame)
        except InputError as err:
            self._refuse("odometry_refused", f"odometry: {err}")
        else:
            self._session.on_odometry(ego, time.monotonic_ns())

    def _on_engage(self, message: Any) -> None:
        self._on_person(EngagementEvent.ENGAGE if message.data else EngagementEvent.DISENGAGE)

    def _on_override(self, message: Any) -> None:
        self._on_person(EngagementEvent.TAKEN_OVER if message.data else EngagementEvent.HANDED_BACK)

    def _on_person(self, event: EngagementEvent) -> None:
        before = self._session.engagement
        self._session.on_event(event, time.monotonic_ns())
        after = self._session.engagement
        if after != before:
            self.get_logger().info(f"{event.value}: {after.state.name} {after.reason}".rstrip())

    def _refuse(self, kind: str, problem: str) -> None:
        self._session.count(kind, problem)
        self.get_logger().warning(problem, throttle_duration_sec=_LOG_THROTTLE_S)

    # -- outputs

    def _publish(self, output: ControlOutput) -> None:
        if output.command is not None:
            for publisher, message_of in self._command_publishers:
                publisher.publish(message_of(output.command))
        self._status_publisher.publish(vehicle_commands.status_message(output, self._config.base_frame))

    def _on_check(self) -> None:
        lost = self._session.events["odometry_lost"]
        self._session.check(time.monotonic_ns())
        if self._session.events["odometry_lost"] > lost:
            self.get_logger().error(self._session.last_event)
            self._publish_diagnostics()

    def _publish_diagnostics(self) -> None:
        session = self._session
        age, engagement = session.odometry_age_s(time.monotonic_ns()), session.engagement
        findings: list[diagnostics.Finding] = []
        if age is None:
            findings.append((diagnostics.WARN, "no odometry yet"))
        elif age > self._config.limits.odometry_timeout:
            text = "the world stands" if self._config.limits.lockstep else "nothing is commanded any more"
            level = diagnostics.WARN if self._config.limits.lockstep else diagnostics.ERROR
            findings.append((level, f"no odometry for {age:.1f} s: {text}"))
        if engagement.state is EngagementState.HOLDING:
            findings.append((diagnostics.WARN, f"holding the brake: {engagement.reason}"))
        new = {kind: session.events[kind] - self._events_before[kind] for kind in _EVENTS}
        findings += [(diagnostics.WARN, f"{kind}: {session.last_event}") for kind, count in new.items() if count > 0]
        self._events_before = session.events.copy()
        values = {
            "state": engagement.state.name,
            "reason": engagement.reason,
            "odometry_age_s": "none" if age is None else f"{age:.3f}",
            **{kind: session.events[kind] for kind in _EVENTS},
            "last_event": session.last_event,
        }
        status = diagnostics.status(f"{self.get_fully_qualified_name()}: control", findings, values)
        self._diagnostics.publish(diagnostics.diagnostic_array(self.get_clock().now().to_msg(), [status]))
