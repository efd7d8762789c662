"""Where the leaderboard's agent thinks it is."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("carla")

from wam_ros.carla_bridge.agent_config import AgentConfig
from wam_ros.carla_bridge.agent_sensors import read_motion, sensor_list
from wam_ros.carla_bridge.ego_filter import EgoFilter
from wam_ros.carla_bridge.geo_reference import GeoReference
from wam_ros.core import SE2, BicycleState, KinematicBicycle, VehicleDescription
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.core.timing import NS_PER_S

pytestmark = pytest.mark.carla

PLACES = [(0.0, 0.0), (120.0, -40.0), (310.0, 95.0), (-20.0, 400.0)]


@pytest.mark.parametrize("north_is_y", [True, False])
@pytest.mark.parametrize(("latitude", "longitude"), [(0.0, 0.0), (49.0, 8.0), (-33.9, 151.2)])
def test_the_reference_is_found_from_places(latitude: float, longitude: float, north_is_y: bool) -> None:
    truth = GeoReference(latitude, longitude, north_is_y)
    found = GeoReference.from_places([truth.to_geographic(*place) for place in PLACES], PLACES)
    assert found.north_is_y == north_is_y
    assert (found.latitude, found.longitude) == pytest.approx((latitude, longitude), abs=1e-6)
    for place in PLACES:
        assert found.to_map(*truth.to_geographic(*place)) == pytest.approx(place, abs=0.05)


def test_a_straight_route_is_enough_for_the_leaderboards_sense_of_north() -> None:
    truth = GeoReference(49.0, 8.0)
    line = [(x, 30.0) for x in (0.0, 50.0, 100.0)]
    found = GeoReference.from_places([truth.to_geographic(*place) for place in line], line)
    assert found.to_map(*truth.to_geographic(70.0, 33.0)) == pytest.approx((70.0, 33.0), abs=0.05)


def test_a_fix_at_the_start_shows_a_sensor_that_counts_the_other_way() -> None:
    truth, start = GeoReference(49.0, 8.0), (10.0, 80.0)
    mirrored = GeoReference(49.0, 8.0, north_is_y=False)
    assert truth.towards(mirrored.to_geographic(*start), start) == mirrored
    assert truth.towards(truth.to_geographic(10.4, 79.7), start) == truth


def test_places_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match="2 geographic places, 1 in the map"):
        GeoReference.from_places([(0.0, 0.0), (0.0, 1.0)], [(0.0, 0.0)])


def test_noisy_fixes_are_smoothed(vehicle: VehicleDescription) -> None:
    """On a winding drive the filtered position is much nearer to the truth than the fixes are."""
    rng, bicycle = random.Random(5), KinematicBicycle(vehicle)
    state, dt = BicycleState(SE2(5.0, -3.0, 0.4), 6.0), 0.05
    ego_filter, errors, noises = EgoFilter("map"), [], []
    for tick in range(400):
        before = state
        state = bicycle.step(state, 0.15 * math.sin(tick / 40.0), 0.0, dt)
        rate = (state.pose.yaw - before.pose.yaw) / dt
        noise = (rng.gauss(0.0, 0.5), rng.gauss(0.0, 0.5))
        fix = (state.pose.x + noise[0], state.pose.y + noise[1])
        heading = state.pose.yaw + rng.gauss(0.0, 0.03) if tick % 3 else None
        found = ego_filter.update(round(tick * dt * NS_PER_S), fix, heading, state.speed, rate, (0.0, 0.0))
        if tick > 100:
            errors.append(math.dist((found.pose.x, found.pose.y), (state.pose.x, state.pose.y)))
            noises.append(math.hypot(*noise))
            assert abs(found.pose.yaw - state.pose.yaw) < 0.1
    assert np.mean(errors) < 0.4 * np.mean(noises)


def test_a_teleport_is_followed_at_once() -> None:
    ego_filter = EgoFilter("map")
    ego_filter.update(0, (0.0, 0.0), 0.0, 5.0, 0.0, (0.0, 0.0))
    found = ego_filter.update(50_000_000, (300.0, 10.0), None, 5.0, 0.0, (0.0, 0.0))
    assert (found.pose.x, found.pose.y, found.pose.yaw) == (300.0, 10.0, 0.0)


def test_readings_are_told_in_our_axes() -> None:
    compass = math.radians(90.0)  # heading east
    data: dict[str, Any] = {
        "gnss": (7, np.array([49.0, 8.0, 2.0])),
        "imu": (7, np.array([1.0, 2.0, 9.81, 0.01, 0.02, 0.3, compass])),
        "speed": (7, {"speed": 4.5}),
    }
    found = read_motion(data)
    assert found.geographic == (49.0, 8.0)
    assert found.heading == pytest.approx(0.0, abs=1e-9)
    assert (found.speed, found.yaw_rate) == (4.5, -0.3)  # CARLA turns right for positive rates
    assert found.accelerations == (1.0, -2.0)
    data["imu"][1][6] = math.radians(0.0)  # north
    assert read_motion(data).heading == pytest.approx(math.pi / 2.0)
    data["imu"][1][6] = math.nan
    assert read_motion(data).heading is None


def test_the_leaderboards_sensor_list(vehicle: VehicleDescription) -> None:
    rig = AgentConfig().load_rig()
    camera, gnss, imu, speed = sensor_list(rig, vehicle)
    assert (camera["id"], camera["type"], camera["width"], camera["height"]) == ("front", "sensor.camera.rgb", 640, 360)
    assert camera["x"] == pytest.approx(1.60 - vehicle.rear_axle_offset)
    assert (camera["z"], camera["pitch"]) == pytest.approx((1.5, 0.0))
    assert gnss["x"] == imu["x"] == pytest.approx(-vehicle.rear_axle_offset)
    assert speed == {"type": "sensor.speedometer", "id": "speed", "reading_frequency": 20}


def test_the_agents_file(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("planner: constant_velocity\ntarget_speed: 5\n", encoding="utf-8")
    assert AgentConfig.load(str(file)) == AgentConfig(planner="constant_velocity", target_speed=5.0)
    assert AgentConfig.load("") == AgentConfig()
    file.write_text("planer: route_follower\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"agent.yaml: unknown 'planer'; did you mean 'planner'"):
        AgentConfig.load(str(file))
    with pytest.raises(ConfigError, match="needs the simulator's truth"):
        AgentConfig(planner="privileged_expert")
