from __future__ import annotations

import math

import pytest
import torch

from wam_ros.decoding.denoiser import guided
from wam_ros.decoding.posterior import NumberPosterior


def beliefs() -> torch.Tensor:
    """(2, 20001): a peak with the prompt and a broad one without; far away both have next to nothing, and differ."""
    bins = torch.arange(20001.0)
    conditional = -0.5 * ((bins - 12_000.0) / 100.0) ** 2
    unconditional = -0.5 * ((bins - 11_000.0) / 1_000.0) ** 2
    conditional = conditional.clamp(min=-14.0)
    return torch.stack([conditional, unconditional.clamp(min=-18.0)])


def test_without_a_scale_logits_are_given_back() -> None:
    logits = beliefs()
    assert guided(logits, 0.0, 1e-3) is logits


@pytest.mark.parametrize("scale", [0.5, 1.0, 7.0])
def test_what_is_plausible_is_guided_by_the_formula_and_the_rest_is_out(scale: float) -> None:
    logits = beliefs()
    conditional, unconditional = logits
    found = guided(logits, scale, 1e-3)[0]
    plausible = conditional >= conditional.max() + math.log(1e-3)
    assert 0 < plausible.sum() < len(plausible)
    assert torch.equal(found[plausible], (unconditional + (scale + 1.0) * (conditional - unconditional))[plausible])
    assert found.softmax(-1)[~plausible].sum() == 0.0
    assert torch.equal(guided(logits, scale)[0], unconditional + (scale + 1.0) * (conditional - unconditional))


def test_the_floor_keeps_far_tails_from_winning() -> None:
    """The bug that it is for: medians jumped by metres, since the tails of 20,001 numbers add up."""
    plain, held = (NumberPosterior(guided(beliefs(), 7.0, floor)) for floor in (0.0, 1e-3))
    assert abs(int(plain.median_bins()[0]) - 12_000) > 1_000
    assert abs(int(held.median_bins()[0]) - 12_000) < 100


def test_a_slice_with_nothing_plausible_is_even_and_finite() -> None:
    logits = torch.tensor([[0.0, 0.0, 20.0], [0.0, 1.0, 0.0]])
    numbers = guided(logits, 3.0, 1e-3)[0, :2]
    assert torch.equal(numbers.softmax(-1), torch.tensor([0.5, 0.5]))
