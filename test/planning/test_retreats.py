from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wam_ros.planning.retreats import MOST, without_retreats

SEEN = [(0.09, 0.0), (0.52, 0.0), (1.42, 0.0), (2.75, 0.0), (4.36, 0.0), (5.57, 0.0), (5.84, -0.01), (5.59, -0.01)]
walks = arrays(np.float64, (8, 2), elements=st.floats(-1.0, 4.0)).map(lambda steps: steps.cumsum(axis=0))


def test_a_step_back_before_a_stop_becomes_a_stop() -> None:
    """A plan of two steps that was refused for its curvature for as long as the vehicle stood."""
    made = without_retreats(np.array(SEEN))
    assert np.array_equal(made[:6], np.array(SEEN)[:6])
    assert np.allclose(made[6:], [[5.715, -0.01]] * 2)


def test_what_lies_behind_a_standing_vehicle_becomes_its_place() -> None:
    made = without_retreats(np.array([[-0.02, 0.01], [0.01, 0.0], [0.5, 0.0], [1.2, 0.0]]))
    assert np.array_equal(made, [[0.0, 0.0], [0.01, 0.0], [0.5, 0.0], [1.2, 0.0]])
    standing = without_retreats(np.array([[0.01, 0.0], [-0.01, 0.0], [0.0, 0.0], [-0.02, 0.0]]))
    assert np.array_equal(standing, np.zeros((4, 2)))


def test_driving_backwards_is_no_retreat() -> None:
    back = np.array([[-0.5, 0.0], [-1.0, 0.1], [-1.6, 0.2]])
    assert np.array_equal(without_retreats(back, reverse=True), back)


def test_a_large_step_back_is_left_for_the_monitor() -> None:
    plan = np.array([[2.0, 0.0], [4.0, 0.0], [3.0, 0.0], [6.0, 0.0]])
    assert np.array_equal(without_retreats(plan), plan)


def test_bends_are_left_as_they_are() -> None:
    angles = np.linspace(0.2, 2.8, 8)
    bend = np.column_stack([6.0 * np.sin(angles), 6.0 - 6.0 * np.cos(angles)])
    assert np.array_equal(without_retreats(bend), bend)


def test_rounding_is_no_step() -> None:
    """Steps of 1e-38 m had a direction, and so had the rounding of a mean of equal waypoints: twice was not once."""
    least = 1.17549435e-38
    steps = np.array([[0.860080333, least], *[[least, least]] * 2, [least, -0.5], *[[least, least]] * 4])
    made = without_retreats(steps.cumsum(axis=0))
    assert np.allclose(made, steps.cumsum(axis=0))
    assert np.allclose(without_retreats(made), made)


@given(walks)
def test_no_small_step_back_is_left_and_twice_is_once(plan: np.ndarray) -> None:
    made = without_retreats(plan)
    assert made.shape == plan.shape
    assert np.abs(made - plan).max() <= 8.0 * MOST
    path = np.concatenate([[[0.0, 0.0]], made])
    steps = np.diff(path, axis=0)
    steps = steps[np.hypot(*steps.T) > 0.0]
    before = np.concatenate([[[1.0, 0.0]], steps[:-1]]) if len(steps) else steps
    back = (steps * before).sum(axis=1) < -1e-12
    assert not (back & (np.hypot(*steps.T) <= MOST)).any()
    assert np.allclose(without_retreats(made), made)
