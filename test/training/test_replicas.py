"""Several processes train as one would on the whole batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from test.training.training_parts import CPU, made_maker, made_trainer, tiny_training
from wam_ros.core.errors import ConfigError
from wam_ros.training.batch_stream import BatchStream
from wam_ros.training.replicas import ALONE, Replicas, replicas
from wam_ros.training.stages import build_stage
from wam_ros.training.trainer import Trainer
from wam_ros.training.training_batch import TrainingBatch
from wam_ros.training.training_config import TrainingConfig


class Mean(nn.Module):
    """Its loss is a plain mean over the samples, so that two halves have the gradient of the whole."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(24, 1)

    def forward(self, batch: TrainingBatch, _: torch.Generator) -> dict[str, Tensor]:
        return {"loss": (self.layer(batch.plan.flatten(1)) / 100.0 - batch.speed[:, None]).square().mean()}


def train(data: Path, out: Path, config: TrainingConfig, make: Callable[[], nn.Module], this: Replicas) -> nn.Module:
    torch.set_num_threads(1)
    stream = BatchStream(made_maker(data, config), config.batch, config.seed, replicas=this)
    trainer = Trainer(make(), stream, config, out, CPU, this)
    trainer.run(lambda _: None, lambda _: None)
    save_file(dict(trainer.module.state_dict()), out / f"weights_{this.rank}.safetensors")
    return trainer.module


def fails(_: Replicas) -> None:
    msg = "no memory left"
    raise ConfigError(msg)


def test_two_processes_step_as_one_does_on_the_whole_batch(tmp_path: Path) -> None:
    config = tiny_training(stage="stem", compute_dtype="float32")
    alone = train(tmp_path / "data", tmp_path / "alone", config, Mean, ALONE)
    work = partial(train, tmp_path / "data", tmp_path / "both", config, Mean)
    with replicas(2, work) as this:
        both = work(this)
    for wanted, found in zip(alone.parameters(), both.parameters(), strict=True):
        torch.testing.assert_close(found, wanted)
    assert not torch.equal(Mean().layer.weight, both.get_parameter("layer.weight"))


@pytest.mark.parametrize("stage", ["stem", "planner"])
def test_all_of_them_hold_the_same_weights_and_the_first_one_s_state_goes_on(tmp_path: Path, stage: str) -> None:
    config = tiny_training(stage=stage, steps=4)
    work = partial(train, tmp_path / "data", tmp_path / "out", config, partial(build_stage, config))
    with replicas(2, work) as this:
        work(this)
    first, second = (load_file(tmp_path / "out" / f"weights_{rank}.safetensors") for rank in range(2))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    resumed = made_trainer(tmp_path / "data", tmp_path / "out", config)
    assert resumed.progress.step == 4


def test_shares_are_of_one_batch_and_none_is_left_out(tmp_path: Path) -> None:
    maker = made_maker(tmp_path, tiny_training())
    whole = next(BatchStream(maker, 8, seed=3).starting_at(0))
    parts = [next(BatchStream(maker, 8, 3, replicas=Replicas(rank, 2)).starting_at(0)) for rank in range(2)]
    for rank, part in enumerate(parts):
        assert torch.equal(part.plan, whole.plan[rank::2])


def test_a_batch_that_cannot_be_shared_evenly_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="take a multiple"):
        BatchStream(made_maker(tmp_path, tiny_training()), 7, 0, replicas=Replicas(1, 2))


def test_one_that_ends_ends_the_others(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="another one has ended"), replicas(2, fails) as this:
        train(tmp_path / "data", tmp_path / "out", tiny_training(stage="stem"), Mean, this)
