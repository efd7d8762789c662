from __future__ import annotations

import numpy as np
import pytest

from wam_ros.metrics.bootstrap import mean_interval

VALUES = np.random.default_rng(3).normal(50.0, 10.0, size=200).tolist()


def test_interval_is_that_of_the_central_limit() -> None:
    interval = mean_interval(VALUES)
    assert interval is not None
    half = 1.96 * float(np.std(VALUES)) / np.sqrt(len(VALUES))
    mean = float(np.mean(VALUES))
    assert interval == pytest.approx((mean - half, mean + half), abs=0.1 * half)


def test_the_seed_decides_and_less_certainty_is_narrower() -> None:
    assert mean_interval(VALUES, seed=1) == mean_interval(VALUES, seed=1) != mean_interval(VALUES, seed=2)
    wide, narrow = mean_interval(VALUES), mean_interval(VALUES, level=0.5)
    assert wide is not None
    assert narrow is not None
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_equal_values_leave_no_doubt_and_one_value_says_nothing() -> None:
    assert mean_interval([4.0, 4.0, 4.0]) == (4.0, 4.0)
    assert mean_interval([4.0]) is None
    assert mean_interval([]) is None
