from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.planning import PlanMonitor
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.sharp_bends import MOST, TIGHTEST, without_sharp_bends

TIMES = 0.5 * np.arange(1, 9)
# A plan that brakes for a red light from 6.4 m/s; the last waypoints lie up to 0.12 m aside.
BRAKING = [(2.9, 0.0), (5.2, 0.01), (6.9, 0.02), (8.0, 0.02), (8.6, 0.04), (8.9, 0.16), (9.1, 0.02), (9.15, 0.1)]
walks = arrays(np.float64, (8, 2), elements=st.floats(-1.0, 4.0)).map(lambda steps: steps.cumsum(axis=0))


def refused(waypoints: np.ndarray) -> list[str]:
    ego = EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 6.4, acceleration=-1.5)
    plan = Plan(Trajectory.from_waypoints(ego, TIMES, waypoints), "test")
    return [one.check for one in PlanMonitor(load_vehicle("passenger_car")).check(plan, Observation(0, ego))]


def test_a_stop_that_wobbles_is_still_a_stop() -> None:
    assert "curvature" in refused(np.array(BRAKING))
    made = without_sharp_bends(np.array(BRAKING))
    assert refused(made) == []
    assert np.abs(made - BRAKING).max() < 0.2
    assert np.array_equal(made[:4], BRAKING[:4])


def test_what_can_be_steered_is_left_as_it_is() -> None:
    angles = np.linspace(0.2, 2.8, 8)
    bend = np.column_stack([5.0 * np.sin(angles), 5.0 - 5.0 * np.cos(angles)])
    for plan in (bend, bend * (1.0, -1.0), np.column_stack([5.0 * TIMES, 0.2 * np.sin(TIMES)]), np.zeros((8, 2))):
        assert np.array_equal(without_sharp_bends(plan), plan)


def test_a_large_disagreement_is_left_for_the_monitor() -> None:
    plan = np.array(BRAKING) + np.outer(np.arange(8) == 6, (0.0, 1.5))
    assert np.array_equal(without_sharp_bends(plan), plan)


def test_backwards_is_forwards_turned_round() -> None:
    plan = -np.array(BRAKING)
    assert np.array_equal(without_sharp_bends(plan, reverse=True), -without_sharp_bends(-plan))


@given(walks)
def test_no_bend_is_sharper_and_twice_is_once(plan: np.ndarray) -> None:
    made = without_sharp_bends(plan)
    assert made.shape == plan.shape
    assert np.hypot(*(made - plan).T).max() <= MOST + 1e-9
    if not np.array_equal(made, plan):
        steps = np.diff(np.concatenate([[[0.0, 0.0]], made]), axis=0)
        steps = steps[np.hypot(*steps.T) > 1e-6]
        lengths, bearings = np.hypot(*steps.T), np.arctan2(steps[:, 1], steps[:, 0])
        turns = np.abs(np.remainder(np.diff(bearings, prepend=0.0) + np.pi, 2.0 * np.pi) - np.pi)
        spans = 0.5 * (lengths + np.concatenate([[0.0], lengths[:-1]]))
        assert (turns <= 1.02 * TIGHTEST * spans + 1e-6).all()
    np.testing.assert_allclose(without_sharp_bends(made), made, atol=0.02)
