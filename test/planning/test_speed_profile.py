from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core import VehicleDescription
from wam_ros.core.geometry import Array
from wam_ros.core.resources import resource
from wam_ros.planning import curvature_caps, speed_profile, stop_profile
from wam_ros.planning.speed_profile import HARD_BRAKING_SHARE, comfort_jerk

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
FINE = np.arange(0.0, 40.0, 0.01)


def jerks(accelerations: Array) -> Array:
    changes: Array = np.diff(accelerations) / 0.01
    return changes


@settings(derandomize=True, max_examples=60)
@given(st.floats(0.1, 33.0), st.floats(-1.9, 1.5))
def test_a_stop_from_comfortable_driving_stays_comfortable(speed, acceleration):
    motion = stop_profile(CAR, speed, acceleration).at(FINE)
    assert motion.distances[0] == pytest.approx(0.0, abs=1e-9)
    assert motion.speeds[0] == pytest.approx(speed)
    assert (motion.speeds[-1], motion.accelerations[-1]) == pytest.approx((0.0, 0.0), abs=1e-9)
    assert (np.diff(motion.distances) >= -1e-9).all()
    assert motion.accelerations.min() >= -max(CAR.comfort_deceleration, -acceleration) - 1e-6
    if speed > 1.0:  # slower, a brake already pressed has to be let go faster than comfortably
        assert motion.accelerations[0] == pytest.approx(acceleration)
        hardest = comfort_jerk(CAR) * (2.0 if acceleration > 0.0 else 1.0)  # out of a push it goes faster
        assert np.abs(jerks(motion.accelerations)).max() <= hardest + 1e-6


@settings(derandomize=True, max_examples=60)
@given(st.floats(-33.0, 33.0), st.floats(-8.0, 3.5))
def test_position_speed_and_acceleration_belong_together(speed, acceleration):
    motion = stop_profile(CAR, speed, acceleration).at(FINE)
    middle = 0.5 * (motion.speeds[1:] + motion.speeds[:-1])
    np.testing.assert_allclose(np.diff(motion.distances) / 0.01, middle, atol=2e-3)
    gained = np.cumsum(0.5 * (motion.accelerations[1:] + motion.accelerations[:-1]) * 0.01)
    np.testing.assert_allclose(motion.speeds[1:], motion.speeds[0] + gained, atol=2e-2)


@settings(derandomize=True, max_examples=40)
@given(st.floats(0.0, 33.0), st.floats(-8.0, 3.5))
def test_reverse_mirrors_forward(speed, acceleration):
    forward = stop_profile(CAR, speed, acceleration).at(FINE[::50])
    reverse = stop_profile(CAR, -speed, -acceleration).at(FINE[::50])
    for ahead, back in zip(forward, reverse):
        np.testing.assert_allclose(ahead, -back, atol=1e-12)


def test_standing_stays_standing():
    motion = stop_profile(CAR, 0.0, 2.0).at(FINE)
    assert not motion.distances.any()
    assert not motion.speeds.any()


@settings(derandomize=True, max_examples=60)
@given(st.floats(0.0, 25.0), st.floats(-1.5, 1.5), st.floats(0.0, 30.0), st.floats(1.0, 30.0))
def test_it_stops_where_it_shall_with_comfort_where_there_is_room(speed, acceleration, spare, target):
    # Room for reaction at the present acceleration and for the comfortable stop from the speed reached by then.
    entry = speed + 1.2
    room = 1.2 * entry + entry**2 / (2.0 * CAR.comfort_deceleration) + spare
    stations = np.linspace(0.0, room, 160)
    caps = np.append(np.full(159, CAR.max_speed), 0.0)
    motion = speed_profile(CAR, speed, acceleration, stations, caps, target).at(np.arange(0.0, 120.0, 0.01))
    assert motion.distances[-1] == pytest.approx(room, abs=0.5)
    assert motion.distances.max() <= room + 1e-6
    assert motion.speeds[-1] == pytest.approx(0.0, abs=1e-6)
    assert motion.speeds.max() <= max(target, speed + 1.2) + 1e-6
    assert motion.accelerations.min() >= -CAR.comfort_deceleration - 1e-6
    assert motion.accelerations.max() <= CAR.comfort_acceleration + 1e-6
    if speed > 1.5:
        assert np.abs(jerks(motion.accelerations)).max() <= comfort_jerk(CAR) + 1e-6


@settings(derandomize=True, max_examples=40)
@given(st.floats(6.0, 25.0), st.floats(0.3, 0.8))
def test_too_little_room_brakes_harder_but_within_the_limit(speed, share):
    room = share * speed**2 / (2.0 * CAR.comfort_deceleration) + 0.2 * speed
    caps = np.append(np.full(159, CAR.max_speed), 0.0)
    motion = speed_profile(CAR, speed, 0.0, np.linspace(0.0, room, 160), caps, speed).at(FINE)
    hardest = HARD_BRAKING_SHARE * CAR.max_deceleration
    assert -hardest - 1e-6 <= motion.accelerations.min() < -CAR.comfort_deceleration
    assert np.abs(jerks(motion.accelerations)).max() <= CAR.max_jerk
    assert motion.speeds[-1] == pytest.approx(0.0, abs=1e-6)  # it stops later, if it cannot in time
    assert motion.distances[-1] <= max(room, 0.4 * speed + speed**2 / (2.0 * hardest)) + 0.05


def test_a_curve_is_reached_at_its_comfortable_speed():
    stations = np.linspace(0.0, 120.0, 160)
    bends = np.where((stations > 60.0) & (stations < 90.0), 0.05, 0.0)
    caps = curvature_caps(CAR, bends)
    motion = speed_profile(CAR, 15.0, 0.0, stations, caps, 15.0).at(FINE)
    inside = (motion.distances > 61.0) & (motion.distances < 89.0)
    wanted = np.sqrt(CAR.comfort_lateral_acceleration / 0.05)
    assert motion.speeds[inside].max() <= wanted + 0.4  # the time average rounds the corners of v(s)
    assert motion.speeds[inside].min() >= wanted - 1.0
    assert motion.accelerations.min() >= -CAR.comfort_deceleration - 1e-6
    assert motion.speeds[-1] > 10.0  # and goes on after it


def test_too_high_a_speed_comes_down_to_the_target_comfortably():
    motion = speed_profile(CAR, 20.0, 0.0, np.linspace(0.0, 300.0, 160), np.full(160, CAR.max_speed), 8.0).at(FINE)
    assert motion.accelerations.min() == pytest.approx(-CAR.comfort_deceleration)
    assert motion.speeds[-1] == pytest.approx(8.0, abs=1e-6)


def test_caps_of_a_straight_line_are_the_top_speed():
    np.testing.assert_allclose(curvature_caps(CAR, [0.0, 0.02, -0.02]), [36.0, 10.0, 10.0])
