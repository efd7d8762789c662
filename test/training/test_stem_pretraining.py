"""The stem's stage: what the auxiliary losses read, and what they leave out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from test.training.training_parts import made_batch, tiny_training
from wam_ros.training.auxiliary_heads import SEMANTIC_STAGE, AuxiliaryHeads
from wam_ros.training.demo_sample import SEMANTICS
from wam_ros.training.stages import build_stage
from wam_ros.training.stem_pretraining import StemLosses, moving
from wam_ros.training.training_batch import TrainingBatch


def told_and_heads(batch: TrainingBatch) -> tuple[dict[str, torch.Tensor], AuxiliaryHeads]:
    losses = build_stage(tiny_training(stage="stem"))
    assert isinstance(losses, StemLosses)
    maps = losses.network.vision.features(batch.images)
    tokens = losses.network.vision.project(maps[-1].flatten(1, 2))
    with torch.no_grad():
        return losses.heads(maps[SEMANTIC_STAGE], tokens), losses.heads


def test_what_is_not_there_has_no_distance_to_learn(tmp_path: Path) -> None:
    batch = made_batch(tmp_path, tiny_training(), count=12)
    told, heads = told_and_heads(batch)
    nobody = replace(batch, lead_distance=torch.full((12,), torch.nan), lead_speed=torch.full((12,), torch.nan))
    losses = heads.losses(told, nobody)
    assert float(losses["lead_distance"]) == 0.0
    assert float(losses["lead_speed"]) == 0.0
    assert all(bool(value.isfinite()) for value in losses.values())
    # And with somebody there: the mean over those samples alone.
    known = ~batch.lead_distance.isnan()
    assert 0 < int(known.sum()) < 12
    wild = dict(told)
    wild["lead_distance"] = torch.where(known, told["lead_distance"], 1e6)
    assert heads.losses(wild, batch)["lead_distance"] == heads.losses(told, batch)["lead_distance"]


def test_only_who_stands_can_start(tmp_path: Path) -> None:
    batch = made_batch(tmp_path, tiny_training(), count=12)
    told, heads = told_and_heads(batch)
    standing = batch.speed < 0.3
    assert 0 < int(standing.sum()) < 12
    wild = dict(told)
    wild["start"] = torch.where(standing, told["start"], 50.0)
    assert heads.losses(wild, batch)["start"] == heads.losses(told, batch)["start"]


def test_right_answers_cost_nothing(tmp_path: Path) -> None:
    batch = made_batch(tmp_path, tiny_training(), count=6)
    told, heads = told_and_heads(batch)
    rows, columns = told["semantics"].shape[1:3]
    sure = dict(told)
    sure["light"] = 40.0 * torch.nn.functional.one_hot(batch.light, told["light"].shape[1]).float()
    sure["lead"] = torch.where(batch.lead_distance.isnan(), -40.0, 40.0)
    sure["lead_speed"] = batch.lead_speed.nan_to_num() / 10.0
    everywhere = replace(batch, semantics=torch.full_like(batch.semantics, 4))
    sure["semantics"] = torch.zeros(len(batch), rows, columns, len(SEMANTICS))
    sure["semantics"][..., 4] = 40.0
    losses = heads.losses(sure, everywhere)
    for name in ("light", "lead", "lead_speed", "semantics"):
        assert float(losses[name]) == pytest.approx(0.0, abs=1e-6), name


def test_a_plan_that_stands_has_no_heading() -> None:
    plan = torch.zeros(1, 8, 3)
    plan[0, 4:, 0] = torch.tensor([1.0, 2.0, 3.0, 3.1])
    assert moving(plan).tolist() == [[False] * 4 + [True] * 3 + [False]]
