"""The training pass is the network's own pass, and its gradients are too."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from test.training.training_parts import made_batch, tiny_training
from wam_ros.training.copies import draw_copies
from wam_ros.training.packed_forward import AnswerRows, packable
from wam_ros.training.planner_stage import PlannerLosses, clean_answers, kept_places
from wam_ros.training.stages import build_stage


@pytest.mark.parametrize("stage", ["planner", "joint"])
def test_rows_and_gradients_equal_the_plain_pass(tmp_path: Path, stage: str) -> None:
    config = tiny_training(stage=stage)
    batch = made_batch(tmp_path, config)
    losses = build_stage(config)
    assert isinstance(losses, PlannerLosses)
    model = losses.rows.model
    assert packable(model.config) is (stage == "planner")
    hidden = draw_copies(len(batch), 3, 16, torch.Generator().manual_seed(0)).hidden
    answers = clean_answers(batch.plan[..., :2].flatten(1), losses._tokenizer)[:, None].repeat(1, 3, 1)
    answers[..., 0::2] = answers[..., 0::2].masked_fill(hidden, losses._tokenizer.mask_id)
    weighting = torch.randn(int(hidden.sum()), model.config.width)
    gradients = []
    rows = []
    for packed in (True, False):
        visual = model.see(batch.images)
        found = (
            AnswerRows(model)(batch.prompts, visual, answers, hidden)
            if packed
            else model(batch.prompts, visual, answers)[:, :, 0::2][hidden]
        )
        model.zero_grad()
        (found * weighting).sum().backward()
        rows.append(found.detach())
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    assert torch.allclose(rows[0], rows[1], atol=1e-4)
    for name, wanted in gradients[1].items():
        assert torch.allclose(gradients[0][name], wanted, atol=1e-3 * float(wanted.abs().max()) + 1e-6), name


def test_places_left_out_are_as_if_nobody_saw_them(tmp_path: Path) -> None:
    """Against the network's own layers on a shorter prompt whose rows keep their positions."""
    config = tiny_training()
    batch = made_batch(tmp_path, config)
    losses = build_stage(config)
    assert isinstance(losses, PlannerLosses)
    model = losses.rows.model
    with torch.no_grad():
        visual = model.see(batch.images)
        length = batch.prompts.shape[1]
        kept = kept_places(visual.shape[1], length, 0.5, torch.Generator().manual_seed(1))
        assert kept is not None
        assert len(kept) == length - visual.shape[1] // 2
        assert kept_places(visual.shape[1], length, 1.0, torch.Generator()) is None
        hidden = torch.ones(len(batch), 1, 16, dtype=torch.bool)
        answers = torch.full((len(batch), 1, 32), losses._tokenizer.mask_id)
        found = losses.rows(batch.prompts, visual, answers, hidden, kept)
        caches = model.read_prompt(model.embed_prompt(batch.prompts, visual)[:, kept])
        wanted = model.read_answers(model.embed_answer(answers, length), caches)[:, :, 0::2][hidden]
    assert torch.allclose(found, wanted, atol=1e-4)
