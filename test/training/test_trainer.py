"""Training on made data: it learns, reaches every weight, and goes on as if it had never stopped."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from test.training.training_parts import CPU, made_batch, made_maker, made_trainer, tiny_training
from wam_ros.core.errors import ConfigError
from wam_ros.training.held_out import evaluate, expected_calibration_error
from wam_ros.training.stages import build_stage
from wam_ros.training.trainer import StepReport, Trainer, learning_rate_share


def run(trainer: Trainer) -> list[StepReport]:
    reports: list[StepReport] = []
    trainer.run(reports.append, lambda _: None)
    return reports


def test_the_planner_learns_a_handful_of_samples(tmp_path: Path) -> None:
    config = tiny_training(steps=150, learning_rate=8e-3, drop_motion=0.0, drop_context=0.0)
    trainer = made_trainer(tmp_path / "data", tmp_path / "out", config)
    maker = made_maker(tmp_path / "data", config)
    before = evaluate(trainer.module, maker, CPU)
    reports = run(trainer)
    after = evaluate(trainer.module, maker, CPU)
    assert reports[-1].losses["masked"] < 0.5 * reports[0].losses["masked"]
    assert after["ade"] < 0.25 * before["ade"]


def test_the_stem_s_baseline_learns_them_too(tmp_path: Path) -> None:
    config = tiny_training(stage="stem", steps=120, batch=16, learning_rate=3e-3)
    trainer = made_trainer(tmp_path / "data", tmp_path / "out", config)
    maker = made_maker(tmp_path / "data", config)
    before = evaluate(trainer.module, maker, CPU)
    run(trainer)
    assert evaluate(trainer.module, maker, CPU)["ade"] < 0.25 * before["ade"]


@pytest.mark.parametrize("stage", ["stem", "planner", "experts", "joint"])
def test_gradients_reach_all_that_should_learn_and_nothing_else(tmp_path: Path, stage: str) -> None:
    config = tiny_training(stage=stage)
    batch = made_batch(tmp_path, config, count=8)
    losses = build_stage(config).train()
    for name, value in losses.named_parameters():
        if name.endswith("experts.up"):  # silent as built, and then their other halves learn nothing yet
            torch.nn.init.normal_(value, std=0.1)
        if name.endswith("heading.layers.4.weight"):
            torch.nn.init.normal_(value, std=0.1)
    losses(batch, torch.Generator().manual_seed(0))["loss"].backward()
    # Text is not asked for: no loss reads its head.
    silent = {
        name
        for name, value in losses.named_parameters()
        if value.requires_grad and "text_head" not in name and (value.grad is None or not value.grad.any())
    }
    assert silent == set()
    if stage == "experts":
        learning = {name for name, value in losses.named_parameters() if value.requires_grad}
        assert learning
        assert all(".experts." in name for name in learning)


@pytest.mark.parametrize("stage", ["stem", "planner"])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path, stage: str) -> None:
    config = tiny_training(stage=stage, steps=8)
    whole = made_trainer(tmp_path / "data", tmp_path / "whole", config)
    run(whole)
    stopped = made_trainer(tmp_path / "data", tmp_path / "parts", config)
    batches = stopped._stream.starting_at(0)
    stopped.step(next(batches))
    stopped.progress = type(stopped.progress)(1, 0.1)
    stopped.step(next(batches))
    stopped.progress = type(stopped.progress)(2, 0.2)
    stopped.save()
    resumed = made_trainer(tmp_path / "data", tmp_path / "parts", config)
    assert resumed.resumed
    run(resumed)
    for (name, wanted), found in zip(whole.module.named_parameters(), resumed.module.parameters(), strict=True):
        assert torch.equal(wanted, found), name


def test_the_curves_of_a_resumed_training_have_no_gap_and_no_repeat(tmp_path: Path) -> None:
    config = tiny_training(stage="stem", steps=40)
    run(made_trainer(tmp_path / "data", tmp_path / "out", config))
    longer = tiny_training(stage="stem", steps=60)
    run(made_trainer(tmp_path / "data", tmp_path / "out", longer))
    with (tmp_path / "out" / "curves.csv").open(encoding="utf-8") as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == [20, 40, 60]


def test_it_stops_where_nothing_can_be_learned_any_more(tmp_path: Path) -> None:
    trainer = made_trainer(tmp_path / "data", tmp_path / "out", tiny_training())
    with torch.no_grad():
        next(trainer.module.parameters()).fill_(float("nan"))
    with pytest.raises(ConfigError, match="lower learning rate"):
        run(trainer)


def test_the_rate_rises_and_falls_to_zero() -> None:
    for schedule in ("linear", "cosine"):
        config = tiny_training(steps=100, warmup_steps=10, schedule=schedule)
        shares = [learning_rate_share(config, step, step / 100) for step in range(101)]
        assert shares[0] < 0.15
        assert max(shares) > 0.85
        assert shares[-1] == pytest.approx(0.0)
        assert shares[10:] == sorted(shares[10:], reverse=True)


def test_calibration_error_of_honest_and_of_proud_beliefs() -> None:
    believed = torch.tensor([0.25] * 400 + [0.75] * 400)
    happened = torch.tensor(([True] + [False] * 3) * 100 + ([True] * 3 + [False]) * 100)
    assert float(expected_calibration_error(believed, happened)) == pytest.approx(0.0, abs=1e-9)
    assert float(expected_calibration_error(torch.full((800,), 0.95), happened)) == pytest.approx(0.45)
