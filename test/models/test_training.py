"""Eq. 2 of the paper on a tiny batch: gradients reach what they should, and one step lowers the loss."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from test.models.parts import TOKENIZER, make_answers, make_model, make_prompt, tiny_config
from wam_ros.models import WamDiff

COPIES = 4


def batch(model: WamDiff) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, 72, 128, 3), generator=generator, dtype=torch.uint8)
    prompts = torch.stack([make_prompt(model.config)] * 2)
    return images, prompts, make_answers(2, masked=0.0)


def eq2_loss(model: WamDiff, images: Tensor, prompts: Tensor, answers: Tensor) -> Tensor:
    """Mean over copies of (1 / r) sum over masked positions of -log p, by the answer's length; r is stratified."""
    generator = torch.Generator().manual_seed(1)
    rates = torch.tensor([1.0, 0.75, 0.5, 0.25])[None, :, None]
    clean = answers[:, None].expand(-1, COPIES, -1)
    masked = torch.rand(clean.shape, generator=generator) < rates
    hidden = model(prompts, model.see(images), clean.masked_fill(masked, TOKENIZER.mask_id))
    nats = functional.cross_entropy(model.logits(hidden).flatten(0, 2), clean.flatten(), reduction="none")
    return (nats.view(clean.shape) * masked / rates).sum(-1).div(clean.shape[-1]).mean()


@pytest.mark.parametrize("attention", ["prefix", "full"])
def test_one_step_lowers_the_loss_and_gradients_reach_every_part(attention: str) -> None:
    model = make_model(tiny_config(attention=attention)).train()
    data = batch(model)
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3)
    before = eq2_loss(model, *data)
    before.backward()
    # Nothing here asks for headings; the loss is about tokens.
    silent = [
        name
        for name, value in model.named_parameters()
        if not name.startswith("heading") and (value.grad is None or not value.grad.any())
    ]
    assert silent == []
    assert all(value.grad.isfinite().all() for value in model.parameters() if value.grad is not None)
    optimiser.step()
    after = eq2_loss(model, *data)
    assert float(after.detach()) < float(before.detach())


def test_it_learns_a_batch_by_heart() -> None:
    model = make_model(tiny_config()).train()
    data = batch(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = eq2_loss(model, *data)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_mixed_precision_trains_too() -> None:
    model = make_model(tiny_config()).train()
    data = batch(model)
    with torch.autocast("cpu", torch.bfloat16):
        loss = eq2_loss(model, *data)
    loss.backward()
    exact = float(eq2_loss(model, *data).detach())
    assert float(loss.detach()) == pytest.approx(exact, rel=0.05)
    assert model.positions is not None
    assert model.positions.grad is not None
    assert model.positions.grad.dtype == torch.float32
