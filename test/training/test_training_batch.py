"""Batches: the prompt of driving, what is dropped on purpose, pictures whose geometry stays, order and threads."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from test.training.made_demos import make_demos
from test.training.training_parts import made_maker, tiny_training
from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.models import HybridTokenizer, build_prompt
from wam_ros.training.batch_stream import BatchStream
from wam_ros.training.dataset import DemoDataset
from wam_ros.training.stages import network_config
from wam_ros.training.training_batch import UNCHANGED, BatchChanges, BatchMaker, recoloured

CONFIG = tiny_training()
TOKENIZER = HybridTokenizer()


def maker_of(folder: Path, changes: BatchChanges) -> BatchMaker:
    made_maker(folder, CONFIG)
    return BatchMaker([DemoDataset(folder)], network_config(CONFIG), TOKENIZER, changes)


def test_an_unchanged_batch_is_what_driving_sees(tmp_path: Path) -> None:
    maker = maker_of(tmp_path, UNCHANGED)
    batch = maker.make(np.array([3, 0]))
    sample = DemoDataset(tmp_path).sample(3)
    config = network_config(CONFIG)
    wanted = build_prompt(sample.situation(), TOKENIZER, config, 12).tokens
    assert torch.equal(batch.prompts[0], wanted)
    assert np.array_equal(batch.images[0].numpy(), sample.image())
    assert np.array_equal(batch.plan[0].numpy(), sample.plan)


def test_motion_and_context_are_dropped_as_often_as_asked(tmp_path: Path) -> None:
    indices = np.arange(24).repeat(20)
    batch = maker_of(tmp_path, BatchChanges(0.0, 0.25, colour=False)).make(indices, (1,))
    clean = maker_of(tmp_path, UNCHANGED).make(indices)
    motion = slice(13, 16)  # after 12 visual tokens and the command: speed, accelerations
    dropped = (batch.prompts[:, motion] == TOKENIZER.mask_id).all(-1)
    assert float(dropped.float().mean()) == pytest.approx(0.25, abs=0.06)
    rest = torch.ones(batch.prompts.shape[1], dtype=torch.bool)
    rest[motion] = False
    assert torch.equal(batch.prompts[:, rest], clean.prompts[:, rest])
    assert torch.equal(batch.speed, clean.speed)
    masked = maker_of(tmp_path, BatchChanges(0.5, 0.0, colour=False)).make(indices, (1,)).prompts
    whole = (masked == TOKENIZER.mask_id).all(-1)
    assert float(whole.float().mean()) == pytest.approx(0.5, abs=0.08)
    assert torch.equal(masked[~whole], clean.prompts[~whole])


def test_colour_keeps_edges_where_they_are() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, 4:] = 200
    for seed in range(20):
        changed = recoloured(image, np.random.default_rng(seed)).astype(int)
        assert bool((changed[:, 0] == changed[:, 3]).all())
        assert bool((changed[:, 4] > changed[:, 3]).all())


def test_a_smaller_stem_sees_the_same_picture_smaller(tmp_path: Path) -> None:
    camera = CanonicalCamera(256, 144, 160.0, 128.0, 72.0, 1.5)
    make_demos(tmp_path, 1, 4, camera)
    maker = maker_of(tmp_path, UNCHANGED)
    assert maker.make(np.array([0])).images.shape == (1, 72, 128, 3)
    make_demos(tmp_path / "square", 1, 4, replace(camera, height=200))
    with pytest.raises(ConfigError, match="another shape"):
        maker_of(tmp_path / "square", UNCHANGED)


def test_two_folders_are_one_set_of_data(tmp_path: Path) -> None:
    made_maker(tmp_path / "a", CONFIG, samples=5)
    made_maker(tmp_path / "b", CONFIG, samples=7)
    folders = [DemoDataset(tmp_path / name) for name in "ab"]
    maker = BatchMaker(folders, network_config(CONFIG), TOKENIZER, UNCHANGED)
    assert len(maker) == 24
    batch = maker.make(np.array([12, 1, 23, 9]))
    wanted = [folders[1].sample(2), folders[0].sample(1), folders[1].sample(13), folders[0].sample(9)]
    assert np.allclose(batch.plan.numpy(), np.stack([sample.plan for sample in wanted]))
    assert set(maker.order(0, 0)) <= set(range(24))


def test_batch_n_is_the_same_from_wherever_one_begins(tmp_path: Path) -> None:
    maker = made_maker(tmp_path, CONFIG, changed=True)
    whole = list(islice(BatchStream(maker, 5, seed=3).starting_at(0), 8))
    later = list(islice(BatchStream(maker, 5, seed=3, workers=3).starting_at(4), 4))
    for wanted, found in zip(whole[4:], later, strict=True):
        assert torch.equal(wanted.images, found.images)
        assert torch.equal(wanted.prompts, found.prompts)
    assert not torch.equal(whole[0].plan, whole[4].plan)


def test_more_than_there_is_in_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="smaller batches"):
        BatchStream(made_maker(tmp_path, CONFIG), 25, 0)
