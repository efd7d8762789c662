"""Shards and data sets: what was written is read, batches are seeded, weighted, resumable; damage is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from test.training.made_demos import CAMERA, made_sample, make_demos
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.models.config import preset
from wam_ros.models.prompt import build_prompt
from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.training.dataset import DemoDataset, default_folder
from wam_ros.training.demo_sample import FIELDS
from wam_ros.training.demo_shard import MAX_SAMPLES, read_shard, write_shard


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demos(tmp_path_factory.mktemp("demos"))


def test_a_shard_gives_back_what_was_written(tmp_path: Path) -> None:
    written = [made_sample(number, 3) for number in range(7)]
    write_shard(tmp_path / "drive_00003.npz", written)
    shard = read_shard(tmp_path / "drive_00003.npz")
    assert len(shard) == 7
    assert list(tmp_path.iterdir()) == [tmp_path / "drive_00003.npz"]
    for number, sample in enumerate(written):
        found = shard.sample(number)
        assert found.jpeg == sample.jpeg
        for name, spec in FIELDS.items():
            wanted = np.asarray(getattr(sample, name), spec.dtype)
            assert np.array_equal(getattr(found, name), wanted, equal_nan=wanted.dtype.kind == "f"), name


def test_a_shard_has_no_pickles(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.npz", [made_sample(0)])
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype != object for name in arrays.files)


def test_a_torn_or_damaged_shard_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_shard(path, [made_sample(number) for number in range(4)])
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"PK\x03\x04 nothing"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="run `wam demos` again"):
            read_shard(path)


def test_a_shard_is_neither_empty_nor_too_large(tmp_path: Path) -> None:
    one = made_sample(0)
    for samples in ([], [one] * (MAX_SAMPLES + 1)):
        with pytest.raises(InputError, match="wanted 1 to 512"):
            write_shard(tmp_path / "a.npz", samples)


def test_samples_are_numbered_over_all_shards(folder: Path) -> None:
    dataset = DemoDataset(folder)
    assert len(dataset) == 96
    assert dataset.camera == CAMERA
    for index in (0, 23, 24, 95):
        sample = dataset.sample(index)
        assert (sample.drive, round(sample.time / 0.5)) == divmod(index, 24)
        assert np.array_equal(dataset.batch(np.array([index]))["image"][0], sample.image())
    with pytest.raises(IndexError):
        dataset.sample(96)


def test_towns_are_told_apart(folder: Path) -> None:
    east, west = DemoDataset(folder, ["east"]), DemoDataset(folder, ["west"])
    assert len(east) + len(west) == len(DemoDataset(folder))
    assert set(east.columns["drive"]) == {0, 2}
    assert set(west.columns["drive"]) == {1, 3}
    with pytest.raises(ConfigError, match="north"):
        DemoDataset(folder, ["north"])


def test_batches_are_the_same_for_the_same_seed_and_go_on_where_they_stopped(folder: Path) -> None:
    dataset = DemoDataset(folder)
    numbers = [batch["index"].tolist() for batch in dataset.batches(16, seed=4, epoch=1)]
    again = [batch["index"].tolist() for batch in dataset.batches(16, seed=4, epoch=1, images=False)]
    rest = [batch["index"].tolist() for batch in dataset.batches(16, seed=4, epoch=1, first=4, ahead=0)]
    other = [batch["index"].tolist() for batch in dataset.batches(16, seed=4, epoch=2, images=False)]
    assert len(numbers) == 6
    assert numbers == again
    assert numbers[4:] == rest
    assert numbers != other


def test_without_weights_each_sample_comes_once(folder: Path) -> None:
    order = DemoDataset(folder).order(0, 0, weighted=False)
    assert sorted(order.tolist()) == list(range(96))


def test_samples_are_drawn_by_their_weights(folder: Path) -> None:
    dataset = DemoDataset(folder)
    weights = dataset.columns["weight"]
    drawn = np.bincount(np.concatenate([dataset.order(1, epoch) for epoch in range(200)]), minlength=len(dataset))
    wanted = 200.0 * len(dataset) * weights / weights.sum()
    assert np.abs(drawn / wanted - 1.0).max() < 0.35
    for weight in np.unique(weights):
        assert drawn[weights == weight].mean() == pytest.approx(wanted[weights == weight].mean(), rel=0.05)


def test_the_prompt_takes_a_sample_as_it_is(folder: Path) -> None:
    config, tokenizer = preset("small"), HybridTokenizer()
    dataset = DemoDataset(folder)
    cut, whole = (build_prompt(dataset.sample(index).situation(), tokenizer, config, 4) for index in (0, 1))
    assert len(cut.tokens) == len(whole.tokens)
    assert int((cut.tokens == tokenizer.mask_id).sum()) == 6
    assert int((whole.tokens == tokenizer.mask_id).sum()) == 0


def test_a_folder_without_data_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="wam demos"):
        DemoDataset(tmp_path)


def test_data_lie_where_the_user_wants_them() -> None:
    assert default_folder(Path("/home/x"), "/data", "abc") == Path("/data/demos/abc")
    assert default_folder(Path("/home/x"), None, "abc") == Path("/home/x/.cache/wam_ros/demos/abc")
