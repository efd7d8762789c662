"""Eq. 2: against a sum over all numbers, and its parts one by one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from test.training.training_parts import made_batch, tiny_training
from wam_ros.core.errors import ConfigError
from wam_ros.models.numbers import NumberBasis
from wam_ros.training.copies import draw_copies
from wam_ros.training.masked_loss import heading_loss, number_nats
from wam_ros.training.planner_stage import PlannerLosses, clean_answers
from wam_ros.training.stages import build_stage

BINS = torch.arange(20_001, dtype=torch.float64) / 100.0 - 100.0


def basis_and_rows() -> tuple[NumberBasis, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return NumberBasis(16), torch.randn(6, 16), torch.tensor([0.0, -3.37, 12.5, 41.01, 80.0, -60.25])


def test_hard_targets_are_plain_cross_entropy() -> None:
    basis, rows, values = basis_and_rows()
    bins = ((values + 100.0) * 100.0).round().long()
    wanted = functional.cross_entropy(basis.logits(rows), bins, reduction="none")
    assert torch.allclose(number_nats(basis, rows, values, sigma=0.0), wanted, atol=1e-3)


@pytest.mark.parametrize("sigma", [0.1, 0.4])
def test_soft_targets_are_the_cross_entropy_against_a_table_of_the_gaussian(sigma: float) -> None:
    basis, rows, values = basis_and_rows()
    table = (-0.5 * ((BINS - values[:, None]) / sigma) ** 2).softmax(-1)
    wanted = -(table * basis.logits(rows).double().log_softmax(-1)).sum(-1)
    assert torch.allclose(number_nats(basis, rows, values, sigma).double(), wanted, atol=2e-3)


def test_learning_by_a_coarse_normaliser_ends_at_the_gaussian() -> None:
    """What every fifth number taught is measured by all numbers, against the entropy of the target itself."""
    basis, _, values = basis_and_rows()
    rows = torch.eye(6, 16)
    optimiser = torch.optim.Adam(basis.outward.parameters(), lr=0.1)
    for step in range(300):
        optimiser.zero_grad()
        number_nats(basis, rows, values, 0.1, stride=5, first=step % 5).mean().backward()
        optimiser.step()
    entropy = 0.5 * math.log(2.0 * math.pi * math.e * (0.1 / 0.01) ** 2)
    with torch.no_grad():
        assert number_nats(basis, rows, values, 0.1).tolist() == pytest.approx([entropy] * 6, abs=0.1)


def test_a_normaliser_that_a_density_could_hide_in_is_refused() -> None:
    basis, rows, values = basis_and_rows()
    for sigma, stride in ((0.0, 2), (0.1, 6)):
        with pytest.raises(ConfigError, match="normaliser"):
            number_nats(basis, rows, values, sigma, stride)


def test_copies_one_hides_all_and_the_others_are_stratified() -> None:
    copies = draw_copies(200, 5, 16, torch.Generator().manual_seed(0))
    assert bool(copies.hidden[:, 0].all())
    others = copies.rates[:, 1:]
    assert bool((others.diff(dim=1) > 0.24).all())
    # Uniform over (0, 1), and hidden at that rate.
    assert float(others.mean()) == pytest.approx(0.5, abs=0.03)
    assert float((copies.hidden[:, 1:].float().mean(-1) - others).mean()) == pytest.approx(0.0, abs=0.01)
    # Whatever the rates, the expected weight of a sample is one.
    assert float(copies.weights().sum()) == pytest.approx(1.0, abs=0.05)


def test_the_stage_s_loss_is_eq_2_as_it_is_written(tmp_path: Path) -> None:
    config = tiny_training(compute_dtype="float32", sigma=0.1, stride=1)
    batch = made_batch(tmp_path, config)
    losses = build_stage(config)
    assert isinstance(losses, PlannerLosses)
    told = losses(batch, torch.Generator().manual_seed(3))
    copies = draw_copies(len(batch), config.copies, 16, torch.Generator().manual_seed(3))
    model, truth = losses.rows.model, batch.plan[..., :2].flatten(1)
    answers = clean_answers(truth, losses._tokenizer)
    total = 0.0
    for sample in range(len(batch)):
        for copy in range(config.copies):
            hidden = copies.hidden[sample, copy]
            masked = answers[sample].clone()
            masked[0::2][hidden] = losses._tokenizer.mask_id
            visual = model.see(batch.images[sample : sample + 1])
            rows = model(batch.prompts[sample : sample + 1], visual, masked[None, None])[0, 0, 0::2]
            logs = model.number_logits(rows).double().log_softmax(-1)
            table = (-0.5 * ((BINS - truth[sample, :, None]) / config.sigma) ** 2).softmax(-1)
            nats = -(table * logs.detach()).sum(-1)
            total += float(nats[hidden].sum() / copies.rates[sample, copy] / 16)
    assert float(told["masked"].detach()) == pytest.approx(total / (len(batch) * config.copies), rel=1e-4)


def test_headings_that_nobody_drives_do_not_count() -> None:
    moving = torch.tensor([[True, False]])
    assert float(heading_loss(torch.tensor([[0.5, 2.0]]), torch.tensor([[0.5, 0.0]]), moving)) == pytest.approx(0.0)
    assert float(heading_loss(torch.zeros(1, 2), torch.zeros(1, 2), ~moving & moving)) == 0.0
