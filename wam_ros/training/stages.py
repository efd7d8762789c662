"""The stages as modules, and what each leaves behind for driving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.models.checkpoint import Checkpoint, save_checkpoint
from wam_ros.models.cnn_checkpoint import CnnCheckpoint, save_cnn
from wam_ros.models.config import StemConfig, WamDiffConfig, preset
from wam_ros.models.model import WamDiff
from wam_ros.models.regression_cnn import RegressionCnn
from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.training.model_card import model_card
from wam_ros.training.planner_stage import PlannerLosses
from wam_ros.training.stem_pretraining import StemLosses
from wam_ros.training.training_config import EXPERT_STAGES, TrainingConfig

_EXPERTS = ".experts."


def network_config(config: TrainingConfig) -> WamDiffConfig:
    """Of the network of a stage: before `experts` it has none.

    Raises:
        ConfigError: The preset is not one that is trained here.

    """
    network = preset(config.preset)
    if not isinstance(network.vision, StemConfig) or network.attention != "prefix":
        msg = f"preset {config.preset!r} is not trained here: take tiny or small"
        raise ConfigError(msg)
    return network if config.stage in EXPERT_STAGES else replace(network, experts=None)


def build_stage(config: TrainingConfig) -> StemLosses | PlannerLosses:
    """The losses of a stage around a fresh network of the config's seed."""
    torch.manual_seed(config.seed)
    network = network_config(config)
    if config.stage == "stem":
        return StemLosses(RegressionCnn(network), config.auxiliary_weight)
    losses = PlannerLosses(WamDiff(network), config)
    if config.stage == "experts":
        for name, value in losses.named_parameters():
            value.requires_grad_(_EXPERTS in name)
    return losses


def export(
    losses: nn.Module, folder: Path, camera: CanonicalCamera, config: TrainingConfig, figures: Mapping[str, str]
) -> Path:
    """Write what drives, with its model card: `planner` for load_wam_diff, or `cnn` for load_cnn_planner.

    Args:
        losses: Of a stage.
        folder: Of the training; the result is a folder in it.
        camera: Of the data.
        config: Settings of the stage.
        figures: For the card, by what they are.

    """
    provenance = f"wam train, stage {config.stage}, preset {config.preset}, seed {config.seed}"
    if isinstance(losses, StemLosses):
        network = losses.network
        target = folder / "cnn"
        save_cnn(target, CnnCheckpoint(network, seen_camera(camera, network.config), provenance))
    else:
        assert isinstance(losses, PlannerLosses)
        model = losses.rows.model
        target = folder / "planner"
        save_checkpoint(target, Checkpoint(model, HybridTokenizer(), seen_camera(camera, model.config), provenance))
    weights = sum(value.numel() for name, value in losses.named_parameters() if not name.startswith("heads."))
    card = model_card(config, {**figures, "Weights": f"{weights:,}"})
    (target / "README.md").write_text(card, encoding="utf-8")
    return target


def seen_camera(camera: CanonicalCamera, config: WamDiffConfig) -> CanonicalCamera:
    """The data's camera at the size that the stem sees."""
    assert isinstance(config.vision, StemConfig)
    scale = config.vision.image_width / camera.width
    return replace(
        camera,
        width=config.vision.image_width,
        height=config.vision.image_height,
        focal_length=camera.focal_length * scale,
        center_x=camera.center_x * scale,
        center_y=camera.center_y * scale,
    )
