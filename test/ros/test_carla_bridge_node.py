"""The node carla_bridge as users start it, on the embedded server, with a driver over real DDS."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("carla")
pytest.importorskip("libsumo")

from ackermann_msgs.msg import AckermannDrive
from carla_msgs.msg import CarlaWorldInfo

from test.carla_bridge.conftest import ServerProcess, server
from test.ros.harness import Driver, NodeProcess, next_domain
from wam_ros.carla_bridge.environment import CarlaEnvironment
from wam_ros.carla_bridge.settings import BridgeSettings, RandomRoute
from wam_ros.control import TrajectoryController
from wam_ros.core import EgoState, Observation, Plan, VehicleCommand, VehicleDescription
from wam_ros.core.from_messages import (
    camera_from_info,
    ego_from_odometry,
    image_from_message,
    pose_from_message,
    route_from_path,
    scene_from_message,
    stamp_to_ns,
)
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.transform_tree import TransformTree
from wam_ros.maps.opendrive import read_lane_graph
from wam_ros.msg import BridgeStatus
from wam_ros.msg import VehicleCommand as CommandMessage
from wam_ros.planning import Fallback, PlanMonitor
from wam_ros.planning.catalog import PlannerOptions, make_planner
from wam_ros.planning.route_planner import RoutePlanner
from wam_ros.ros import carla_topics, topics
from wam_ros.ros.message_types import MESSAGES
from wam_ros.runtime.checked_planner import CheckedPlanner

pytestmark = [pytest.mark.ros, pytest.mark.carla]

MODULE = "wam_ros.ros.carla_bridge_main"
ROUTE_SEED, ROUTE_LENGTH = 1, 60.0
RIG = """
sensors:
  - id: front
    type: sensor.camera.rgb
    pose: {x: 1.6, z: 1.55}
    attributes: {image_size_x: 64, image_size_y: 36, fov: 70, sensor_tick: 0.1}
  - {id: imu, type: sensor.other.imu}
  - {id: gnss, type: sensor.other.gnss}
"""
QUIET = ("--town", "grid_small", "--vehicles", "0", "--pedestrians", "0")


@pytest.fixture(scope="module")
def town() -> Iterator[ServerProcess]:
    with server(*QUIET) as started:
        yield started


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rig") / "rig.yaml"
    file.write_text(RIG, encoding="utf-8")
    return file


class Hands:
    """Takes what the bridge publishes and answers each tick's truth, as a controller would the odometry."""

    def __init__(self, domain: int) -> None:
        self.driver = Driver(domain, "/carla_bridge")
        self.seen: dict[str, list[Any]] = {}
        self.order: list[tuple[str, int]] = []
        self.answer: Callable[[EgoState], VehicleCommand | None] = lambda _ego: None
        for name, topic in (
            ("clock", topics.Topic("/clock", carla_topics.CLOCK.type, topics.OUTPUT)),
            ("truth", self._of(carla_topics.TRUTH)),
            ("odometry", self._of(carla_topics.ODOMETRY)),
            ("image", self._of(carla_topics.IMAGE)),
            ("camera_info", self._of(carla_topics.CAMERA_INFO)),
            ("status", self._of(carla_topics.STATUS)),
            ("waypoints", self._of(carla_topics.WAYPOINTS)),
            ("acceleration", self._of(carla_topics.ACCELERATION)),
            ("imu", self._of(carla_topics.IMU, "imu")),
            ("gnss", self._of(carla_topics.GNSS, "gnss")),
            ("instruction", self._of(carla_topics.INSTRUCTION)),
            ("vehicle_status", self._of(carla_topics.VEHICLE_STATUS)),
            ("world_info", carla_topics.WORLD_INFO),
            ("tf", topics.TF),
            ("tf_static", topics.TF_STATIC),
        ):
            self.seen[name] = []
            self.driver.subscribe(topic, self._taker(name))
        self.commands = self.driver.publisher(carla_topics.COMMAND)
        self.ackermann = self.driver.publisher(self._of(carla_topics.ACKERMANN))

    @staticmethod
    def _of(topic: Any, sensor: str = "front") -> Any:
        return carla_topics.of_vehicle(topic, "hero", sensor)

    def _taker(self, name: str) -> Callable[[Any], None]:
        def take(message: Any) -> None:
            self.seen[name].append(message)
            self.order.append((name, len(self.seen["odometry"])))
            if name == "truth":
                self._reply(scene_from_message(message).ego)

        return take

    def _reply(self, ego: EgoState) -> None:
        command = self.answer(ego)
        if command is not None:
            message = CommandMessage(
                steering_angle=command.steering_angle, speed=command.speed, acceleration=command.acceleration
            )
            message.header.stamp = MESSAGES.time(ego.stamp_ns)
            self.commands.publish(message)

    def status(self) -> Any:
        return self.seen["status"][-1] if self.seen["status"] else BridgeStatus()


