from __future__ import annotations

import numpy as np
import pytest

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.layout import DT
from wam_ros.metrics.navsim.savitzky_golay import smooth

TIMES: Array = np.linspace(0.0, 40 * DT, 41)


@pytest.mark.parametrize(("window", "degree", "derivative"), [(15, 2, 1), (5, 2, 1), (5, 3, 2), (5, 2, 2), (41, 2, 1)])
def test_polynomials_of_its_degree_come_out_exactly(window: int, degree: int, derivative: int) -> None:
    polynomial = np.polynomial.Polynomial([0.3, -1.2, 0.7, 0.25][: degree + 1])
    values: Array = np.zeros((1, len(TIMES)))
    values[0] = polynomial(TIMES)
    smoothed = smooth(values, window, degree, derivative)[0]
    np.testing.assert_allclose(smoothed, polynomial.deriv(derivative)(TIMES), atol=1e-8)


def test_an_even_window_leads_by_half_a_sample_but_not_at_the_ends() -> None:
    smoothed = smooth(TIMES[None], 8, 2)[0]
    np.testing.assert_allclose(smoothed[4:-4], TIMES[4:-4] + DT / 2.0, atol=1e-8)
    np.testing.assert_allclose(smoothed[:4], TIMES[:4], atol=1e-8)
    np.testing.assert_allclose(smoothed[-4:], TIMES[-4:], atol=1e-8)


def test_each_sample_is_a_fit_over_its_window() -> None:
    values = np.random.default_rng(1).normal(size=41)
    smoothed = smooth(values[None], 15, 2, 1)[0]
    for i, (first, at) in {0: (0, 0), 6: (0, 6), 20: (13, 7), 37: (26, 11)}.items():
        fit = np.polynomial.Polynomial.fit(np.arange(15) * DT, values[first : first + 15], 2)
        assert smoothed[i] == pytest.approx(fit.deriv()(at * DT), abs=1e-7)


def test_a_window_is_cut_to_the_samples_and_the_result_is_rounded() -> None:
    values = np.random.default_rng(2).normal(size=(2, 6))
    np.testing.assert_array_equal(smooth(values, 8, 2), smooth(values, 6, 2))
    assert (smooth(values, 5, 2) == np.round(smooth(values, 5, 2), 8)).all()
