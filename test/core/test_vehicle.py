from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core import SE2, BicycleState, ConfigError, InputError, KinematicBicycle, VehicleDescription
from wam_ros.core.resources import resource

VEHICLE = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
BICYCLE = KinematicBicycle(VEHICLE)


@settings(derandomize=True, max_examples=50)
@given(
    st.floats(0.5, 20.0),
    st.lists(st.tuples(st.floats(-0.5, 0.5), st.floats(-3.0, 2.0)), min_size=1, max_size=30),
    st.sampled_from([0.05, 0.1, 0.5]),
)
def test_inverse_undoes_the_forward_step(speed: float, commands: list[tuple[float, float]], dt: float) -> None:
    states = [BicycleState(SE2(1.0, 2.0, 0.5), speed)]
    for steering, acceleration in commands:
        states.append(BICYCLE.step(states[-1], steering, acceleration, dt))
    motion = BICYCLE.inverse([[s.pose.x, s.pose.y, s.pose.yaw] for s in states], dt)
    mean_speeds = [0.5 * (a.speed + b.speed) for a, b in itertools.pairwise(states)]
    np.testing.assert_allclose(motion.speeds, mean_speeds, atol=1e-9)
    np.testing.assert_allclose(motion.slip, 0.0, atol=1e-9)
    moving = np.array(mean_speeds) * dt > 1e-3
    steering_angles = np.array([s.steering_angle for s in states[1:]])
    np.testing.assert_allclose(motion.steering_angles[moving], steering_angles[moving], atol=1e-6)


def test_a_constant_wheel_drives_a_circle() -> None:
    radius = 12.0
    state = BicycleState(SE2(0, 0, 0), 5.0, 0.0, math.atan(VEHICLE.wheelbase / radius))
    for _ in range(200):
        state = BICYCLE.step(state, state.steering_angle, 0.0, 0.05)
        assert math.hypot(state.pose.x, state.pose.y - radius) == pytest.approx(radius, abs=1e-9)


def test_limits_and_lags_hold() -> None:
    state = BicycleState(SE2(0, 0, 0), 10.0)
    for _ in range(100):
        following = BICYCLE.step(state, 5.0, -50.0, 0.05)
        turned = following.steering_angle - state.steering_angle
        assert abs(turned) <= VEHICLE.max_steering_rate * 0.05 + 1e-12
        assert following.acceleration >= -VEHICLE.max_deceleration
        state = following
    assert state.steering_angle <= VEHICLE.max_steering_angle
    assert state.speed == 0.0
    first = BICYCLE.step(BicycleState(SE2(0, 0, 0), 10.0), 0.0, -4.0, VEHICLE.acceleration_lag)
    assert first.acceleration == pytest.approx(-4.0 * (1.0 - math.exp(-1.0)))


def test_bad_commands_are_refused() -> None:
    with pytest.raises(InputError, match="steering_angle is nan"):
        BICYCLE.step(BicycleState(SE2(0, 0, 0)), math.nan, 0.0, 0.1)
    with pytest.raises(InputError, match="time step 0"):
        BICYCLE.step(BicycleState(SE2(0, 0, 0)), 0.0, 0.0, 0.0)
    with pytest.raises(InputError, match=r"1 pose\(s\)"):
        BICYCLE.inverse([[0, 0, 0]], 0.1)


def test_derived_sizes() -> None:
    assert VEHICLE.length == pytest.approx(4.85)
    assert VEHICLE.rear_axle_to_center == pytest.approx(VEHICLE.length / 2 - VEHICLE.rear_overhang)
    assert math.atan(VEHICLE.max_curvature * VEHICLE.wheelbase) == pytest.approx(VEHICLE.max_steering_angle)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("wheelbse: 2.8", "unknown 'wheelbse'; did you mean 'wheelbase'"),
        ("width: -1", "width = -1.0, wanted a positive number"),
        ("width: wide", "width = 'wide', wanted float"),
        ("max_steering_angle: 2.0", "wanted below pi/2"),
        ("max_jerk: .nan", "max_jerk = nan"),
    ],
)
def test_a_wrong_vehicle_file_names_the_key(tmp_path: Path, change: str, text: str) -> None:
    key = change.split(":", maxsplit=1)[0]
    lines = resource("config/vehicle/passenger_car.yaml").read_text().splitlines()
    path = tmp_path / "car.yaml"
    path.write_text("\n".join([*(line for line in lines if not line.startswith(f"{key}:")), change]))
    with pytest.raises(ConfigError, match=text):
        VehicleDescription.load(path)


def test_a_missing_or_broken_vehicle_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        VehicleDescription.load(tmp_path / "none.yaml")
    path = tmp_path / "car.yaml"
    path.write_text("name: x\n")
    with pytest.raises(ConfigError, match="missing wheelbase"):
        VehicleDescription.load(path)
    path.write_text("- a\n")
    with pytest.raises(ConfigError, match="wanted a mapping"):
        VehicleDescription.load(path)
    path.write_text("a: [")
    with pytest.raises(ConfigError, match="not YAML"):
        VehicleDescription.load(path)
