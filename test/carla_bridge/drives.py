"""What the tests of drives through the bridge share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")

import carla

from test.carla_bridge.conftest import ServerProcess
from wam_ros.carla_bridge.environment import CarlaEnvironment
from wam_ros.carla_bridge.settings import BridgeSettings
from wam_ros.core import SE3, VehicleDescription
from wam_ros.core.sensor_rig import SensorRig, SensorSpec

SMALL = {"image_size_x": "64", "image_size_y": "36", "fov": "70", "sensor_tick": "0.1"}
RIG = SensorRig(
    (
        SensorSpec("front", "sensor.camera.rgb", SE3.from_euler([1.6, 0.0, 1.55], 0.0, 0.0, 0.0), SMALL),
        SensorSpec("imu", "sensor.other.imu", SE3.identity(), {}),
        SensorSpec("gnss", "sensor.other.gnss", SE3.identity(), {}),
    )
)


def settings_of(process: ServerProcess, **changes: Any) -> BridgeSettings:
    return replace(BridgeSettings(port=process.port, timeout_s=20.0), **changes)


@contextmanager
def opened(town: ServerProcess, vehicle: VehicleDescription, route: Any, rig: SensorRig = RIG, **changes: Any) -> Any:
    environment = CarlaEnvironment(settings_of(town, **changes), vehicle, rig, route)
    try:
        yield environment
    finally:
        environment.close()


@contextmanager
def plain_world(town: ServerProcess) -> Iterator[Any]:
    """The world as a client of its own sees it."""
    client = carla.Client("127.0.0.1", town.port)
    client.set_timeout(20.0)
    yield client.get_world()


def ours(world: Any) -> list[str]:
    """Vehicles and sensors that are in the world."""
    world.tick()
    return [actor.type_id for actor in world.get_actors() if actor.type_id.startswith(("vehicle.", "sensor."))]
