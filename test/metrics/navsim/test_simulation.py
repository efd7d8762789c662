from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from test.metrics.navsim.scenes import SPEED, path, scene
from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim import StartState
from wam_ros.metrics.navsim.layout import AX, DT, HEADING, STEERING, STEERING_RATE, STEPS, VX, YAW_RATE, X, Y
from wam_ros.metrics.navsim.profiles import acceleration_penalty, curvature_profile, speed_profile
from wam_ros.metrics.navsim.reference_poses import reference_poses
from wam_ros.metrics.navsim.simulation import simulate

START = StartState(0.0, 0.0, 0.0, SPEED)
STEP_SPEEDS = np.repeat([8.0, 6.0, 6.5, 3.0, 0.0, 0.0, 2.0, 5.0], 5)


def speeds_by_least_squares(forward: Array, penalty: Array) -> Array:
    """The textbook way: one dense regularised least-squares problem."""
    profile = np.column_stack([np.ones(STEPS), np.tri(STEPS, STEPS - 1, -1) * DT])
    rows = np.vstack([profile * DT, 1e-2 * np.column_stack([np.zeros(len(penalty)), penalty])])
    unknowns, *_ = np.linalg.lstsq(rows, np.append(forward, np.zeros(len(penalty))), rcond=None)
    speeds: Array = profile @ unknowns
    return speeds


def test_the_penalty_is_a_ridge_on_the_acceleration_with_one_difference_at_its_end() -> None:
    accelerations = np.arange(1.0, STEPS)
    penalised = acceleration_penalty() @ accelerations
    np.testing.assert_array_equal(penalised[:-1], -accelerations[: STEPS - 3])
    assert penalised[-1] == accelerations[-1] - accelerations[-2]


def test_the_speed_profile_minimises_with_that_ridge_and_not_with_the_documented_jerk() -> None:
    forward = STEP_SPEEDS * DT
    fitted = speed_profile(forward[None])[0]
    np.testing.assert_allclose(fitted, speeds_by_least_squares(forward, acceleration_penalty()), atol=1e-10)
    jerk = np.diff(np.eye(STEPS - 1), axis=0)
    assert np.abs(fitted - speeds_by_least_squares(forward, jerk)).max() > 0.05


@settings(max_examples=30, deadline=None)
@given(
    turns=arrays(np.float64, STEPS, elements=st.floats(-0.2, 0.2)),
    speeds=arrays(np.float64, STEPS, elements=st.floats(0.0, 20.0)),
)
def test_the_curvature_profile_is_the_dense_least_squares_solution(turns: Array, speeds: Array) -> None:
    speeds = speeds + 0.5  # the dense problem loses its digits at standstill
    rates = 0.1 / DT * np.diff(np.eye(STEPS), axis=0)
    first = 1e-5 * np.eye(STEPS)[:1]
    rows = np.vstack([np.diag(speeds * DT), rates, first])
    dense, *_ = np.linalg.lstsq(rows, np.append(turns, np.zeros(STEPS)), rcond=None)
    np.testing.assert_allclose(curvature_profile(turns[None], speeds[None])[0], dense, atol=1e-9)


def test_a_standing_vehicle_has_no_curvature() -> None:
    assert not curvature_profile(np.full((1, STEPS), 0.3), np.zeros((1, STEPS))).any()


def test_straight_on_at_constant_speed_is_driven_exactly() -> None:
    states = simulate(path()[None], 0.5, START)[0]
    np.testing.assert_allclose(states[:, X], SPEED * DT * np.arange(41), atol=1e-9)
    np.testing.assert_allclose(states[:, VX], SPEED, atol=1e-9)
    assert not states[:, [Y, HEADING, STEERING]].any()


def test_a_lane_change_overshoots_in_simulation() -> None:
    # The fact that makes scoring the raw poses wrong: 3.5 m within 3 s at 8 m/s goes beyond 3.5 m.
    states = simulate(path(side=3.5, within=3.0)[None], 0.5, START)[0]
    assert 3.6 < states[:, Y].max() < 4.6


