"""States of trainings: whole, strict, and a start for other stages."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from test.training.made_demos import CAMERA
from test.training.training_parts import made_trainer, tiny_training
from wam_ros.core.errors import ConfigError
from wam_ros.training.stages import build_stage, export
from wam_ros.training.train_checkpoint import STATE_FILE, warm_start


def test_another_seed_or_rate_does_not_go_on(tmp_path: Path) -> None:
    made_trainer(tmp_path / "data", tmp_path / "out", tiny_training()).save()
    with pytest.raises(ConfigError, match=r"seed 0, now 1.*another folder"):
        made_trainer(tmp_path / "data", tmp_path / "out", tiny_training(seed=1))
    assert made_trainer(tmp_path / "data", tmp_path / "out", tiny_training(steps=99)).resumed


def test_a_broken_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / STATE_FILE).write_bytes(b"\x80\x04pickled")
    with pytest.raises(ConfigError, match="not a state"):
        made_trainer(tmp_path / "data", tmp_path / "out", tiny_training())


def test_the_planner_starts_with_the_stem_s_eyes_and_heads(tmp_path: Path) -> None:
    stem = made_trainer(tmp_path / "data", tmp_path / "stem", tiny_training(stage="stem", seed=5))
    stem.save()
    planner = build_stage(tiny_training(seed=6))
    taken = warm_start(planner, tmp_path / "stem")
    wanted = {name for name, _ in planner.named_parameters() if ".vision." in name or name.startswith("heads.")}
    assert set(taken) == wanted
    eyes = dict(stem.module.named_parameters())["network.vision.stages.0.weight"]
    assert torch.equal(dict(planner.named_parameters())["rows.model.vision.stages.0.weight"], eyes)


def test_a_checkpoint_that_drives_is_a_start_too(tmp_path: Path) -> None:
    first = build_stage(tiny_training(seed=5))
    folder = export(first, tmp_path, CAMERA, tiny_training(seed=5), {})
    planner = build_stage(tiny_training(seed=6))
    taken = set(warm_start(planner, folder))
    assert taken == {name for name, _ in planner.named_parameters() if not name.startswith("heads.")}
    name = "rows.model.blocks.0.qkv.weight"
    wanted = dict(first.named_parameters())[name]
    torch.testing.assert_close(dict(planner.named_parameters())[name], wanted, atol=1e-3, rtol=1e-3)  # it is in fp16


def test_experts_start_from_the_whole_planner(tmp_path: Path) -> None:
    made_trainer(tmp_path / "data", tmp_path / "planner", tiny_training()).save()
    experts = build_stage(tiny_training(stage="experts"))
    taken = set(warm_start(experts, tmp_path / "planner"))
    assert {name for name, _ in experts.named_parameters()} - taken == {
        name for name, _ in experts.named_parameters() if ".experts." in name
    }


def test_nothing_to_start_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="earlier stage"):
        warm_start(build_stage(tiny_training()), tmp_path)
    folder = export(build_stage(tiny_training()), tmp_path, CAMERA, tiny_training(), {})
    (folder / "model.safetensors").write_bytes(b"\x80\x04pickled")
    with pytest.raises(ConfigError, match="copy the whole folder again"):
        warm_start(build_stage(tiny_training()), folder)
