"""The node `carla_bridge`: one drive in a CARLA world on topics, tick by tick.

Lockstep: tick, publish all of that frame, wait for the command stamped with it, apply, tick. What is published is the
same, whether the commands come fast or slowly, so a drive does not depend on the speed of the machine. Otherwise the
world ticks in real time and the newest command is applied. A command that is missed means full brake, and is counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from wam_ros.carla_bridge.environment import CarlaEnvironment
from wam_ros.core.errors import InputError
from wam_ros.core.from_messages import stamp_to_ns
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.timing import NS_PER_S
from wam_ros.msg import BridgeStatus
from wam_ros.planning.catalog import load_vehicle
from wam_ros.ros import carla_messages as messages
from wam_ros.ros import carla_topics as topics
from wam_ros.ros.carla_outputs import CarlaOutputs
from wam_ros.ros.carla_parameters import PARAMETERS, BridgeConfig
from wam_ros.ros.command_inbox import CommandInbox, of_command, of_control
from wam_ros.ros.parameter_descriptors import default_of, descriptor
from wam_ros.runtime.pace import Pace

_START_TAKEN_S = 5.0  # for the latched topics, on a busy machine
_SETTLE_S = 0.5  # between the first match and the first tick: the other topics are matched then, too
_POLL_S = 0.05
_LOG_THROTTLE_S = 5.0


class CarlaBridgeNode(Node):
    """Declares and checks the parameters, opens the topics; `drive` does the rest.

    Raises:
        ConfigError: A parameter, the vehicle or the rig cannot be used.

    """

    def __init__(self, **ros_arguments: Any) -> None:
        super().__init__("carla_bridge", **ros_arguments)
        for parameter in PARAMETERS:
            self.declare_parameter(parameter.name, default_of(parameter), descriptor(parameter))
        values = {parameter.name: self.get_parameter(parameter.name).value for parameter in PARAMETERS}
        self.config = config = BridgeConfig.from_values(values)
        self._vehicle = load_vehicle(config.vehicle)
        self._rig = SensorRig.load(config.rig)
        role = config.settings.role_name
        self._outputs = CarlaOutputs(self, role, config.base_frame, self._rig)
        self._inbox = CommandInbox(config.command_timeout_s)
        inputs = (
            (topics.COMMAND, self._on_command),
            (topics.of_vehicle(topics.ACKERMANN, role), self._on_ackermann),
            (topics.of_vehicle(topics.CONTROL, role), self._on_control),
        )
        self._inputs = [self.create_subscription(t.type, t.name, callback, t.qos) for t, callback in inputs]
        self._executor_of_drive = SingleThreadedExecutor(context=self.context)
        self._executor_of_drive.add_node(self)

    def drive(self) -> None:
        """One drive from a fresh vehicle to the goal, or until the process is ended.

        Raises:
            WorldError: The world cannot be reached or fails on the way; it was told in the status.
            InputError: There is no route as the parameters want it.

        """
        environment = CarlaEnvironment(self.config.settings, self._vehicle, self._rig, self.config.route)
        try:
            environment.reset()
            self._outputs.publish_start(environment)
            self._tell_start(environment)
            self._wait_for_others()
            self._run(environment)
        finally:
            environment.close()

    def pause(self, seconds: float) -> None:
        """Do nothing but serve callbacks for a while.

        Raises:
            ExternalShutdownException: The process is being ended.

        """
        self._spin_until(lambda: False, seconds)

    def tell_failure(self, reason: str) -> None:
        """Publish that the drive has failed."""
        self._outputs.publish_failure(reason)

    # -- the drive

    def _run(self, environment: CarlaEnvironment) -> None:
        step = self._lockstep if self.config.lockstep else self._in_real_time
        pace = Pace(environment.tick_s)
        self._inbox.newest = None
        while True:
            over = environment.goal_reached and self.config.stop_at_goal
            self._inbox.expect(environment.measurement.stamp_ns)
            self._outputs.publish_tick(environment)
            state = BridgeStatus.GOAL_REACHED if environment.goal_reached else BridgeStatus.RUNNING
            self._outputs.publish_status(environment, self._inbox, state, pace.factor)
            if over:
                self.get_logger().info(f"goal reached after {environment.progress:.0f} m")
                return
            step(environment, pace)
            environment.advance()
            pace.ticked()

    def _lockstep(self, environment: CarlaEnvironment, pace: Pace) -> None:
        inbox = self._inbox
        self._spin_until(lambda: inbox.answered, inbox.patience_s)
        command = inbox.take_answer()
        self._apply(environment, command)
        if self.config.max_real_time_factor > 0.0:
            self._spin_until(lambda: False, pace.left(self.config.max_real_time_factor))

    def _in_real_time(self, environment: CarlaEnvironment, pace: Pace) -> None:
        self._spin_until(lambda: False, pace.left(1.0))
        max_age_ns = round(self.config.max_command_age_s * NS_PER_S)
        self._apply(environment, self._inbox.take_newest(time.monotonic_ns(), max_age_ns))

    def _apply(self, environment: CarlaEnvironment, command: Any) -> None:
        actuator = environment.world.actuator
        if command is not None:
            command.apply(actuator, environment.measurement.ego.speed)
            return
        actuator.brake()
        self.get_logger().warning(
            f"no command came for the tick of {environment.measurement.stamp_ns / NS_PER_S:.2f} s: braking",
            throttle_duration_sec=_LOG_THROTTLE_S,
        )

    def _wait_for_others(self) -> None:
        if self.config.start_timeout_s <= 0.0:
            return
        if self._spin_until(self._is_matched, self.config.start_timeout_s):
            self._spin_until(lambda: False, _SETTLE_S)
            self._spin_until(self._outputs.start_is_taken, _START_TAKEN_S)
        else:
            self.get_logger().warning(
                f"nobody commands or takes the images after {self.config.start_timeout_s:g} s: going on, braked"
            )

    def _is_matched(self) -> bool:
        commanded = any(self.count_publishers(subscription.topic_name) > 0 for subscription in self._inputs)
        return commanded and self._outputs.is_read(self.config.image_readers)

    def _spin_until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Serve callbacks until a condition holds; whether it does. At least what is there already is served."""
        end = time.monotonic() + timeout_s
        while not condition():
            if not self.context.ok():
                raise ExternalShutdownException
            left = end - time.monotonic()
            self._executor_of_drive.spin_once(timeout_sec=min(max(left, 0.0), _POLL_S))
            if left <= 0.0:
                return condition()
        return True

    def _tell_start(self, environment: CarlaEnvironment) -> None:
        length = "without a route" if environment.planned is None else f"{environment.planned.length:.0f} m"
        self.get_logger().info(
            f"driving {self.config.settings.role_name!r} in {environment.world.map.name}, {length}, "
            f"{'lockstep' if self.config.lockstep else 'real time'}"
        )

    # -- commands

    def _on_command(self, message: Any) -> None:
        stamp_ns = stamp_to_ns(message.header.stamp)
        try:
            command = messages.command_from_message(message, stamp_ns)
        except InputError as err:
            self._refuse("command", err)
            return
        self._inbox.put(of_command(command), stamp_ns, time.monotonic_ns())

    def _on_ackermann(self, message: Any) -> None:
        try:
            command = messages.command_from_message(message, 0)
        except InputError as err:
            self._refuse("ackermann_cmd", err)
            return
        self._inbox.put(of_command(command), None, time.monotonic_ns())

    def _on_control(self, message: Any) -> None:
        self._inbox.put(of_control(message), stamp_to_ns(message.header.stamp), time.monotonic_ns())

    def _refuse(self, topic: str, err: InputError) -> None:
        self.get_logger().warning(f"{topic} refused: {err}", throttle_duration_sec=_LOG_THROTTLE_S)
