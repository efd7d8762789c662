"""What the stages leave behind: sizes, cameras, cards."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from test.training.training_parts import tiny_training
from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.models import load_checkpoint
from wam_ros.models.config import preset
from wam_ros.training.stages import build_stage, export, network_config, seen_camera

CAMERA = CanonicalCamera(640, 360, 400.0, 320.0, 180.0, 1.5, 0.02)


def test_small_is_far_below_twenty_megabytes_and_keeps_the_data_s_camera(tmp_path: Path) -> None:
    config = tiny_training(preset="small")
    folder = export(build_stage(config), tmp_path, CAMERA, config, {})
    assert (folder / "model.safetensors").stat().st_size < 20e6
    stored = load_file(folder / "model.safetensors")
    assert {value.dtype for value in stored.values()} == {torch.float16}
    assert load_checkpoint(folder).camera == CAMERA


def test_a_smaller_stem_has_the_same_view(tmp_path: Path) -> None:
    seen = seen_camera(CAMERA, preset("tiny"))
    assert (seen.width, seen.height, seen.focal_length, seen.center_x, seen.center_y) == (128, 72, 80.0, 64.0, 36.0)
    assert (seen.height_above_ground, seen.pitch) == (1.5, 0.02)


def test_a_card_without_figures_says_so(tmp_path: Path) -> None:
    config = tiny_training()
    card = (export(build_stage(config), tmp_path, CAMERA, config, {}) / "README.md").read_text(encoding="utf-8")
    assert "no town was held out" in card
    assert "not fit to move a vehicle among people" in card


def test_what_is_not_trained_here_is_refused() -> None:
    with pytest.raises(ConfigError, match="take tiny or small"):
        network_config(tiny_training(preset="wam_diff_8b"))
    with pytest.raises(ConfigError, match="visual_share"):
        tiny_training(stage="experts", visual_share=0.5)
    assert network_config(tiny_training()).experts is None
    assert network_config(tiny_training(stage="joint")).experts is not None
