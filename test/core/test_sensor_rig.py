from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from wam_ros.core import ConfigError
from wam_ros.core.resources import resource
from wam_ros.core.sensor_rig import SensorRig, SensorSpec

CAMERA = """
sensors:
  - id: front
    type: sensor.camera.rgb
    pose: {x: 1.5, y: 0.2, z: 1.4, roll_deg: 0, pitch_deg: 10, yaw_deg: 90}
    attributes: {image_size_x: 640, image_size_y: 360, fov: 90, sensor_tick: 0.1, enable_postprocess_effects: true}
  - id: imu
    type: sensor.other.imu
"""


def load(text: str, folder: Path) -> SensorRig:
    file = folder / "rig.yaml"
    file.write_text(text, encoding="utf-8")
    return SensorRig.load(file)


@pytest.fixture
def front(tmp_path: Path) -> SensorSpec:
    return load(CAMERA, tmp_path).sensors[0]


def test_sensors_keep_their_order_and_cameras_are_told_apart(tmp_path: Path) -> None:
    rig = load(CAMERA, tmp_path)
    assert [sensor.id for sensor in rig.sensors] == ["front", "imu"]
    assert [sensor.id for sensor in rig.cameras] == ["front"]


def test_attributes_are_carlas_own_as_text(front: SensorSpec) -> None:
    assert front.attributes["image_size_x"] == "640"
    assert front.attributes["sensor_tick"] == "0.1"
    assert front.attributes["enable_postprocess_effects"] == "true"
    assert (front.width, front.height, front.fov_deg, front.period) == (640, 360, 90.0, 0.1)


def test_what_the_rig_does_not_say_is_carlas_default(tmp_path: Path) -> None:
    [plain] = load("sensors: [{id: c, type: sensor.camera.rgb}]", tmp_path).sensors
    assert (plain.width, plain.height, plain.fov_deg, plain.period) == (800, 600, 90.0, 0.0)
    assert plain.base_from_sensor.translation == pytest.approx([0.0, 0.0, 0.0])
    assert plain.base_from_sensor.rotation == pytest.approx(np.eye(3))


def test_the_lens_sees_its_field_of_view_from_edge_to_edge(front: SensorSpec) -> None:
    matrix = front.camera_model.matrix
    assert matrix == pytest.approx(np.array([[320.0, 0.0, 320.0], [0.0, 320.0, 180.0], [0.0, 0.0, 1.0]]))
    for side in (-1.0, 1.0):
        angle = side * math.radians(front.fov_deg) / 2.0
        u, _, w = matrix @ [math.sin(angle), 0.0, math.cos(angle)]
        assert u / w == pytest.approx(320.0 + side * 320.0)


def test_poses_are_those_of_a_body_with_pitch_down_positive(front: SensorSpec) -> None:
    mounted = front.base_from_sensor
    assert mounted.translation == pytest.approx([1.5, 0.2, 1.4])
    ahead = mounted.rotation @ [1.0, 0.0, 0.0]  # to the left of the vehicle, and down
    pitch = math.radians(10.0)
    assert ahead == pytest.approx([0.0, math.cos(pitch), -math.sin(pitch)])


def test_the_optical_frame_looks_where_the_body_does(front: SensorSpec) -> None:
    optical, body = front.base_from_optical, front.base_from_sensor
    assert optical.translation == pytest.approx(body.translation)
    assert optical.rotation @ [0, 0, 1] == pytest.approx(body.rotation @ [1, 0, 0])
    assert optical.rotation @ [1, 0, 0] == pytest.approx(body.rotation @ [0, -1, 0])
    assert optical.rotation @ [0, 1, 0] == pytest.approx(body.rotation @ [0, 0, -1])


def test_the_rig_that_comes_with_the_package_is_read() -> None:
    rig = SensorRig.load(resource("config/sensors/front_camera.yaml"))
    [camera] = rig.cameras
    assert (camera.id, camera.width, camera.height, camera.period) == ("front", 640, 360, 0.1)
    # The canonical camera of the preset `small`, so that nothing of its view is missing.
    assert camera.camera_model.matrix[0, 0] == pytest.approx(400.0, abs=0.05)
    assert camera.base_from_sensor.translation == pytest.approx([1.6, 0.0, 1.5])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sensors: 5", "wanted one key, 'sensors', with a list"),
        ("cameras: []", r"got \['cameras'\]"),
        ("sensors: []\nmore: 1", r"got \['more', 'sensors'\]"),
        ("sensors: []", "wanted at least one"),
        ("sensors: [3]", r"sensors\[0\]: 3, wanted a mapping"),
        ("sensors: [{id: a, type: sensor.other.imu}, {id: a, type: sensor.other.gnss}]", r"\['a', 'a'\].*each once"),
        ("sensors: [{id: 7up, type: sensor.other.imu}]", "id = '7up', wanted letters, digits and _"),
        ("sensors: [{type: sensor.other.imu}]", "id = None"),
        ("sensors: [{id: a, type: camera}]", r"\(a\): type = 'camera', wanted one of CARLA's"),
        ("sensors: [{id: a}]", "type = None"),
        ("sensors: [{id: a, type: sensor.other.imu, poes: {}}]", "unknown 'poes'; did you mean 'pose'"),
        ("sensors: [{id: a, type: sensor.other.imu, pose: {pitch: 1}}]", r"\(a\): pose: unknown 'pitch'.*'pitch_deg'"),
        ("sensors: [{id: a, type: sensor.other.imu, pose: {x: far}}]", "pose.x = 'far', wanted a number"),
        ("sensors: [{id: a, type: sensor.other.imu, pose: {x: .nan}}]", "pose.x = nan, wanted a number"),
        ("sensors: [{id: a, type: sensor.other.imu, pose: {x: true}}]", "pose.x = True, wanted a number"),
        ("sensors: [{id: a, type: sensor.other.imu, pose: [1, 2, 3]}]", "pose and attributes must be mappings"),
        ("sensors: [{id: a, type: sensor.other.imu, attributes: [1]}]", "pose and attributes must be mappings"),
    ],
)
def test_what_is_wrong_in_a_rig_is_named(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says):
        load(text, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        SensorRig.load(tmp_path / "nowhere.yaml")
