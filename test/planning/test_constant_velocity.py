from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core import SE2, ConfigError, Deadline, EgoState, Observation, PlanStatus, VehicleDescription
from wam_ros.core.resources import resource
from wam_ros.planning import ConstantVelocityPlanner, Horizon, PlanMonitor

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))


@settings(derandomize=True, max_examples=40)
@given(st.floats(-5.0, 33.0), st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(-3.0, 3.0))
def test_plan_is_the_straight_line_at_the_current_speed(speed, x, y, yaw):
    observation = Observation(7, EgoState(7, "odom", SE2(x, y, yaw), speed))
    plan = ConstantVelocityPlanner().plan(observation, Deadline.unlimited())
    path = plan.trajectory
    assert (path.frame_id, path.stamp_ns, plan.status, plan.planner) == (
        "odom",
        7,
        PlanStatus.FULL,
        "constant_velocity",
    )
    np.testing.assert_array_equal(path.times, [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0])
    along = (path.positions - [x, y]) @ [math.cos(yaw), math.sin(yaw)]
    aside = (path.positions - [x, y]) @ [-math.sin(yaw), math.cos(yaw)]
    np.testing.assert_allclose(along, speed * path.times, atol=1e-9)
    np.testing.assert_allclose(aside, 0.0, atol=1e-9)
    np.testing.assert_array_equal(path.speeds, np.full(8, speed))
    np.testing.assert_array_equal(path.headings, np.full(8, yaw))
    assert not path.accelerations.any()
    assert not path.heading_rates.any()
    assert PlanMonitor(CAR).check(plan, observation) == ()


def test_horizon_gives_the_times_of_the_waypoints():
    assert Horizon(3, 0.2).times.tolist() == pytest.approx([0.2, 0.4, 0.6])
    assert Horizon().duration == pytest.approx(4.0)


@pytest.mark.parametrize(("steps", "dt"), [(0, 0.5), (8, 0.0), (8, math.nan), (8, math.inf)])
def test_a_horizon_without_waypoints_is_refused(steps, dt):
    with pytest.raises(ConfigError, match="wanted at least 1 step of a positive time"):
        Horizon(steps, dt)
