"""Small trainings on made data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from test.training.made_demos import make_demos
from wam_ros.models import HybridTokenizer
from wam_ros.training.batch_stream import BatchStream
from wam_ros.training.dataset import DemoDataset
from wam_ros.training.stages import build_stage, network_config
from wam_ros.training.trainer import Trainer
from wam_ros.training.training_batch import UNCHANGED, BatchChanges, BatchMaker, TrainingBatch
from wam_ros.training.training_config import TrainingConfig

torch.set_num_threads(1)

CPU = torch.device("cpu")


def tiny_training(**changes: Any) -> TrainingConfig:
    return TrainingConfig(**{"preset": "tiny", "batch": 8, "steps": 10, "warmup_steps": 5, **changes})


def made_maker(folder: Path, config: TrainingConfig, *, changed: bool = False, samples: int = 12) -> BatchMaker:
    if not (folder / "manifest.json").exists():
        make_demos(folder, drives=2, samples=samples)
    changes = BatchChanges(config.drop_context, config.drop_motion) if changed else UNCHANGED
    return BatchMaker([DemoDataset(folder)], network_config(config), HybridTokenizer(), changes)


def made_batch(folder: Path, config: TrainingConfig, count: int = 4) -> TrainingBatch:
    maker = made_maker(folder, config)
    return maker.make(maker.order(0, 0)[:count])


def made_trainer(data: Path, out: Path, config: TrainingConfig, losses: nn.Module | None = None) -> Trainer:
    maker = made_maker(data, config, changed=True)
    stream = BatchStream(maker, config.batch, config.seed)
    return Trainer(build_stage(config) if losses is None else losses, stream, config, out, CPU)
