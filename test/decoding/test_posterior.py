from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from test.decoding.denoisers import VALUES
from wam_ros.decoding import NumberPosterior, bins_from_metres, metres_from_bins
from wam_ros.decoding.layout import BINS, WAYPOINT_TIMES
from wam_ros.decoding.reach import ReachableBins


def gaussian(mean: float, sigma: float) -> torch.Tensor:
    return -0.5 * ((VALUES - mean) / sigma).square()


def phi(z: float) -> float:
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.001, 0.999), st.floats(0.1, 8.0))
def test_quantiles_equal_a_plain_cumulative_sum(seed: int, level: float, sharpness: float) -> None:
    logits = sharpness * torch.randn(3, BINS, generator=torch.Generator().manual_seed(seed))
    got = NumberPosterior(logits).quantile_bins(level)
    cumulative = logits.double().softmax(-1).cumsum(-1)
    at, below = cumulative.gather(-1, got[:, None]), cumulative.gather(-1, (got[:, None] - 1).clamp(min=0))
    assert (at >= level - 1e-5).all()
    assert ((below < level + 1e-5) | (got[:, None] == 0)).all()


def test_quantiles_at_the_ends_of_the_range() -> None:
    logits = torch.full((2, BINS), -math.inf)
    logits[0, 0] = logits[1, -1] = 0.0
    posterior = NumberPosterior(logits)
    for level in (1e-6, 0.5, 1.0 - 1e-6):
        assert posterior.quantile_bins(level).tolist() == [0, BINS - 1]
    assert posterior.argmax_bins().tolist() == [0, BINS - 1]
    assert posterior.bin_window_mass(posterior.median_bins(), 25).tolist() == pytest.approx([1.0, 1.0])


def test_levels_may_differ_by_entry() -> None:
    posterior = NumberPosterior(gaussian(3.0, 2.0).repeat(3, 1))
    levels = torch.tensor([0.16, 0.5, 0.84])
    metres = metres_from_bins(posterior.quantile_bins(levels))
    assert metres.tolist() == pytest.approx([1.01, 3.0, 4.99], abs=0.02)


def test_a_far_tail_moves_a_plain_mean_but_not_the_reachable_one() -> None:
    # A car at 8 m/s, 0.5 s ahead: 4 m. One part in a thousand of the mass lies at -90 m.
    density = gaussian(4.0, 0.3).softmax(-1)
    density = 0.999 * density + 0.001 * gaussian(-90.0, 0.3).softmax(-1)
    posterior = NumberPosterior(density.log()[None])
    plain = float((posterior.probabilities[0].double() * VALUES).sum())
    assert plain < 3.92
    medians = posterior.median_bins()
    for speed in (8.0, None):
        window = ReachableBins.of(speed).window(torch.tensor([0]), medians)
        assert metres_from_bins(posterior.mean_bins(*window)).item() == pytest.approx(4.0, abs=0.011)


def test_a_mean_exists_even_where_the_model_sees_nothing() -> None:
    posterior = NumberPosterior(gaussian(-90.0, 0.01)[None])
    window = ReachableBins.of(8.0).window(torch.tensor([0]), posterior.median_bins())
    bins = posterior.mean_bins(*window)
    assert window[0] <= bins <= window[1]


@pytest.mark.parametrize("speed", [-3.0, 0.0, 20.0, 40.0])
def test_reach_holds_every_motion_of_bounded_acceleration(speed: float) -> None:
    times = torch.tensor(WAYPOINT_TIMES, dtype=torch.float64)
    numbers = torch.arange(16)
    low, high = ReachableBins.of(speed).window(numbers, torch.zeros(16, dtype=torch.int64))
    for angle in torch.linspace(0, 2 * math.pi, 17).tolist():
        push = 0.5 * 9.8 * times.square()
        position = torch.stack([speed * times + push * math.cos(angle), push * math.sin(angle)], -1).flatten()
        bins = bins_from_metres(position)
        assert ((low <= bins) & (bins <= high)).all()
    assert (high - low)[0] < 500  # 2.25 m either way at 0.5 s


@settings(max_examples=30, deadline=None)
@given(st.floats(-20, 20), st.floats(0.2, 5.0), st.floats(-3, 3), st.floats(0.05, 1.5))
def test_window_mass_is_the_integral(mean: float, sigma: float, offset: float, radius: float) -> None:
    posterior = NumberPosterior(gaussian(mean, sigma)[None])
    centre = mean + offset
    got = posterior.window_mass(torch.tensor([centre], dtype=torch.float64), [radius]).item()
    want = phi((offset + radius) / sigma) - phi((offset - radius) / sigma)
    assert got == pytest.approx(want, abs=0.011 * 0.4 / sigma + 1e-5)  # one bin more or less at the edges


def test_window_edges_on_bins_count_as_inside() -> None:
    posterior = NumberPosterior(torch.zeros(1, BINS))
    for centre in (0.0, 0.29, -57.13, 99.0):
        mass = posterior.window_mass(torch.tensor([centre], dtype=torch.float64), [0.5]).item()
        assert mass * BINS == pytest.approx(101, abs=1e-2)
    assert posterior.window_mass(torch.tensor([100.0]), [0.5]).item() * BINS == pytest.approx(51, abs=1e-2)
    assert posterior.window_mass(torch.tensor([1e12]), [0.5]).item() == 0.0
    assert posterior.window_mass(torch.tensor([-1e12]), [0.5]).item() == 0.0


def test_window_mass_of_many_plans_equals_one_by_one() -> None:
    generator = torch.Generator().manual_seed(1)
    posterior = NumberPosterior(3 * torch.randn(16, BINS, generator=generator))
    centres = 30 * torch.randn(5, 16, generator=generator)
    radii = torch.linspace(0.5, 1.5, 16).tolist()
    together = posterior.window_mass(centres, radii)
    for row, one in zip(centres, together):
        assert torch.equal(posterior.window_mass(row, radii), one)
        for index in range(16):
            single = NumberPosterior(posterior.logits[index : index + 1]).window_mass(
                row[index : index + 1], [radii[index]]
            )
            assert single.item() == pytest.approx(one[index].item(), rel=1e-6)


def test_finite() -> None:
    logits = torch.zeros(4, BINS)
    assert NumberPosterior(logits).finite()
    logits[2, 77] = math.nan
    assert not NumberPosterior(logits).finite()
    logits[2, 77] = math.inf
    assert not NumberPosterior(logits).finite()
