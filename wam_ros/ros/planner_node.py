"""The lifecycle node `planner`: parameters, topics, latest input in; the service's plans out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.clock import Clock, ClockType  # type: ignore[attr-defined]  # the same place in all distributions
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter

from wam_ros.core import from_messages
from wam_ros.core.camera import CameraImage
from wam_ros.core.errors import ConfigError, InputError, WamError
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.protocols import Planner
from wam_ros.core.transform_tree import TransformTree
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning import Fallback, MonitorLimits, PlanMonitor
from wam_ros.planning.catalog import PRIVILEGED, load_vehicle, make_planner
from wam_ros.planning.engine_state import EngineState
from wam_ros.planning.expert_planner import ExpertPlanner, TruthBuffer
from wam_ros.ros import diagnostics, topics
from wam_ros.ros.cameras import CameraBook
from wam_ros.ros.images import image_or_converted
from wam_ros.ros.matching import ImageMatching, image_matching
from wam_ros.ros.outputs import PlanOutputs
from wam_ros.ros.parameter_descriptors import default_of, descriptor
from wam_ros.ros.parameters import PARAMETERS, NodeConfig
from wam_ros.ros.truth_inputs import TruthInputs
from wam_ros.runtime import Intake, OdometryBuffer, PlanningService, ServiceHealth

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
PlannerFactory = Callable[[NodeConfig, VehicleDescription], Planner]
_DIAGNOSTICS_PERIOD_S = 1.0
_SILENCE_PERIOD_S = 0.1
_LOG_THROTTLE_S = 5.0
_YIELD_S = 2e-4


def planner_from_config(config: NodeConfig, vehicle: VehicleDescription) -> Planner:
    """The planner that the parameters name."""
    return make_planner(config.planner, vehicle, config.options)


class PlannerNode(LifecycleNode):
    """Composes intake, service and outputs between ROS topics.

    Args:
        make: Makes the planner; tests and benchmarks give planners of their own.
        ros_arguments: Passed to rclpy's LifecycleNode (context, namespace, parameter_overrides ...).

    """

    def __init__(self, make: PlannerFactory = planner_from_config, **ros_arguments: Any) -> None:
        super().__init__("planner", **ros_arguments)
        self._make = make
        for parameter in PARAMETERS:
            self.declare_parameter(parameter.name, default_of(parameter), descriptor(parameter))
        self.add_on_set_parameters_callback(self._on_parameters)
        self._config: NodeConfig | None = None
        self._entities: list[tuple[Callable[[Any], Any], Any]] = []
        self._service: PlanningService | None = None
        self._outputs: PlanOutputs | None = None
        self._active = False
        self._health_before: ServiceHealth | None = None
        self._events_before: Counter[str] = Counter()

    # -- lifecycle

    def _tell_provenance(self, planner: Planner) -> None:
        text = f"{planner.name}: {planner.provenance}"
        if planner.name == PRIVILEGED or planner.weights_hash.startswith("random"):
            self.get_logger().warning(text)
        else:
            self.get_logger().info(text)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Read the parameters, load and warm up the planner, open the topics."""
        try:
            config = NodeConfig.from_values(self._values())
            vehicle = load_vehicle(config.vehicle)
            planner = self._make(config, vehicle)
            poses = self._camera_poses(config.cameras)
        except WamError as err:
            self.get_logger().error(f"cannot configure: {err}")
            return FAILURE
        if planner.provenance:
            self._tell_provenance(planner)
        planner.warm_up()
        for reason in EngineState.of(planner).fallbacks:
            self.get_logger().warning(f"{planner.name}: {reason}")
        self._config, self._planner = config, planner
        self._tree = TransformTree()
        self._odometry = OdometryBuffer(config.odometry)
        self._cameras = CameraBook(config.cameras, planner.camera, self._base_from, poses, config.allow_uncalibrated)
        limits = MonitorLimits(route_distance=config.max_route_distance)
        self._outputs = PlanOutputs(self)
        self._service = PlanningService(
            planner,
            PlanMonitor(vehicle, limits),
            Fallback(vehicle, limits=limits, max_reuse_age_s=config.max_reuse_age_s),
            self._outputs.publish,
            self._odometry.estimate,
            config.base_frame,
            self._log_error,
        )
        self._intake = Intake(
            self._service, self._odometry, config.cameras, config.intake, self._now_ns, self._frame_from
        )
        self._matching: ImageMatching = image_matching(
            len(config.cameras), config.camera_tolerance_s, self._on_image_set
        )
        self._open_topics(config)
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to plan."""
        result = super().on_activate(state)
        self._active = True
        self.get_logger().info(
            f"planning with {self._planner.name}, budget {self._require_config().budget.total_s * 1e3:g} ms"
        )
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop planning; inputs go on being collected."""
        self._active = False
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close everything that on_configure opened."""
        self.close()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Close everything."""
        self.close()
        return super().on_shutdown(state)

    def on_error(self, _state: LifecycleState) -> TransitionCallbackReturn:
        """A transition failed: back to unconfigured, where it can be tried again."""
        self.get_logger().error("an error in a lifecycle transition; the node is unconfigured now")
        self.close()
        return SUCCESS

    def close(self) -> None:
        """Stop the threads and close the topics; may be called again."""
        self._active = False
        if self._service is not None and not self._service.stop():
            self.get_logger().error("the planner did not come back; its thread is left behind")
        if self._outputs is not None:
            self._outputs.close()
        for destroy, entity in self._entities:
            destroy(entity)
        self._entities.clear()
        self._service = self._outputs = self._config = None

    # -- parameters

    def _values(self, changed: list[Any] | None = None) -> dict[str, Any]:
        values = {parameter.name: self.get_parameter(parameter.name).value for parameter in PARAMETERS}
        known = {parameter.name for parameter in PARAMETERS}
        values.update({parameter.name: parameter.value for parameter in changed or [] if parameter.name in known})
        return values

    def _on_parameters(self, changed: list[Any]) -> SetParametersResult:
        fixed = [p.name for p in PARAMETERS if not p.while_active]
        if self._config is not None:
            refused = [p.name for p in changed if p.name in fixed or p.name.startswith("camera_pose.")]
            if refused:
                reason = f"{', '.join(refused)} can only be changed while the node is unconfigured"
                return SetParametersResult(successful=False, reason=reason)
        if not all(self.has_parameter(parameter.name) for parameter in PARAMETERS):
            return SetParametersResult(successful=True)  # still being declared
        try:
            config = NodeConfig.from_values(self._values(changed))
        except ConfigError as err:
            return SetParametersResult(successful=False, reason=str(err))
        if self._config is not None:
            self._config = config
            self._cameras.allow_uncalibrated = config.allow_uncalibrated
        return SetParametersResult(successful=True)

    def _camera_poses(self, cameras: tuple[str, ...]) -> dict[str, SE3]:
        poses = {}
        for camera in cameras:
            name = f"camera_pose.{camera}"
            if not self.has_parameter(name):
                text = "Pose of the optical frame in base_link: x y z [m], roll pitch yaw [rad]; else from /tf_static."
                self.declare_parameter(name, RosParameter.Type.DOUBLE_ARRAY, ParameterDescriptor(description=text))
            value = self.get_parameter_or(name).value
            if value is None:
                continue
            if len(value) != 6:
                msg = f"{name} = {list(value)}, wanted x y z roll pitch yaw"
                raise ConfigError(msg)
            poses[camera] = SE3.from_euler(value[:3], *value[3:])
        return poses

    def _require_config(self) -> NodeConfig:
        assert self._config is not None, "topics are open only while configured"
        return self._config

    # -- topics

    def _open_topics(self, config: NodeConfig) -> None:
        image = topics.IMAGE_COMPRESSED if config.compressed else topics.IMAGE
        image_qos = topics.SENSOR_RELIABLE if config.reliable_images else topics.SENSOR
        for index, camera in enumerate(config.cameras):
            of_camera = partial(topics.of_camera, camera=camera, first=index == 0)
            name = of_camera(image).name
            self._subscribe(topics.Topic(name, image.type, image_qos), partial(self._on_image, index))
            self._subscribe(of_camera(topics.CAMERA_INFO), partial(self._on_camera_info, camera))
        self._subscribe(topics.ODOMETRY, self._on_odometry)
        self._subscribe(topics.ACCELERATION, self._on_acceleration)
        self._subscribe(topics.ROUTE, self._on_route)
        self._subscribe(topics.INSTRUCTION, lambda message: self._intake.on_instruction(message.data))
        self._subscribe(topics.TF, self._on_tf)
        self._subscribe(topics.TF_STATIC, self._on_tf_static)
        if isinstance(self._planner, ExpertPlanner) and isinstance(self._planner.truth, TruthBuffer):
            for topic, take in TruthInputs(self._planner.truth, self._refuse).subscriptions:
                self._subscribe(topic, take)
        publisher = self.create_publisher(topics.DIAGNOSTICS.type, topics.DIAGNOSTICS.name, topics.DIAGNOSTICS.qos)
        self._diagnostics = publisher
        self._entities.append((self.destroy_publisher, publisher))
        # These go on when the node's clock stands still.
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        for period, callback in (
            (_DIAGNOSTICS_PERIOD_S, self._publish_diagnostics),
            (_SILENCE_PERIOD_S, self._on_silence),
        ):
            self._entities.append((self.destroy_timer, self.create_timer(period, callback, clock=steady)))

    def _subscribe(self, topic: topics.Topic, callback: Callable[[Any], None]) -> None:
        subscription = self.create_subscription(topic.type, topic.name, callback, topic.qos)
        self._entities.append((self.destroy_subscription, subscription))

    def _on_image(self, index: int, message: Any) -> None:
        if not self._active:
            return
        received_ns = time.monotonic_ns()
        if index == 0:
            stamp_ns = from_messages.stamp_to_ns(message.header.stamp)
            self._intake.on_image(stamp_ns, self._decoder(0, message), self._require_config().budget, received_ns)
        if len(self._require_config().cameras) > 1:
            self._matching.add(index, message)
        # The worker needs the interpreter now; the executor's next round would hold it for most of a millisecond.
        time.sleep(_YIELD_S)

    def _on_image_set(self, first: Any, *others: Any) -> None:
        cameras = self._require_config().cameras
        decoders = {cameras[i]: self._decoder(i, message) for i, message in enumerate(others, start=1)}
        self._intake.on_matched(from_messages.stamp_to_ns(first.header.stamp), decoders)

    def _decoder(self, index: int, message: Any) -> Callable[[], CameraImage]:
        config, cameras = self._require_config(), self._cameras
        frame_id = message.header.frame_id
        return lambda: cameras.calibrated(config.cameras[index], image_or_converted(message), frame_id)

    def _on_camera_info(self, camera: str, message: Any) -> None:
        try:
            self._cameras.set_model(camera, from_messages.camera_from_info(message))
        except InputError as err:
            self._cameras.set_problem(camera, str(err))

    def _on_odometry(self, message: Any) -> None:
        try:
            self._intake.on_odometry(from_messages.ego_from_odometry(message, self._require_config().base_frame))
        except InputError as err:
            self._refuse("odometry_refused", f"odometry: {err}")

    def _on_acceleration(self, message: Any) -> None:
        try:
            linear = message.accel.accel.linear
            self._odometry.set_acceleration(from_messages.stamp_to_ns(message.header.stamp), linear.x, linear.y)
        except InputError as err:
            self._refuse("acceleration_refused", str(err))

    def _on_route(self, message: Any) -> None:
        try:
            self._intake.on_route(from_messages.route_from_path(message))
        except InputError as err:
            self._intake.on_route(None, f"route refused: {err}")

    def _on_tf(self, message: Any) -> None:
        try:
            self._tree.add(message)
        except InputError as err:
            self._refuse("tf_refused", str(err))

    def _on_tf_static(self, message: Any) -> None:
        self._on_tf(message)
        self._cameras.forget_poses()

    def _refuse(self, kind: str, problem: str) -> None:
        self._intake.refuse_input(kind, problem)
        self.get_logger().warning(problem, throttle_duration_sec=_LOG_THROTTLE_S)

    # -- timers

    def _on_silence(self) -> None:
        if self._active:
            self._intake.check_silence(self._require_config().budget, time.monotonic_ns())

    def _publish_diagnostics(self) -> None:
        config, name = self._require_config(), self.get_fully_qualified_name()
        assert self._service is not None
        assert self._outputs is not None
        health = self._service.health()
        self._outputs.superseded = health.superseded
        planning = diagnostics.planning_status(f"{name}: planning", self._planner, health, self._health_before)
        inputs = diagnostics.input_status(
            f"{name}: inputs",
            self._intake,
            self._odometry,
            self._events_before,
            image_timeout_s=config.intake.image_timeout_s,
        )
        cameras = diagnostics.camera_status(f"{name}: cameras", self._cameras, config.cameras, config.min_coverage)
        self._health_before, self._events_before = health, self._intake.events.copy()
        stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(diagnostics.diagnostic_array(stamp, [planning, inputs, cameras]))

    # -- what the parts ask for

    def _log_error(self, text: str) -> None:
        self.get_logger().error(text, throttle_duration_sec=_LOG_THROTTLE_S)

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _base_from(self, frame: str) -> SE3:
        return self._tree.lookup(self._require_config().base_frame, frame)

    def _frame_from(self, target: str, source: str) -> SE2:
        return self._tree.lookup(target, source).to_se2()
