"""A hand-made drive as a bag, with whatever is wrong that a test asks for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wam_ros.bags.definitions import message_from_fields
from wam_ros.bags.writer import BagWriter

START = 1_700_000_000_000_000_000
MS = 1_000_000
NO_TURN = {"x": 0.0, "y": 0.0, "z": 0.0, "w": 1.0}
TYPES = {
    "/camera/image": "sensor_msgs/msg/Image",
    "/camera/camera_info": "sensor_msgs/msg/CameraInfo",
    "/odometry": "nav_msgs/msg/Odometry",
    "/route": "nav_msgs/msg/Path",
    "/tf": "tf2_msgs/msg/TFMessage",
    "/tf_static": "tf2_msgs/msg/TFMessage",
    "/instruction": "std_msgs/msg/String",
}


@dataclass(frozen=True)
class Record:
    """One message to be written; times in ms after START."""

    topic: str
    at_ms: float
    fields: dict[str, Any]


def header(at_ms: float, frame: str) -> dict[str, Any]:
    stamp = START + round(at_ms * MS)
    return {"stamp": {"sec": stamp // 10**9, "nanosec": stamp % 10**9}, "frame_id": frame}


def image(at_ms: float, recorded_ms: float | None = None, *, width: int = 4, encoding: str = "mono8") -> Record:
    fields = {
        "header": header(at_ms, "camera_optical"),
        "height": 3,
        "width": width,
        "encoding": encoding,
        "is_bigendian": 0,
        "step": width,
        "data": np.zeros(3 * width, np.uint8),
    }
    return Record("/camera/image", at_ms if recorded_ms is None else recorded_ms, fields)


def odometry(
    at_ms: float, x: float, speed: float, *, frame: str = "odom", child: str = "base_link", y: float = 0.0
) -> Record:
    zero = {"x": 0.0, "y": 0.0, "z": 0.0}
    pose = {"position": {"x": x, "y": y, "z": 0.5}, "orientation": NO_TURN}
    fields = {
        "header": header(at_ms, frame),
        "child_frame_id": child,
        "pose": {"pose": pose, "covariance": np.zeros(36)},
        "twist": {"twist": {"linear": {**zero, "x": speed}, "angular": zero}, "covariance": np.zeros(36)},
    }
    return Record("/odometry", at_ms, fields)


def camera_info(at_ms: float, focal: float = 5.0, width: int = 4) -> Record:
    k = np.array([focal, 0.0, 2.0, 0.0, focal, 1.5, 0.0, 0.0, 1.0])
    region = {"x_offset": 0, "y_offset": 0, "height": 0, "width": 0, "do_rectify": False}
    fields = {
        "header": header(at_ms, "camera_optical"),
        "height": 3,
        "width": width,
        "distortion_model": "plumb_bob",
        "d": np.zeros(5),
        "k": k,
        "r": np.eye(3).reshape(-1),
        "p": np.zeros(12),
        "binning_x": 0,
        "binning_y": 0,
        "roi": region,
    }
    return Record("/camera/camera_info", at_ms, fields)


def transform(topic: str, at_ms: float, parent: str, child: str, move: tuple[float, float, float]) -> Record:
    translation = dict(zip("xyz", move))
    stamped = {
        "header": header(at_ms, parent),
        "child_frame_id": child,
        "transform": {"translation": translation, "rotation": NO_TURN},
    }
    return Record(topic, at_ms, {"transforms": [stamped]})


def route(at_ms: float, points: Iterable[tuple[float, float]], frame: str = "odom") -> Record:
    poses = [
        {"header": header(at_ms, frame), "pose": {"position": {"x": x, "y": y, "z": 0.0}, "orientation": NO_TURN}}
        for x, y in points
    ]
    return Record("/route", at_ms, {"header": header(at_ms, frame), "poses": poses})


def instruction(at_ms: float, text: str) -> Record:
    return Record("/instruction", at_ms, {"data": text})


def static_camera() -> Record:
    return transform("/tf_static", 0, "base_link", "camera_optical", (1.0, 0.0, 1.5))


def straight_drive(seconds: float = 3.0, speed: float = 10.0, *, odometry_hz: float = 50.0) -> list[Record]:
    """10 Hz images between samples of the odometry, calibrated, on a straight route."""
    records = [static_camera(), camera_info(0), route(0, [(0.0, 0.0), (100.0, 0.0)])]
    count = math.ceil(seconds * odometry_hz) + 1
    records += [odometry(1e3 * k / odometry_hz, speed * k / odometry_hz, speed) for k in range(count)]
    records += [image(100.0 * k + 5.0) for k in range(int(seconds * 10))]
    return records


def write(path: Path, records: Iterable[Record]) -> Path:
    """Write the records in order of time."""
    with BagWriter(path, flush_period_s=None) as bag:
        for record in sorted(records, key=lambda record: record.at_ms):
            bag.add_topic(record.topic, TYPES[record.topic], latched=record.topic in {"/tf_static", "/route"})
            message = message_from_fields(TYPES[record.topic], record.fields)
            bag.write_message(record.topic, message, START + round(record.at_ms * MS))
    return path
