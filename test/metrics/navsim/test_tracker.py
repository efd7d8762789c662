from __future__ import annotations

import numpy as np
import pytest

from test.metrics.navsim.scenes import SPEED, path
from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim import StartState
from wam_ros.metrics.navsim.layout import AX, DT, HEADING, STATE_SIZE, STEERING, STEERING_RATE, VX, WHEELBASE, X, Y
from wam_ros.metrics.navsim.profiles import curvature_profile, speed_profile
from wam_ros.metrics.navsim.reference_poses import displacements, reference_poses
from wam_ros.metrics.navsim.simulation import simulate
from wam_ros.metrics.navsim.tracker import Tracker

START = StartState(0.0, 0.0, 0.0, SPEED)
POSES = reference_poses(np.array([path(side=2.0), path(5.0, side=-1.0)]), 0.5, START)


def steering_rate_by_matrices(step: int, state: Array, poses: Array, acceleration: float) -> float:
    """The lateral problem with its matrices written out, for one vehicle."""
    forward, turns = displacements(poses[None])
    curvatures = curvature_profile(turns, speed_profile(forward))[0]
    x, y, heading = poses[step]
    dx, dy = state[X] - x, state[Y] - y
    error = np.array([dy * np.cos(heading) - dx * np.sin(heading), state[HEADING] - heading, state[STEERING]])
    effect = np.zeros(3)
    for m in range(10):
        speed = state[VX] + m * DT * acceleration
        advance = np.eye(3)
        advance[0, 1], advance[1, 2] = speed * DT, speed * DT / WHEELBASE
        error = advance @ error + [0.0, -speed * curvatures[min(step + m, 39)] * DT, 0.0]
        effect = advance @ effect + [0.0, 0.0, DT]
    weights = np.diag([1.0, 10.0, 0.0])
    return float(-(effect @ weights @ error) / (effect @ weights @ effect + 1.0))


@pytest.mark.parametrize("step", [0, 17, 30, 35, 39])
def test_the_command_is_that_of_the_matrices(step: int) -> None:
    rng = np.random.default_rng(step)
    states = np.zeros((2, STATE_SIZE))
    states[:, [X, Y, HEADING]] = POSES[:, step] + rng.normal(scale=0.3, size=(2, 3))
    states[:, VX], states[:, STEERING] = [7.0, 4.0], [0.05, -0.1]
    acceleration, rate = Tracker(POSES).command(step, states)
    wanted = speed_profile(displacements(POSES)[0])[:, min(step + 10, 39)]
    np.testing.assert_allclose(acceleration, -10.0 / 11.0 * (states[:, VX] - wanted), atol=1e-12)
    for i in range(2):
        assert rate[i] == pytest.approx(
            steering_rate_by_matrices(step, states[i], POSES[i], acceleration[i]), abs=1e-10
        )


def test_acceleration_and_steering_follow_the_command_with_their_lags() -> None:
    proposal = path(6.0, side=2.0)[None]
    states = simulate(proposal, 0.5, START)
    tracker = Tracker(reference_poses(proposal, 0.5, START))
    for step in (0, 10, 39):
        acceleration, rate = tracker.command(step, states[:, step])
        before, after = states[0, step], states[0, step + 1]
        assert after[AX] == pytest.approx(before[AX] + (acceleration[0] - before[AX]) / 3.0)
        assert after[STEERING] == pytest.approx(before[STEERING] + 2.0 / 3.0 * DT * rate[0])
        assert after[STEERING_RATE] == pytest.approx(2.0 / 3.0 * rate[0])
