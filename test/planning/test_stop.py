from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core import SE2, EgoState, Observation, Plan, Polyline, VehicleDescription
from wam_ros.core.resources import resource
from wam_ros.planning import Horizon, PlanMonitor, comfortable_stop

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
POSE = SE2(30.0, -20.0, 2.0)


def sane_egos(slowest: float = -4.0, fastest: float = 33.0) -> st.SearchStrategy[EgoState]:
    """Speeds, accelerations and yaw rates that the vehicle can have."""

    def build(speed: float, push: float, bend: float) -> EgoState:
        limit = min(CAR.max_curvature, CAR.max_lateral_acceleration / max(speed**2, 1e-6))
        acceleration = push * (CAR.max_acceleration if push > 0.0 else CAR.max_deceleration)
        if speed < 0.0:
            acceleration = max(min(acceleration, 2.0), -2.0)
        return EgoState(0, "odom", POSE, speed, acceleration if abs(speed) > 0.1 else 0.0, bend * limit * speed)

    speeds = st.one_of(st.just(0.0), st.floats(max(slowest, 0.0), fastest), st.floats(slowest, 2.0))
    return st.builds(build, speeds, st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(sane_egos(), st.booleans(), st.floats(-1.5, 1.5), st.floats(-0.3, 0.3))
def test_every_stop_passes_the_monitor(ego, with_path, offset, angle):
    path = Polyline(POSE.apply(SE2(0.0, offset, angle).apply([[-20.0, 0.0], [400.0, 0.0]]))) if with_path else None
    stop = comfortable_stop(ego, CAR, Horizon(), path)
    assert PlanMonitor(CAR).check(Plan(stop, "stop"), Observation(0, ego)) == ()


@settings(derandomize=True, max_examples=40, deadline=None)
@given(sane_egos(fastest=6.0))
def test_a_slow_vehicle_ends_standing_and_keeps_its_heading(ego):
    stop = comfortable_stop(ego, CAR, Horizon(20, 0.5))
    standing = np.flatnonzero(np.abs(stop.speeds) < 1e-6)
    assert len(standing) >= 5
    assert standing[-1] == 19
    np.testing.assert_allclose(stop.positions[standing] - stop.positions[-1], 0.0, atol=1e-6, rtol=0)
    np.testing.assert_allclose(stop.headings[standing], stop.headings[-1], atol=1e-6, rtol=0)


def test_a_fast_vehicle_still_brakes_at_the_end_of_a_short_horizon():
    stop = comfortable_stop(EgoState(0, "odom", POSE, 25.0), CAR, Horizon())
    assert stop.speeds[-1] == pytest.approx(25.0 - 2.0 * (4.0 - 1.0 / 3.0))  # half of the jerk's 2/3 s is lost
    assert stop.accelerations[-1] == pytest.approx(-2.0)


def test_standing_gives_standing_where_it_is():
    stop = comfortable_stop(EgoState(0, "odom", POSE, 0.0, yaw_rate=0.3), CAR, Horizon())
    np.testing.assert_array_equal(stop.positions, np.tile(POSE.position, (8, 1)))
    np.testing.assert_allclose(stop.headings, POSE.yaw)
    assert not stop.speeds.any()


def test_it_stays_on_a_curved_path():
    turned = np.arange(-0.3, 2.0, 0.01)
    path = Polyline(POSE.apply(np.column_stack([40.0 * np.sin(turned), 40.0 * (1.0 - np.cos(turned))])))
    ego = EgoState(0, "odom", POSE, 9.0, yaw_rate=9.0 / 40.0)
    on_path = comfortable_stop(ego, CAR, Horizon(16, 0.5), path)
    assert path.distances(on_path.positions).max() < 0.1
    # Without the path the arc fades into a straight line and leaves it; from further away the path is not taken.
    free = comfortable_stop(ego, CAR, Horizon(16, 0.5))
    assert path.distances(free.positions).max() > 1.0
    far = EgoState(0, "odom", POSE @ SE2(0.0, -2.5, 0.0), 9.0, yaw_rate=9.0 / 40.0)
    straight = comfortable_stop(far, CAR, Horizon(16, 0.5), path)
    np.testing.assert_allclose(straight.positions, comfortable_stop(far, CAR, Horizon(16, 0.5)).positions)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    st.floats(-1e300, 1e300),
    st.floats(-1e300, 1e300),
    st.floats(-1e300, 1e300),
    st.floats(-1e300, 1e300),
    st.booleans(),
)
def test_no_ego_state_makes_it_incomplete(speed, acceleration, yaw_rate, place, with_path):
    ego = EgoState(0, "odom", SE2(place, -place, 1.0), speed, acceleration, yaw_rate)
    path = Polyline(np.array([[0.0, 0.0], [50.0, 0.0]])) if with_path else None
    stop = comfortable_stop(ego, CAR, Horizon(), path)
    assert len(stop) == 8
    for name in ("positions", "headings", "speeds", "accelerations", "heading_rates"):
        assert np.isfinite(getattr(stop, name)).all()
    assert np.abs(stop.speeds).max() <= 1.5 * CAR.max_speed
    assert np.abs(stop.headings).max() <= math.pi