@contextmanager
def bridge(process: ServerProcess, **parameters: Any) -> Iterator[tuple[Hands, NodeProcess]]:
    domain = next_domain()
    hands = Hands(domain)
    given = {"port": process.port, "route_seed": ROUTE_SEED, "route_length": ROUTE_LENGTH, **parameters}
    node = NodeProcess(domain, MODULE, **given)
    try:
        yield hands, node
    finally:
        hands.driver.close()
        node.end()
        print(node.output)  # pytest shows it where something failed
        assert "Traceback" not in node.output


def straight(speed: float, acceleration: float = 2.0) -> Callable[[EgoState], VehicleCommand]:
    return lambda ego: VehicleCommand(ego.stamp_ns, 0.0, speed, acceleration)


class Pilot:
    """The route follower and the controller; the plan of one tick is followed from the next one on."""

    def __init__(self, vehicle: VehicleDescription) -> None:
        planner = make_planner("route_follower", vehicle, PlannerOptions(target_speed=8.0))
        self._planner = CheckedPlanner(planner, PlanMonitor(vehicle), Fallback(vehicle))
        self._controller = TrajectoryController(vehicle)
        self._plan: Plan | None = None

    def command(self, ego: Any, route: Any) -> VehicleCommand:
        command = self._controller.control(ego, self._plan)
        self._plan = self._planner.answer(Observation(ego.stamp_ns, ego, {}, route)).plan
        return command


def driven_in_process(town: ServerProcess, vehicle: VehicleDescription, rig: Path) -> list[tuple[float, float]]:
    pilot, path = Pilot(vehicle), []
    sensors, route = SensorRig.load(rig), RandomRoute(ROUTE_SEED, ROUTE_LENGTH)
    environment = CarlaEnvironment(BridgeSettings(port=town.port), vehicle, sensors, route)
    try:
        now, going = environment.reset(), True
        while going:
            path.append((now.ego.pose.x, now.ego.pose.y))
            going = environment.apply(pilot.command(now.ego, now.route))
            now = environment.observe()
    finally:
        environment.close()
    return [*path, (now.ego.pose.x, now.ego.pose.y)]


def test_a_route_is_driven_over_ros_as_in_process(town: ServerProcess, vehicle: VehicleDescription, rig: Path) -> None:
    pilot = Pilot(vehicle)
    with bridge(town, rig=rig) as (hands, node):
        hands.answer = lambda ego: pilot.command(ego, route_from_path(hands.seen["waypoints"][0]))
        over = hands.driver.spin_until(lambda: node.process.poll() is not None, 60.0)
        hands.driver.spin(0.2)
        assert over, f"the goal was not reached: {hands.status()}"
        assert node.end() == 0, node.output
        last = hands.status()
        assert (last.state, last.missed_commands, last.collisions) == (BridgeStatus.GOAL_REACHED, 0, 0)
        assert last.route_length - 5.0 <= last.route_progress <= last.route_length
        assert last.real_time_factor > 0.0
        odometry = hands.seen["odometry"]
        assert last.commands == len(odometry) - 1
        path = [(message.pose.pose.position.x, message.pose.pose.position.y) for message in odometry]
    alone = driven_in_process(town, vehicle, rig)
    assert len(path) == len(alone)
    # The messages of controls are of single precision.
    assert np.abs(np.subtract(path, alone)).max() < 1e-3
    stamps = [stamp_to_ns(message.header.stamp) for message in odometry]
    assert set(np.diff(stamps)) == {50_000_000}
    check_topics(hands, stamps)


