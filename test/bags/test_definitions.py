from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from wam_ros.bags.definitions import message_definition, message_from_fields, typestore_with
from wam_ros.core import BagError
from wam_ros.core.resources import resource

OURS = sorted(f"wam_ros/msg/{path.stem}" for path in resource("msg").glob("*.msg"))
INSTALLED = Path(sys.prefix) / "share"


def _rosidl_hash(type_name: str) -> str:
    package, _, name = type_name.split("/")
    path = INSTALLED / package / "msg" / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{package} is not installed with its type descriptions")
    hashes = {entry["type_name"]: entry["hash_string"] for entry in json.loads(path.read_text())["type_hashes"]}
    return str(hashes[type_name])


@pytest.mark.parametrize(
    "type_name", [*OURS, "sensor_msgs/msg/Image", "nav_msgs/msg/Odometry", "tf2_msgs/msg/TFMessage"]
)
def test_hash_is_the_one_that_rosidl_generated(type_name):
    assert message_definition(type_name).rihs01 == _rosidl_hash(type_name)


def test_definition_holds_every_contained_type():
    text = message_definition("wam_ros/msg/Trajectory").text
    assert "wam_ros/TrajectoryPoint[] points" in text
    for inner in ("std_msgs/Header", "wam_ros/TrajectoryPoint", "geometry_msgs/Pose", "builtin_interfaces/Duration"):
        assert f"MSG: {inner}\n" in text


@pytest.mark.parametrize("layout", ["share/demo_msgs/msg", "demo_msgs/msg"])
def test_types_are_found_in_search_paths_with_what_they_contain(tmp_path, layout):
    folder = tmp_path / layout
    folder.mkdir(parents=True)
    (folder / "Wheel.msg").write_text("float32 speed  # [rad/s]\n")
    (folder / "Wheels.msg").write_text("std_msgs/Header header\ndemo_msgs/Wheel[] wheels\nWheel[2] spare\n")
    found = message_definition("demo_msgs/msg/Wheels", [tmp_path])
    assert "MSG: demo_msgs/Wheel\nfloat32 speed" in found.text
    assert found.rihs01.startswith("RIHS01_")
    store = typestore_with("demo_msgs/msg/Wheels", [tmp_path])
    assert "demo_msgs/msg/Wheel" in store.types


def test_unknown_type_is_named_with_the_remedy(tmp_path):
    with pytest.raises(
        BagError, match=r"unknown message type demo_msgs/msg/Wheel: .* add the folder that holds demo_msgs"
    ):
        message_definition("demo_msgs/msg/Wheel", [tmp_path])


def test_unknown_part_is_named_with_the_type_that_needs_it(tmp_path):
    (tmp_path / "demo_msgs" / "msg").mkdir(parents=True)
    (tmp_path / "demo_msgs" / "msg" / "Car.msg").write_text("other_msgs/Engine engine\n")
    with pytest.raises(BagError, match=r"other_msgs/msg/Engine \(part of demo_msgs/msg/Car\)"):
        message_definition("demo_msgs/msg/Car", [tmp_path])


@pytest.mark.parametrize("name", ["Image", "sensor_msgs/Image", "../msg/Image", "a/srv/B", ""])
def test_names_that_are_no_message_types_are_refused(name):
    with pytest.raises(BagError, match="wanted package/msg/Name"):
        message_definition(name)


def test_broken_definition_names_its_file(tmp_path):
    (tmp_path / "demo_msgs" / "msg").mkdir(parents=True)
    (tmp_path / "demo_msgs" / "msg" / "Bad.msg").write_text("float32 $\n")
    with pytest.raises(BagError, match=r"Bad\.msg: not the definition of a message"):
        message_definition("demo_msgs/msg/Bad", [tmp_path])


def test_missing_and_unknown_fields_are_named():
    with pytest.raises(BagError, match="nanosec, nanoseconds"):
        message_from_fields("builtin_interfaces/msg/Time", {"sec": 1, "nanoseconds": 2})
