from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from test.metrics.navsim.scenes import SPEED, path
from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim import StartState
from wam_ros.metrics.navsim.comfort import comfort, extended_comfort, history_comfort, past_states
from wam_ros.metrics.navsim.layout import AX, AY, DT, HEADING, STATE_SIZE, VX, YAW_ACCELERATION, YAW_RATE, X
from wam_ros.metrics.navsim.simulation import simulate

CALM = np.zeros((1, 41, STATE_SIZE))
NO_PAST = np.zeros((0, STATE_SIZE))


def with_column(column: int, values: ArrayLike) -> Array:
    states = CALM.copy()
    states[0, :, column] = values
    return states


def past(**columns: float) -> Array:
    """A history of 1.5 s at the own speed; ax, ay and more by name."""
    rows = np.zeros((4, 7))
    rows[:, 0] = [-1.5, -1.0, -0.5, 0.0]
    rows[:, 1], rows[:, 4] = SPEED * rows[:, 0], SPEED
    for name, value in columns.items():
        rows[:, {"heading": 3, "ax": 5, "ay": 6}[name]] = value
    return past_states(rows)


@pytest.mark.parametrize(
    ("column", "within", "beyond"),
    [(AX, 2.39, 2.40), (AX, -4.04, -4.05), (AY, 4.88, 4.89), (AY, -4.88, -4.89)],
)
def test_bounds_of_a_constant_acceleration_are_exclusive(column: int, within: float, beyond: float) -> None:
    for value, score in ((within, 1.0), (beyond, 0.0)):
        states = with_column(column, value)
        assert comfort(states)[0] == score
        steady = np.repeat(states[:, :1], 14, axis=1)[0]
        assert history_comfort(states, steady)[0] == score


def test_jerk_yaw_rate_and_yaw_acceleration_have_bounds() -> None:
    times = np.arange(41) * DT
    assert comfort(with_column(AX, 1.0 * (times - 2.0)))[0] == 1.0  # 1 m/s^3 within +-2 m/s^2
    # 8 m/s^3 for 0.4 s: a window of 15 samples sees 3.1 m/s^3 of it, one of 8 would see 5.5.
    assert history_comfort(with_column(AX, np.clip(8.0 * (times - 2.0), -1.6, 1.6)), NO_PAST)[0] == 1.0
    assert history_comfort(with_column(AX, np.clip(8.0 * (times - 2.0), -3.9, 2.3)), NO_PAST)[0] == 0.0
    # Only the magnitude of the acceleration changes too fast here: 4.8 m/s^2 to the side fade within 0.3 s.
    assert history_comfort(with_column(AY, np.clip(4.8 - 16.0 * times, 0.0, 4.8)), NO_PAST)[0] == 0.0
    assert history_comfort(with_column(AY, np.clip(4.8 - 3.0 * times, 0.0, 4.8)), NO_PAST)[0] == 1.0
    assert comfort(with_column(HEADING, 0.94 * times))[0] == 1.0
    assert comfort(with_column(HEADING, 0.96 * times))[0] == 0.0
    assert comfort(with_column(HEADING, 0.5 * 1.9 * (times - 0.4) ** 2 * (times < 0.8)))[0] == 0.0
    assert comfort(with_column(HEADING, 0.2 * 0.5 * times**2))[0] == 1.0
    # A cubic over the last 0.9 s ends with 1.95 rad/s^2; the fit is cubic and sees it, a quadratic would not.
    cubic = 0.361 * np.maximum(times - 3.1, 0.0) ** 3
    assert comfort(with_column(HEADING, cubic))[0] == 0.0
    assert comfort(with_column(HEADING, 0.95 * cubic))[0] == 1.0


def test_headings_may_wrap() -> None:
    turning = 0.5 * np.arange(41) * DT + 3.0
    wrapped = (turning + np.pi) % (2.0 * np.pi) - np.pi
    assert np.abs(np.diff(wrapped)).max() > 6.0
    assert comfort(with_column(HEADING, wrapped))[0] == 1.0


def test_v2_takes_the_longitudinal_acceleration_at_the_centre() -> None:
    states = with_column(AX, 2.0)
    states[0, :, YAW_RATE] = 0.5  # adds 1.461 * 0.25 = 0.37 m/s^2
    steady = np.repeat(states[:, :1], 14, axis=1)[0]
    assert comfort(states)[0] == 1.0
    assert history_comfort(states, steady)[0] == 1.0
    states[0, :, YAW_ACCELERATION] = 0.1  # and 0.15 more
    assert history_comfort(states, np.repeat(states[:, :1], 14, axis=1)[0])[0] == 0.0


def test_history_counts_and_is_the_only_source_of_lateral_acceleration() -> None:
    driven = simulate(path(side=1.0)[None], 0.5, StartState(0.0, 0.0, 0.0, SPEED))
    assert not driven[..., AY].any()
    assert history_comfort(driven, past())[0] == 1.0
    assert history_comfort(driven, past(ay=6.0))[0] == 0.0
    assert history_comfort(driven, past(ax=-6.0))[0] == 0.0
    assert comfort(driven)[0] == 1.0


def test_no_history_is_always_comfortable() -> None:
    assert history_comfort(with_column(AX, 9.0), None)[0] == 1.0


def test_history_has_fourteen_samples_and_ends_two_steps_before_now() -> None:
    rows = np.zeros((4, 7))
    rows[:, 0] = [-1.5, -1.0, -0.5, 0.0]
    rows[:, 1] = rows[:, 0] * 2.0
    rows[:, 3] = [3.0, 3.1, -3.1, -3.0]
    states = past_states(rows)
    assert states.shape == (14, STATE_SIZE)
    np.testing.assert_allclose(states[:, X], 2.0 * np.arange(-1.5, -0.15, 0.1), atol=1e-12)
    assert np.abs(np.diff(states[:, HEADING])).max() < 0.05
    assert not states[:, [YAW_RATE, YAW_ACCELERATION]].any()
    assert not states[:, VX].any()


def test_extended_comfort_compares_the_same_moments() -> None:
    states = CALM.copy()
    states[0, :, AX] = np.sin(np.arange(41) * DT)
    later = np.zeros_like(states)
    later[0, :, AX] = np.sin((np.arange(41) + 5) * DT)
    assert extended_comfort(later, states, 5)[0] == 1.0
    assert extended_comfort(with_column(AX, 0.7), CALM, 5)[0] == 1.0
    assert extended_comfort(with_column(AX, 0.71), CALM, 5)[0] == 0.0
    assert extended_comfort(with_column(HEADING, 0.11 * np.arange(41) * DT), CALM, 5)[0] == 0.0
    assert extended_comfort(with_column(HEADING, 0.09 * np.arange(41) * DT), CALM, 5)[0] == 1.0
    assert extended_comfort(with_column(HEADING, 0.5 * 0.12 * (np.arange(41) * DT - 2.0) ** 2), CALM, 5)[0] == 0.0
    swaying = np.sin(4.0 * np.arange(41) * DT)
    assert extended_comfort(with_column(HEADING, 0.018 * swaying), CALM, 5)[0] == 0.0  # 0.05 rad/s, 0.2 rad/s^2
    assert extended_comfort(with_column(HEADING, 0.006 * swaying), CALM, 5)[0] == 1.0
    assert extended_comfort(with_column(AX, 0.4 + 0.3 * np.sin(3.0 * np.arange(41) * DT)), CALM, 5)[0] == 0.0