def test_both_samplings_of_the_same_polyline_are_driven_alike() -> None:
    coarse = path(side=2.0)
    fine = reference_poses(coarse[None], 0.5, START)[0, 1:]
    np.testing.assert_allclose(simulate(fine[None], 0.1, START), simulate(coarse[None], 0.5, START), atol=1e-9)


def test_a_short_proposal_stays_at_its_last_pose() -> None:
    short = path()[:4]
    held = np.concatenate([short, np.repeat(short[-1:], 4, axis=0)])
    np.testing.assert_allclose(simulate(short[None], 0.5, START), simulate(held[None], 0.5, START), atol=1e-12)


def test_the_start_is_in_the_first_state_and_its_rates_are_zero() -> None:
    start = StartState(1.0, 2.0, 0.5, 3.0, ax=0.4, ay=-0.3, steering=0.1)
    first = simulate(path()[None], 0.5, start)[0, 0]
    assert first.tolist() == [1.0, 2.0, 0.5, 3.0, 0.0, 0.4, -0.3, 0.1, 0.0, 0.0, 0.0]


def test_the_first_step_moves_with_old_speed_and_steering() -> None:
    start = StartState(0.0, 0.0, 0.0, 4.0, steering=0.2)
    states = simulate(path(speed=6.0)[None], 0.5, start)[0]
    assert states[1, X] == pytest.approx(4.0 * DT)
    assert states[1, HEADING] == pytest.approx(4.0 * math.tan(0.2) / 3.089 * DT)
    assert states[1, VX] == pytest.approx(4.0 + states[1, AX] * DT)
    assert states[1, YAW_RATE] == pytest.approx(states[1, VX] * math.tan(states[1, STEERING]) / 3.089)


def test_near_standstill_the_stop_controller_does_not_steer() -> None:
    turned = np.zeros((8, 3))
    turned[:, 1], turned[:, 2] = 0.02, 0.3
    slow = simulate(turned[None], 0.5, StartState(0.0, 0.0, 0.0, 0.1))[0]
    assert not slow[:, STEERING_RATE].any()
    # a_cmd = -0.5 (v - v_ref) through the lag of 0.2 s; the reference stands but for its first sideways step.
    reference = speed_profile(np.zeros((1, STEPS)))[0, 10]
    assert slow[1, AX] == pytest.approx(-0.5 * (0.1 - reference) / 3.0, abs=1e-3)
    faster = simulate(turned[None], 0.5, StartState(0.0, 0.0, 0.0, 0.5))[0]
    assert faster[1, STEERING_RATE] != 0.0


def test_the_steering_angle_ends_at_sixty_degrees() -> None:
    times = np.linspace(0.5, 4.0, 8)
    sharp = np.stack([0.2 * times, 1.25 * times, np.full(8, 2.5)], axis=-1)
    states = simulate(sharp[None], 0.5, StartState(0.0, 0.0, 0.0, 2.0))[0]
    assert np.abs(states[:, STEERING]).max() <= math.pi / 3.0
    clipped = np.abs(states[1:, STEERING]) == math.pi / 3.0
    assert clipped.any()
    # The reported rate is the one before the limit.
    assert (np.abs(states[1:, STEERING_RATE][clipped]) * DT > np.abs(np.diff(states[:, STEERING]))[clipped]).any()


def test_headings_across_pi_are_no_turn() -> None:
    start = StartState(0.0, 0.0, math.pi - 0.01, SPEED)
    states = simulate(path(side=1.0)[None], 0.5, start)[0]
    plain = simulate(path(side=1.0)[None], 0.5, START)[0]
    np.testing.assert_allclose(states[:, VX], plain[:, VX], atol=1e-9)
    np.testing.assert_allclose(states[:, STEERING], plain[:, STEERING], atol=1e-9)


def test_a_batch_equals_a_loop_of_singles() -> None:
    proposals = scene(path(), path(4.0, 3.0), path(12.0, -2.0), path(0.0)).proposals
    batch = simulate(proposals, 0.5, dataclasses.replace(START, ax=0.5))
    for i, proposal in enumerate(proposals):
        single = simulate(proposal[None], 0.5, dataclasses.replace(START, ax=0.5))[0]
        np.testing.assert_allclose(batch[i], single, atol=1e-12)
