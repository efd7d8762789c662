from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.bags.ground_truth import GroundTruth
from wam_ros.core import SE2, EgoState, InputError

START = 1_700_000_000_123_456_789  # an epoch stamp: it does not fit a float64 to the nanosecond
TENTH = 100_000_000


def _drive(count: int = 41, speed: float = 10.0) -> list[EgoState]:
    return [EgoState(START + k * TENTH, "odom", SE2(0.1 * speed * k, 1.0, 0.0), speed) for k in range(count)]


@settings(derandomize=True, max_examples=60)
@given(st.integers(0, 40), st.lists(st.floats(-1.0, 6.0), max_size=8))
def test_straight_drive_is_given_back_where_it_is_known_and_only_there(index, times):
    truth = GroundTruth.from_states(_drive())
    at = truth.at(START + index * TENTH, times)
    wanted = 0.1 * index + np.array(times)
    inside = (wanted > -1e-9) & (wanted < 4.0 + 1e-9)
    sure = np.minimum(np.abs(wanted), np.abs(wanted - 4.0)) > 1e-8
    np.testing.assert_array_equal(at.valid[sure], inside[sure])
    np.testing.assert_allclose(at.positions[at.valid, 0], 10.0 * wanted[at.valid], atol=1e-6)
    assert np.isnan(at.positions[~at.valid]).all()
    assert np.isnan(at.headings[~at.valid]).all()


def test_the_very_last_sample_still_has_truth():
    at = GroundTruth.from_states(_drive()).at(START, [3.9, 4.0, 4.000000001])
    assert at.valid.tolist() == [True, True, False]
    assert at.positions[1, 0] == 40.0


def test_headings_take_the_short_way():
    turn = [EgoState(START + k * TENTH, "odom", SE2(0.0, 0.0, yaw), 0.0) for k, yaw in enumerate([3.1, -3.1])]
    at = GroundTruth.from_states(turn).at(START, [0.05])
    assert abs(at.headings[0]) == pytest.approx(math.pi, abs=1e-9)


def test_gaps_and_other_drives_have_no_truth():
    states = _drive(5) + [EgoState(START + k * TENTH, "odom", SE2(0.0, 0.0, 0.0), 1.0) for k in (20, 21)]
    at = GroundTruth.from_states(states).at(START, [0.4, 1.0, 2.0])
    assert at.valid.tolist() == [True, False, True]
    at = GroundTruth.from_states(states, [0] * 5 + [1] * 2).at(START, [0.4, 1.0, 2.0])
    assert at.valid.tolist() == [True, False, False]


def test_no_samples_know_nothing():
    at = GroundTruth.from_states([]).at(START, [0.5, 1.0])
    assert at.valid.tolist() == [False, False]


def test_stamps_must_increase():
    with pytest.raises(InputError, match="do not increase"):
        GroundTruth.from_states(list(reversed(_drive(3))))