def check_topics(hands: Hands, stamps: list[int]) -> None:
    """All that belongs together has the same stamp, and what answers an image is there before it."""
    seen = hands.seen
    for name in ("truth", "acceleration", "imu", "gnss", "vehicle_status", "status"):
        assert [stamp_to_ns(message.header.stamp) for message in seen[name]] == stamps, name
    assert [stamp_to_ns(message.clock) for message in seen["clock"]] == stamps
    images = [stamp_to_ns(message.header.stamp) for message in seen["image"]]
    assert images == stamps[::2]
    assert [stamp_to_ns(message.header.stamp) for message in seen["camera_info"]] == images
    image = image_from_message(seen["image"][0])
    lens = camera_from_info(seen["camera_info"][0])
    assert (image.width, image.height, image.encoding) == (lens.width, lens.height, "bgra8") == (64, 36, "bgra8")
    scene = scene_from_message(seen["truth"][3])
    ego = ego_from_odometry(seen["odometry"][3], "base_link")
    assert (scene.stamp_ns, scene.ego.pose.x) == (ego.stamp_ns, pytest.approx(ego.pose.x))
    tree = TransformTree()
    for message in (*seen["tf"][-1:], *seen["tf_static"]):
        tree.add(message)
    optical = tree.lookup("base_link", seen["image"][0].header.frame_id)
    assert optical.translation == pytest.approx([1.6, 0.0, 1.55])
    assert optical.rotation[:, 2] == pytest.approx([1.0, 0.0, 0.0], abs=1e-6)  # looks ahead
    base = tree.lookup("map", "base_link")
    assert base.translation == pytest.approx(pose_from_message(seen["odometry"][-1].pose.pose).translation)
    (info,) = seen["world_info"]
    assert isinstance(info, CarlaWorldInfo)
    lanes = read_lane_graph(info.opendrive)
    planned = RoutePlanner(lanes).random_route(random.Random(ROUTE_SEED), ROUTE_LENGTH)
    told = route_from_path(seen["waypoints"][0])
    assert told is not None
    assert np.allclose(told.line.points, planned.route.line.points, atol=1e-6)
    assert seen["instruction"][0].data == planned.instruction_at(0.0)


def test_missed_commands_brake_and_are_counted(town: ServerProcess, rig: Path) -> None:
    with bridge(town, rig=rig, command_timeout_s=0.2) as (hands, _node):
        hands.answer = straight(6.0)
        assert hands.driver.spin_until(lambda: len(hands.seen["odometry"]) > 30)
        assert hands.status().missed_commands == 0
        assert hands.seen["odometry"][-1].twist.twist.linear.x > 1.0
        hands.answer = lambda _ego: None
        assert hands.driver.spin_until(lambda: hands.seen["odometry"][-1].twist.twist.linear.x < 0.01)
        hands.driver.spin(0.1)
        stopped = hands.status()
        assert stopped.missed_commands > 5
        assert stopped.state == BridgeStatus.RUNNING
        hands.answer = straight(6.0)
        assert hands.driver.spin_until(lambda: hands.seen["odometry"][-1].twist.twist.linear.x > 1.0)
        assert hands.status().missed_commands <= stopped.missed_commands + 2


def test_real_time_takes_the_newest_command_and_not_an_old_one(town: ServerProcess, rig: Path) -> None:
    with bridge(town, rig=rig, lockstep=False, max_command_age_s=0.3, start_timeout_s=0.0) as (hands, _node):
        assert hands.driver.spin_until(lambda: len(hands.seen["odometry"]) > 2)

        def speed() -> float:
            hands.ackermann.publish(AckermannDrive(speed=3.0, acceleration=2.0))
            return float(hands.seen["odometry"][-1].twist.twist.linear.x)

        assert hands.driver.spin_until(lambda: speed() > 0.5)
        taken = hands.status().commands
        assert taken > 0
        assert hands.driver.spin_until(lambda: hands.seen["odometry"][-1].twist.twist.linear.x < 0.01)


@pytest.mark.slow
def test_failures_end_in_one_line_and_code_1(rig: Path) -> None:
    with server(*QUIET) as town, bridge(town, rig=rig, timeout_s=4.0) as (hands, node):
        hands.answer = straight(3.0)
        assert hands.driver.spin_until(lambda: len(hands.seen["odometry"]) > 5)
        town.kill()
        assert hands.driver.spin_until(lambda: hands.status().state == BridgeStatus.FAILED)
        assert "does not answer any more" in hands.status().reason
        assert hands.status().route_progress >= 0.0
        assert node.process.wait(20.0) == 1
        node.end()
        told = [line for line in node.output.splitlines() if line.startswith("carla_bridge: ")]
        assert len(told) == 1


def test_reconnecting_goes_on_until_a_signal(town: ServerProcess) -> None:
    with bridge(town, port=1, reconnect=True) as (hands, node):
        assert hands.driver.spin_until(lambda: hands.status().state == BridgeStatus.FAILED)
        assert "no CARLA server" in hands.status().reason
        assert math.isnan(hands.status().route_length)
        time.sleep(0.1)
        assert node.process.poll() is None
        assert node.end() == 0
