from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wam_ros.core import SE2, EgoState, InputError, Plan, PlanStatus, Trajectory

TIMES = 0.5 * np.arange(1, 9, dtype=np.float64)
SECOND = 1_000_000_000


def ego(speed: float = 8.0, yaw: float = 0.0) -> EgoState:
    return EgoState(5 * SECOND, "odom", SE2(3.0, -2.0, yaw), speed)


def straight(speed: float = 8.0, yaw: float = 0.3) -> Trajectory:
    ahead = np.stack([speed * TIMES, np.zeros(8)], axis=1)
    start = ego(speed, yaw)
    return Trajectory.from_waypoints(start, TIMES, start.pose.apply(ahead))


def test_derived_values_of_a_straight_drive() -> None:
    trajectory = straight()
    np.testing.assert_allclose(trajectory.speeds, 8.0)
    np.testing.assert_allclose(trajectory.accelerations, 0.0, atol=1e-9)
    np.testing.assert_allclose(trajectory.headings, 0.3)
    np.testing.assert_allclose(trajectory.heading_rates, 0.0, atol=1e-9)


def test_headings_hold_where_nothing_moves() -> None:
    start = ego(0.0, yaw=1.0)
    still = Trajectory.from_waypoints(
        start, TIMES, np.tile(start.pose.position, (8, 1)) + 1e-3 * np.random.default_rng(1).normal(size=(8, 2))
    )
    np.testing.assert_allclose(still.headings, 1.0)


@given(st.floats(0.0, 3.0))
def test_moved_trajectory_is_the_same_motion(shift: float) -> None:
    trajectory = straight()
    moved = trajectory.resampled(ego(8.0, 0.3), trajectory.stamp_ns + round(shift * SECOND), TIMES)
    expected = ego(8.0, 0.3).pose.apply(np.stack([8.0 * (TIMES + shift), np.zeros(8)], axis=1))
    np.testing.assert_allclose(moved.positions, expected, atol=1e-6)
    np.testing.assert_allclose(moved.headings, 0.3)


def test_a_trajectory_cannot_move_back() -> None:
    with pytest.raises(InputError, match="cannot move a trajectory"):
        straight().resampled(ego(), 4 * SECOND, TIMES)


def test_shapes_are_checked_by_name() -> None:
    good = straight()
    with pytest.raises(InputError, match=r"headings: shape \(7,\), wanted \(8\)"):
        Trajectory("odom", 0, good.times, good.positions, good.headings[1:], good.speeds, good.speeds, good.speeds)
    with pytest.raises(InputError, match="no waypoints"):
        Trajectory("odom", 0, np.empty(0), np.empty((0, 2)), *[np.empty(0)] * 4)


def test_arrays_are_copies_and_read_only() -> None:
    positions = np.zeros((8, 2))
    trajectory = Trajectory("odom", 0, TIMES, positions, *[np.zeros(8)] * 4)
    positions[0] = 5.0
    assert trajectory.positions[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        trajectory.positions[0] = 1.0


def test_a_plan_that_is_not_full_needs_a_reason() -> None:
    with pytest.raises(InputError, match="STOP needs a reason"):
        Plan(straight(), "test", PlanStatus.STOP)
    with pytest.raises(InputError, match="3 of 2 steps"):
        Plan(straight(), "test", steps_done=3, steps_planned=2)
    with pytest.raises(InputError, match="waypoint confidence"):
        Plan(straight(), "test", waypoint_confidence=np.ones(3))
