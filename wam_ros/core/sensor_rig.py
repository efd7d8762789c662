"""The sensors of a vehicle: a YAML that the CARLA bridge and the embedded world both read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from wam_ros.core.camera import BODY_FROM_OPTICAL, CameraModel
from wam_ros.core.config import read_yaml, unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.core.geometry import SE3

_POSE_KEYS = ("x", "y", "z", "roll_deg", "pitch_deg", "yaw_deg")
_SENSOR_KEYS = ("id", "type", "pose", "attributes")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NUMBERS = {"image_size_x", "image_size_y", "fov", "sensor_tick"}
CAMERAS = ("sensor.camera.rgb", "sensor.camera.depth", "sensor.camera.semantic_segmentation")


@dataclass(frozen=True, eq=False)
class SensorSpec:
    """One sensor.

    Fields:
        id: Unique; becomes part of topic names.
        type: CARLA's blueprint, such as sensor.camera.rgb.
        base_from_sensor: Where it hangs in base_link; axes of a body (x forward, y left, z up), for cameras too.
        attributes: CARLA's attributes by name, as text.

    """

    id: str
    type: str
    base_from_sensor: SE3
    attributes: Mapping[str, str]

    @property
    def is_camera(self) -> bool:
        """Whether it makes images."""
        return self.type in CAMERAS

    @property
    def period(self) -> float:
        """Time between its measurements [s]; 0 = every tick of the world."""
        return float(self.attributes.get("sensor_tick", "0.0"))

    @property
    def width(self) -> int:
        """Of a camera's image [px]; CARLA's default where the rig says nothing."""
        return int(self.attributes.get("image_size_x", "800"))

    @property
    def height(self) -> int:
        """Of a camera's image [px]."""
        return int(self.attributes.get("image_size_y", "600"))

    @property
    def fov_deg(self) -> float:
        """Horizontal field of view of a camera, in degrees."""
        return float(self.attributes.get("fov", "90.0"))

    @property
    def camera_model(self) -> CameraModel:
        """The lens: a pinhole with its centre in the middle of the image; f = w / (2 tan(fov / 2))."""
        focal = self.width / (2.0 * math.tan(math.radians(self.fov_deg) / 2.0))
        center_x, center_y = self.width / 2.0, self.height / 2.0
        matrix = np.array([[focal, 0.0, center_x], [0.0, focal, center_y], [0.0, 0.0, 1.0]])
        return CameraModel(self.width, self.height, matrix)

    @property
    def base_from_optical(self) -> SE3:
        """Pose of the camera's optical frame (x right, y down, z forward) in base_link."""
        return self.base_from_sensor @ BODY_FROM_OPTICAL


@dataclass(frozen=True)
class SensorRig:
    """The sensors of a vehicle, in the order of the file.

    Raises:
        ConfigError: No sensor, or an id that repeats.

    """

    sensors: tuple[SensorSpec, ...]

    def __post_init__(self) -> None:
        ids = [sensor.id for sensor in self.sensors]
        if not ids or len(set(ids)) != len(ids):
            msg = f"sensor rig: ids {ids}, wanted at least one, each once"
            raise ConfigError(msg)

    @property
    def cameras(self) -> tuple[SensorSpec, ...]:
        """Those that make images."""
        return tuple(sensor for sensor in self.sensors if sensor.is_camera)

    @classmethod
    def load(cls, path: Path) -> SensorRig:
        """Read a rig.

        Raises:
            ConfigError: The file is missing, or a key is unknown, missing or of another type; the text names it.

        """
        document = read_yaml(path)
        sensors = document.get("sensors")
        if set(document) != {"sensors"} or not isinstance(sensors, list):
            msg = f"{path}: wanted one key, 'sensors', with a list; got {sorted(document)}"
            raise ConfigError(msg)
        return cls(tuple(_sensor(entry, f"{path}: sensors[{index}]") for index, entry in enumerate(sensors)))


def _sensor(entry: object, where: str) -> SensorSpec:
    if not isinstance(entry, dict):
        msg = f"{where}: {entry!r}, wanted a mapping"
        raise ConfigError(msg)
    _known(entry, _SENSOR_KEYS, where)
    name, kind = entry.get("id"), entry.get("type")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        msg = f"{where}: id = {name!r}, wanted letters, digits and _ (it becomes a topic name)"
        raise ConfigError(msg)
    if not isinstance(kind, str) or not kind.startswith("sensor."):
        msg = f"{where} ({name}): type = {kind!r}, wanted one of CARLA's, such as sensor.camera.rgb"
        raise ConfigError(msg)
    pose = {} if entry.get("pose") is None else entry["pose"]
    attributes = {} if entry.get("attributes") is None else entry["attributes"]
    if not isinstance(pose, dict) or not isinstance(attributes, dict):
        msg = f"{where} ({name}): pose and attributes must be mappings"
        raise ConfigError(msg)
    _known(pose, _POSE_KEYS, f"{where} ({name}): pose")
    x, y, z, roll, pitch, yaw = (_number(pose.get(key, 0.0), f"{where} ({name}): pose.{key}") for key in _POSE_KEYS)
    mounted = SE3.from_euler([x, y, z], math.radians(roll), math.radians(pitch), math.radians(yaw))
    for key in _NUMBERS & set(attributes):
        _number(attributes[key], f"{where} ({name}): attributes.{key}")
    return SensorSpec(name, kind, mounted, MappingProxyType({str(k): _text(v) for k, v in attributes.items()}))


def _known(values: dict[Any, Any], known: tuple[str, ...], where: str) -> None:
    for key in values:
        if key not in known:
            msg = f"{where}: {unknown_key(str(key), known)}"
            raise ConfigError(msg)


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        msg = f"{where} = {value!r}, wanted a number"
        raise ConfigError(msg)
    return float(value)


def _text(value: object) -> str:
    """CARLA's attributes are text; its booleans are written small."""
    return str(value).lower() if isinstance(value, bool) else str(value)
