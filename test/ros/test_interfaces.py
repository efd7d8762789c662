"""The interface packages that PyPI lacks have the names, fields and hashes of the real ones."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

import tf2_msgs
from rosbags.typesys import Stores, get_typestore

pytestmark = pytest.mark.ros

# From ros2/geometry2, ros-drivers/ackermann_msgs (ros2) and carla-simulator/ros-carla-msgs 1.3.0.
FIELDS = {
    "tf2_msgs/TFMessage": {"transforms": "sequence<geometry_msgs/TransformStamped>"},
    "ackermann_msgs/AckermannDrive": dict.fromkeys(
        ["steering_angle", "steering_angle_velocity", "speed", "acceleration", "jerk"], "float"
    ),
    "ackermann_msgs/AckermannDriveStamped": {
        "header": "std_msgs/Header",
        "drive": "ackermann_msgs/AckermannDrive",
    },
    "carla_msgs/CarlaEgoVehicleControl": {
        "header": "std_msgs/Header",
        "throttle": "float",
        "steer": "float",
        "brake": "float",
        "hand_brake": "boolean",
        "reverse": "boolean",
        "gear": "int32",
        "manual_gear_shift": "boolean",
    },
    "carla_msgs/CarlaStatus": {
        "frame": "uint64",
        "fixed_delta_seconds": "float",
        "synchronous_mode": "boolean",
        "synchronous_mode_running": "boolean",
    },
    "carla_msgs/CarlaEgoVehicleStatus": {
        "header": "std_msgs/Header",
        "velocity": "float",
        "acceleration": "geometry_msgs/Accel",
        "orientation": "geometry_msgs/Quaternion",
        "control": "carla_msgs/CarlaEgoVehicleControl",
    },
    "carla_msgs/CarlaWorldInfo": {"map_name": "string", "opendrive": "string"},
    "carla_msgs/CarlaCollisionEvent": {
        "header": "std_msgs/Header",
        "other_actor_id": "uint32",
        "normal_impulse": "geometry_msgs/Vector3",
    },
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_in_order(name: str) -> None:
    package, _, message = name.partition("/")
    kind = getattr(importlib.import_module(f"{package}.msg"), message)
    assert list(kind.get_fields_and_field_types().items()) == list(FIELDS[name].items())


def test_the_hash_of_tf_is_that_of_a_ros_installation() -> None:
    share = next(p for p in Path(tf2_msgs.__file__).parents if (p / "share" / "tf2_msgs").is_dir()) / "share"
    description = json.loads((share / "tf2_msgs" / "msg" / "TFMessage.json").read_text(encoding="utf-8"))
    hashes = {entry["type_name"]: entry["hash_string"] for entry in description["type_hashes"]}
    known = get_typestore(Stores.ROS2_KILTED)
    assert hashes["tf2_msgs/msg/TFMessage"] == known.hash_rihs01("tf2_msgs/msg/TFMessage")
