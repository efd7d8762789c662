"""What the bridge measures as messages: fields, units, signs; and the truth there and back."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("carla")

import carla
import yaml
from carla_msgs.msg import CarlaEgoVehicleControl
from rclpy.serialization import deserialize_message, serialize_message

from wam_ros.carla_bridge.measurement import CollisionEvent, Measurement
from wam_ros.carla_bridge.settings import GoalRoute, RandomRoute
from wam_ros.core import (
    SE2,
    SE3,
    Actor,
    ActorKind,
    EgoState,
    LightState,
    Route,
    Scene,
    TrafficLight,
    VehicleCommand,
)
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.core.from_messages import camera_from_info, image_from_message, route_from_path, scene_from_message
from wam_ros.core.resources import resource
from wam_ros.core.sensor_rig import SensorSpec
from wam_ros.msg import Scene as SceneMessage
from wam_ros.msg import VehicleCommand as CommandMessage
from wam_ros.ros import carla_messages as messages
from wam_ros.ros.carla_parameters import TABLE, BridgeConfig
from wam_ros.ros.command_inbox import CommandInbox
from wam_ros.ros.message_types import MESSAGES

pytestmark = [pytest.mark.ros, pytest.mark.carla]

STAMP = 12_345_678_900
HEAD = MESSAGES.header(STAMP, "front_optical_frame")
EGO = EgoState(STAMP, "map", SE2(3.0, -4.0, 1.2), 5.0, -0.5, 0.1, 0.02, 0.6, 0.3)


def scene() -> Scene:
    kinds = (ActorKind.VEHICLE, ActorKind.BICYCLE, ActorKind.PEDESTRIAN, ActorKind.STATIC)
    actors = tuple(
        Actor(2**31 + index, kind, SE2(index, -index, 0.5 * index), 4.0 + index, 1.5, 1.0 + index, 0.5 * index)
        for index, kind in enumerate(kinds)
    )
    states = (LightState.RED, LightState.YELLOW, LightState.GREEN, LightState.OFF)
    lights = tuple(
        TrafficLight(f"A{index}", state, (f"{index}_0_-1", f"{index}_0_-2"), np.array([[index, 1.0], [index, -2.5]]))
        for index, state in enumerate(states)
    )
    return Scene(STAMP, EGO, actors, lights)


def test_a_scene_survives_the_wire() -> None:
    there = scene()
    back = scene_from_message(deserialize_message(serialize_message(MESSAGES.scene(there, "base_link")), SceneMessage))
    assert (back.stamp_ns, back.ego.frame_id) == (there.stamp_ns, "map")
    for name in ("speed", "acceleration", "yaw_rate", "lateral_speed", "lateral_acceleration", "z"):
        assert getattr(back.ego, name) == pytest.approx(getattr(there.ego, name)), name
    sent: list[Any] = [there.ego, *there.actors]
    came: list[Any] = [back.ego, *back.actors]
    for ours, theirs in zip(sent, came, strict=True):
        assert (theirs.pose.x, theirs.pose.y, theirs.pose.yaw) == pytest.approx(
            (ours.pose.x, ours.pose.y, ours.pose.yaw)
        )
    for ours, theirs in zip(there.actors, back.actors, strict=True):
        assert (theirs.id, theirs.kind) == (ours.id, ours.kind)
        assert (theirs.length, theirs.width, theirs.height, theirs.speed) == pytest.approx(
            (ours.length, ours.width, ours.height, ours.speed)
        )
    for ours, theirs in zip(there.lights, back.lights, strict=True):
        assert (theirs.id, theirs.state, theirs.lanes) == (ours.id, ours.state, ours.lanes)
        assert np.allclose(theirs.stop_line, ours.stop_line)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda m: setattr(m.actors[1], "kind", 9), "actor 2147483649 is of unknown kind 9"),
        (lambda m: setattr(m.lights[0], "state", 7), "light 'A0' is in unknown state 7"),
        (lambda m: setattr(m.ego.header.stamp, "sec", 99), "holds an ego state of 99"),
        (lambda m: setattr(m.ego.header, "frame_id", "odom"), "in frame 'odom'"),
        (lambda m: setattr(m.ego.twist.twist.linear, "x", math.nan), "speed is nan"),
    ],
)
def test_a_broken_scene_is_refused(change: Any, text: str) -> None:
    message = MESSAGES.scene(scene(), "base_link")
    change(message)
    with pytest.raises(InputError, match=text):
        scene_from_message(message)


def test_odometry_takes_the_pose_in_space() -> None:
    pose = SE3.from_euler([3.0, -4.0, 0.3], 0.05, -0.1, 1.2)
    message = MESSAGES.ego(EGO, "base_link", pose)
    q = message.pose.pose.orientation
    assert SE3.from_quaternion([0.0, 0.0, 0.0], [q.x, q.y, q.z, q.w]).rotation == pytest.approx(pose.rotation)
    assert (message.header.frame_id, message.child_frame_id, message.pose.pose.position.z) == ("map", "base_link", 0.3)
    assert (message.twist.twist.linear.x, message.twist.twist.linear.y) == (5.0, 0.02)


def test_images_keep_their_pixels() -> None:
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 255, (3, 5, 4), np.uint8)
    back = image_from_message(messages.image_message(HEAD, colour))
    assert (back.encoding, back.stamp_ns) == ("bgra8", STAMP)
    assert np.array_equal(back.pixels, colour)
    tags = messages.image_message(HEAD, colour[..., 2])  # not contiguous
    assert (tags.encoding, tags.step) == ("mono8", 5)
    assert np.array_equal(image_from_message(tags).pixels, colour[..., 2])
    depth = rng.random((3, 5), np.float32)
    message = messages.image_message(HEAD, depth)
    assert (message.encoding, message.step) == ("32FC1", 20)
    assert np.array_equal(np.frombuffer(message.data, np.float32).reshape(3, 5), depth)


def test_camera_info_is_that_of_the_lens() -> None:
    size = {"image_size_x": "640", "image_size_y": "360", "fov": "70"}
    lens = SensorSpec("front", "sensor.camera.rgb", SE3.identity(), size).camera_model
    message = messages.camera_info_message(HEAD, lens)
    assert camera_from_info(message).same_as(lens)
    assert np.reshape(message.p, (3, 4))[:, :3] == pytest.approx(lens.matrix)


def test_imu_signs() -> None:
    """Turning left, pushed to the left, nose up: all positive in ROS but the nose."""
    reading = SimpleNamespace(
        transform=carla.Transform(carla.Location(), carla.Rotation(10.0, -90.0, 0.0)),
        gyroscope=carla.Vector3D(0.1, 0.2, -0.3),
        accelerometer=carla.Vector3D(1.0, -2.0, 9.81),
    )
    message = messages.imu_message(HEAD, reading)
    turn, push, q = message.angular_velocity, message.linear_acceleration, message.orientation
    assert (turn.x, turn.y, turn.z) == pytest.approx((-0.1, 0.2, 0.3))
    assert (push.x, push.y, push.z) == pytest.approx((1.0, 2.0, 9.81))
    facing = SE3.from_quaternion([0.0, 0.0, 0.0], [q.x, q.y, q.z, q.w]).rotation[:, 0]
    ten = math.radians(10.0)
    assert facing == pytest.approx([0.0, math.cos(ten), math.sin(ten)], abs=1e-6)  # north, and up


def test_gnss_collision_and_status() -> None:
    fix = messages.gnss_message(HEAD, SimpleNamespace(latitude=49.1, longitude=8.2, altitude=101.5))
    assert (fix.latitude, fix.longitude, fix.altitude, fix.status.status) == (49.1, 8.2, 101.5, 0)
    event = messages.collision_message(CollisionEvent(STAMP, 17, "vehicle.x", np.array([1.0, 2.0, 0.0])), "map")
    assert (event.other_actor_id, event.normal_impulse.y, event.header.frame_id) == (17, 2.0, "map")
    measurement = Measurement(4, STAMP, EGO, SE3.from_se2(EGO.pose), {}, (), None)
    control = carla.VehicleControl(throttle=0.25, steer=-0.5, gear=2, manual_gear_shift=True)
    status = messages.vehicle_status_message(measurement, control)
    assert (status.velocity, status.control.throttle, status.control.steer) == (5.0, 0.25, -0.5)
    assert (status.control.gear, status.control.manual_gear_shift, status.control.reverse) == (2, True, False)
    assert (status.acceleration.linear.x, status.acceleration.linear.y) == (-0.5, 0.6)


def test_the_route_survives_the_wire() -> None:
    route = Route.from_points("map", [[0.0, 0.0], [5.0, 0.0], [5.0, 5.0]])
    message = MESSAGES.route(route, STAMP)
    back = route_from_path(message)
    assert back is not None
    assert np.allclose(back.line.points, route.line.points)
    assert message.poses[0].pose.orientation.w == pytest.approx(1.0)


def test_commands_out_of_messages() -> None:
    message = CommandMessage(steering_angle=0.25, speed=4.0, acceleration=-1.5)
    assert messages.command_from_message(message, 7) == VehicleCommand(7, 0.25, 4.0, -1.5)
    message.speed = math.inf
    with pytest.raises(InputError, match="speed is inf"):
        messages.command_from_message(message, 7)


# -- which command answers which tick


class Applied:
    """In the part of the actuator."""

    def __init__(self) -> None:
        self.done: list[Any] = []


def put(inbox: CommandInbox, name: str, stamp_ns: int | None, received_ns: int = 0) -> None:
    def apply(actuator: Any, _speed: float) -> None:
        actuator.done.append(name)

    inbox.put(apply, stamp_ns, received_ns)


def applied(received: Any) -> list[Any]:
    actuator: Any = Applied()
    received.apply(actuator, 0.0)
    return list(actuator.done)


def test_only_the_command_of_the_tick_is_its_answer() -> None:
    inbox: Any = CommandInbox(2.0)
    inbox.expect(100)
    put(inbox, "of the tick before", 50)
    assert not inbox.answered
    put(inbox, "of this tick", 100)
    put(inbox, "of a later tick", 150)
    assert inbox.answered
    assert applied(inbox.take_answer()) == ["of this tick"]
    inbox.expect(150)
    assert not inbox.answered
    put(inbox, "without a stamp", None)
    assert applied(inbox.take_answer()) == ["without a stamp"]
    assert (inbox.taken, inbox.missed) == (2, 0)


def test_patience_ends_with_misses_and_comes_back() -> None:
    inbox = CommandInbox(2.0)
    waited = []
    for tick in range(10):
        inbox.expect(tick)
        waited.append(inbox.patience_s)
        assert inbox.take_answer() is None
    assert waited[:3] == [2.0, 1.0, 0.5]
    assert waited[-1] == 0.05
    assert sum(waited) < 5.0
    inbox.expect(99)
    put(inbox, "again", 99)
    assert inbox.take_answer() is not None
    assert inbox.patience_s == 2.0
    assert (inbox.taken, inbox.missed) == (1, 10)


def test_an_old_command_is_not_taken_in_real_time() -> None:
    inbox = CommandInbox(2.0)
    assert inbox.take_newest(0, 500) is None
    put(inbox, "first", 0, received_ns=100)
    assert applied(inbox.take_newest(600, 500)) == ["first"]
    assert inbox.take_newest(601, 500) is None
    assert (inbox.taken, inbox.missed) == (1, 2)


# -- parameters


def test_table_schema_and_yaml_are_equal() -> None:
    assert resource("config/carla_bridge.param.yaml").read_text(encoding="utf-8") == TABLE.param_yaml()
    assert resource("config/schema/carla_bridge.schema.json").read_text(encoding="utf-8") == TABLE.schema_json()
    document = yaml.safe_load(TABLE.param_yaml())["/**"]["ros__parameters"]
    schema = json.loads(TABLE.schema_json())["properties"]["/**"]["properties"]["ros__parameters"]
    assert set(document) == set(schema["required"])


def test_the_route_by_parameters() -> None:
    values = TABLE.defaults()
    assert BridgeConfig.from_values(values).route == RandomRoute(0, 300.0)
    goal = {**values, "route": "goal", "goal_x": 10, "goal_y": -3.5}
    assert BridgeConfig.from_values(goal).route == GoalRoute(10.0, -3.5)
    assert BridgeConfig.from_values({**values, "route": "none"}).route is None
    assert BridgeConfig.from_values({**values, "map_frame": "world"}).settings.frame_id == "world"
    with pytest.raises(ConfigError, match="role_name = 'a b', wanted letters"):
        BridgeConfig.from_values({**values, "role_name": "a b"})
    with pytest.raises(ConfigError, match="port = 70000, wanted 1 to 65535"):
        BridgeConfig.from_values({**values, "port": 70000})


def test_controls_have_the_fields_of_carla() -> None:
    """The bridge hands carla_msgs' control to the actuator as it is."""
    fields = CarlaEgoVehicleControl.get_fields_and_field_types()
    assert set(fields) - {"header"} == {name for name in dir(carla.VehicleControl()) if not name.startswith("_")}
