"""Prefill and step are programs of fixed shapes: torch.export takes both, and they give what the network gives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from test.models.parts import make_answers, make_model, make_prompt, tiny_config
from wam_ros.models import WamDiff


class Prefill(nn.Module):
    def __init__(self, model: WamDiff) -> None:
        super().__init__()
        self.model = model

    def forward(self, prompt: Tensor, images: Tensor) -> list[tuple[Tensor, Tensor]]:
        return self.model.read_prompt(self.model.embed_prompt(prompt, self.model.see(images)))


class Step(nn.Module):
    def __init__(self, model: WamDiff) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, caches: list[tuple[Tensor, Tensor]]) -> Tensor:
        rows = self.model.embed_answer(tokens, caches[0][0].shape[2])
        return self.model.number_logits(self.model.read_answers(rows, caches)[:, :, 0::2])


@pytest.mark.parametrize("attention", ["prefix", "full"])
def test_prefill_and_step_export(attention: str) -> None:
    config = tiny_config(attention=attention)
    model = make_model(config).requires_grad_(requires_grad=False)
    prompt = make_prompt(config)[None]
    images = torch.randint(0, 256, (1, 72, 128, 3), generator=torch.Generator().manual_seed(3), dtype=torch.uint8)
    caches = Prefill(model)(prompt, images)
    exported = torch.export.export(Prefill(model), (prompt, images)).module()(prompt, images)
    for (keys, values), (k, v) in zip(caches, exported):
        torch.testing.assert_close(keys, k, atol=1e-5, rtol=0.0)
        torch.testing.assert_close(values, v, atol=1e-5, rtol=0.0)
    answers = make_answers(2)[None]
    step = torch.export.export(Step(model), (answers, caches)).module()
    wanted = Step(model)(answers, caches)
    torch.testing.assert_close(step(answers, caches), wanted, atol=1e-4, rtol=0.0)
    hidden = model.prefill(prompt[0], model.see(images)[0]).hidden(answers[0])
    torch.testing.assert_close(model.number_logits(hidden)[:, 0::2], wanted[0], atol=1e-4, rtol=0.0)
