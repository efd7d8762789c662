"""When sensors measure, and what they make of numbers; the rest is seen by real clients in test_plain_client."""

from __future__ import annotations

import numpy as np
import pytest

from wam_ros.carla_server.actors.blueprint_catalog import library
from wam_ros.carla_server.actors.sensors import Sensor
from wam_ros.carla_server.actors.sensors_camera import depth_code, image_size
from wam_ros.carla_server.actors.sensors_lidar import Lidar
from wam_ros.carla_server.wire.wire_types import AttributeValue, Description
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import SE3


def described(name: str, **attributes: str) -> Description:
    wanted = Description(0, name, tuple(AttributeValue(key, 4, value) for key, value in attributes.items()))
    return library().check(wanted)[1]


def sensor(tick: str) -> Sensor:
    return Sensor(1, described("sensor.other.imu", sensor_tick=tick), SE3.identity(), 0)


def due_ticks(tested: Sensor, dt: float, first: int, last: int) -> list[int]:
    return [tick for tick in range(first, last) if tested.is_due(tick * dt, dt)]


@pytest.mark.parametrize(
    ("tick", "dt", "every"),
    [("0.0", 0.05, 1), ("0.05", 0.05, 1), ("0.1", 0.05, 2), ("0.5", 0.05, 10), ("0.12", 0.05, 2), ("0.1", 0.2, 1)],
)
def test_the_first_tick_then_every_few(tick: str, dt: float, every: int) -> None:
    assert due_ticks(sensor(tick), dt, 7, 107) == list(range(7, 107, every))


def test_a_new_listener_begins_anew() -> None:
    tested = sensor("0.5")
    assert due_ticks(tested, 0.05, 0, 5) == [0]
    tested.restart()
    assert due_ticks(tested, 0.05, 5, 20) == [5, 15]


def test_no_drift_over_a_long_time() -> None:
    assert due_ticks(sensor("0.1"), 0.05, 0, 20_000) == list(range(0, 20_000, 2))


def test_depth_is_carlas_code() -> None:
    depth = np.array([[0.0, 0.001, 12.3456, 999.99, 1000.0, 5000.0]], dtype=np.float32)
    blue, green, red = np.moveaxis(depth_code(depth).astype(np.float64), -1, 0)
    decoded = 1000.0 * (red + 256.0 * green + 65536.0 * blue) / (256.0**3 - 1.0)
    assert decoded[0] == pytest.approx([0.0, 0.001, 12.3456, 999.99, 1000.0, 1000.0], abs=1e-4)


@pytest.mark.parametrize("size", [("0", "100"), ("-5", "100"), ("100000", "100000")])
def test_impossible_images_are_refused(size: tuple[str, str]) -> None:
    with pytest.raises(WorldError, match=f"image of {size[0]}x{size[1]} px"):
        image_size(described("sensor.camera.rgb", image_size_x=size[0], image_size_y=size[1]))


@pytest.mark.parametrize(
    "attributes",
    [
        {"channels": "0"},
        {"points_per_second": "100000000"},
        {"range": "1e8"},
        {"upper_fov": "-40"},
        {"rotation_frequency": "0"},
    ],
    ids=str,
)
def test_impossible_lidars_are_refused(attributes: dict[str, str]) -> None:
    with pytest.raises(WorldError, match=r"sensor\.lidar\.ray_cast: wanted"):
        Lidar(described("sensor.lidar.ray_cast", **attributes))
