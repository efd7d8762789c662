from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wam_ros.core.errors import ConfigError, InputError
from wam_ros.decoding import MonotoneMap, expected_calibration_error
from wam_ros.decoding.monotone_map import _isotonic


def overconfident(samples: int, seed: int, power: float = 2.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Believes p where p**power happens."""
    generator = torch.Generator().manual_seed(seed)
    believed = torch.rand(samples, generator=generator, dtype=torch.float64)
    return believed, torch.rand(samples, generator=generator, dtype=torch.float64) < believed**power


def test_error_of_known_samples() -> None:
    believed = torch.tensor([0.05, 0.05, 0.95, 0.95])
    assert expected_calibration_error(believed, torch.tensor([False, False, True, True])) == pytest.approx(0.05)
    assert expected_calibration_error(believed, torch.tensor([True, True, False, False])) == pytest.approx(0.95)
    assert expected_calibration_error([1.0, 1.0], [True, False]) == pytest.approx(0.5)


@pytest.mark.parametrize("power", [0.4, 2.0, 4.0])
def test_a_fitted_map_improves_on_drives_it_has_not_seen(power: float) -> None:
    fitted = MonotoneMap.fit(*overconfident(4000, 0, power))
    believed, happened = overconfident(4000, 1, power)
    before = expected_calibration_error(believed, happened)
    after = expected_calibration_error(fitted(believed), happened)
    assert before > 0.1
    assert after < 0.03


def test_a_map_of_calibrated_beliefs_changes_little() -> None:
    fitted = MonotoneMap.fit(*overconfident(8000, 2, 1.0))
    at = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    assert (fitted(at) - at).abs().max() < 0.06


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(50, 400), st.floats(0.2, 5.0), st.integers(1, 100))
def test_a_fitted_map_never_falls(seed: int, samples: int, power: float, levels: int) -> None:
    believed, happened = overconfident(samples, seed, power)
    believed = (believed * levels).round() / levels  # many equal beliefs
    fitted = MonotoneMap.fit(believed, happened)
    values = fitted(torch.linspace(0, 1, 101))
    assert (values.diff() >= -1e-12).all()
    assert 0.0 <= values.min() <= values.max() <= 1.0


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_pooling_gives_the_nearest_rising_sequence(values: list[float]) -> None:
    pooled = torch.tensor(_isotonic(values, [1.0] * len(values)), dtype=torch.float64)
    given_ = torch.tensor(values, dtype=torch.float64)
    assert (pooled.diff() >= 0).all()
    # Optimality (KKT): residuals sum to zero, and no tail wants to be higher.
    residual = given_ - pooled
    assert residual.sum().abs() < 1e-9
    assert (residual.flip(0).cumsum(0) <= 1e-9).all()
    assert (residual * pooled).sum().abs() < 1e-9


def test_a_map_is_linear_between_knots_and_flat_beyond() -> None:
    fitted = MonotoneMap((0.2, 0.6), (0.1, 0.5))
    at = torch.tensor([[0.0, 0.2, 0.3], [0.4, 0.6, 1.0]])
    assert fitted(at).flatten().tolist() == pytest.approx([0.1, 0.1, 0.2, 0.3, 0.5, 0.5])
    for flat in (at, at[0, 0]):
        assert MonotoneMap((0.4,), (0.7,))(flat).tolist() == torch.full_like(flat, 0.7, dtype=torch.float64).tolist()


@pytest.mark.parametrize(
    ("believed", "happened", "text"),
    [
        ((0.1, 0.2), (0.1,), "2 knots and 1 values"),
        ((), (), "0 knots"),
        ((0.2, 0.2), (0.1, 0.2), "knots that do not rise"),
        ((0.1, 0.2), (0.3, 0.2), "values that fall"),
        ((0.1, 1.2), (0.3, 0.4), r"outside \[0, 1\]"),
        ((0.1, float("nan")), (0.3, 0.4), r"outside \[0, 1\]"),
    ],
)
def test_impossible_maps(believed: tuple[float, ...], happened: tuple[float, ...], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        MonotoneMap(believed, happened)


def test_what_cannot_be_fitted_or_read() -> None:
    with pytest.raises(InputError, match="from 49 samples, wanted at least 50"):
        MonotoneMap.fit([0.5] * 49, [True] * 49)
    with pytest.raises(InputError, match="outside"):
        MonotoneMap.fit([0.5] * 50 + [float("nan")], [True] * 51)
    with pytest.raises(InputError, match="50 beliefs and 51 outcomes"):
        MonotoneMap.fit([0.5] * 50, [True] * 51)
