"""A folder while it is made: which drives make the data, what the manifest tells, who may write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from test.training.made_demos import CAMERA, made_sample
from wam_ros.core.errors import ConfigError
from wam_ros.training.contact_sheet import contact_sheet, examples
from wam_ros.training.dataset import DemoDataset
from wam_ros.training.demo_folder import DemoFolder
from wam_ros.training.demo_recipe import DemoRecipe, DriverRecipe, learner_recipe
from wam_ros.training.demo_sample import CATEGORIES, SOURCES
from wam_ros.training.demo_shard import write_shard

RECIPE = DemoRecipe(routes=4, camera=CAMERA)


@contextmanager
def _folder(path: Path, recipe: DemoRecipe = RECIPE) -> Iterator[DemoFolder]:
    with closing(DemoFolder(path, recipe)) as folder:
        yield folder


def _write(folder: DemoFolder, drive: int, samples: int = 6) -> None:
    write_shard(folder.path(drive), [made_sample(number, drive) for number in range(samples)])


def test_all_drives_make_the_data_unless_they_failed(tmp_path: Path) -> None:
    with _folder(tmp_path) as folder:
        for drive in (0, 1, 3):
            _write(folder, drive)
        assert folder.finished() == {0: 6, 1: 6, 3: 6}
        assert folder.chosen(folder.finished()) is None
        assert folder.chosen(folder.finished(), given_up=[2]) == [0, 1, 3]


def test_with_a_number_of_samples_the_first_drives_do_whatever_is_finished(tmp_path: Path) -> None:
    with _folder(tmp_path, replace(RECIPE, samples=10)) as folder:
        _write(folder, 0)
        _write(folder, 2)
        assert folder.chosen(folder.finished()) is None
        _write(folder, 1)
        assert folder.chosen(folder.finished()) == [0, 1]


def test_the_manifest_counts_what_is_there_and_other_shards_go(tmp_path: Path) -> None:
    with _folder(tmp_path, replace(RECIPE, samples=10)) as folder:
        for drive in range(3):
            _write(folder, drive)
        facts = {"east": {"layout": "grid", "seed": 5, "signals": 9}}
        told = folder.finish([0, 1], lambda _: "east", facts, {3: "it broke"}, {"wam_ros": "1"})
    dataset = DemoDataset(tmp_path)
    assert len(dataset) == told["samples"] == 12
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == ["drive_00000.npz", "drive_00001.npz"]
    for bit, name in enumerate(CATEGORIES):
        row, holds = told["balance"]["category"][name], dataset.columns["categories"] >> bit & 1 == 1
        assert row["samples"] == holds.sum()
        weights = dataset.columns["weight"]
        assert row["drawn"] == pytest.approx(weights[holds].sum() / weights.sum(), abs=1e-3)
    card = (tmp_path / "README.md").read_text()
    assert "12 samples of 2 drives" in card
    assert "| east | grid | 5 | 9 | 2 | 12 |" in card
    assert "3: it broke" in card


def test_data_of_another_recipe_are_not_mixed_in(tmp_path: Path) -> None:
    with _folder(tmp_path):
        pass
    with pytest.raises(ConfigError, match="seed was 0, now 1"):
        DemoFolder(tmp_path, replace(RECIPE, seed=1))
    with _folder(tmp_path) as folder:
        assert folder.recipe == RECIPE


def test_two_do_not_write_at_once(tmp_path: Path) -> None:
    with _folder(tmp_path), pytest.raises(ConfigError, match="writes there now"):
        DemoFolder(tmp_path, RECIPE)


def test_what_a_killed_run_left_half_written_goes(tmp_path: Path) -> None:
    with _folder(tmp_path) as folder:
        _write(folder, 0)
    (tmp_path / "shards" / ".drive_00001.npz.12").write_bytes(b"half")
    with _folder(tmp_path) as folder:
        assert folder.finished() == {0: 6}
    assert [path.name for path in (tmp_path / "shards").iterdir()] == ["drive_00000.npz"]


def test_another_recipe_has_another_hash() -> None:
    others = [replace(RECIPE, seed=1), replace(RECIPE, moved_share=0.1), replace(RECIPE, towns=("5",))]
    assert len({RECIPE.hash, *(recipe.hash for recipe in others)}) == 4
    assert replace(RECIPE, seed=0).hash == RECIPE.hash


@pytest.mark.parametrize(
    "wrong", [{"routes": 0}, {"samples": -1}, {"towns": ()}, {"time_limit": 0.0}, {"kept": {"turn": 1.0}}]
)
def test_a_recipe_that_makes_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="wanted"):
        replace(RECIPE, **wrong)  # type: ignore[arg-type]  # each of its own type


def test_the_sheet_shows_examples_of_each_kind(tmp_path: Path) -> None:
    with _folder(tmp_path) as folder:
        for drive in range(4):
            _write(folder, drive, 20)
        folder.finish(range(4), lambda _: "east", {}, {}, {})
    dataset = DemoDataset(tmp_path)
    chosen = examples(dataset)
    assert len(set(chosen)) == len(chosen)
    for bit in range(len(CATEGORIES)):
        assert any(dataset.columns["categories"][index] >> bit & 1 for index in chosen)
    sheet = contact_sheet(dataset, chosen[:4])
    assert sheet.shape == (2 * CAMERA.height, 3 * CAMERA.width, 3)
    assert np.ptp(sheet) > 100


def test_who_drives_is_of_the_recipe_and_on_the_card_and_old_folders_stay_theirs(tmp_path: Path) -> None:
    assert "driver" not in RECIPE.as_dict()  # as in folders from before there were learners
    learners = learner_recipe(RECIPE, DriverRecipe(("ab" * 32,), 2, 0.25))
    assert learners.hash != RECIPE.hash
    assert learners.moved_share < RECIPE.moved_share
    for name, recipe in (("expert", RECIPE), ("learner", learners)):
        with _folder(tmp_path / name, recipe) as folder:
            _write(folder, 0)
            folder.finish([0], lambda _: "east", {}, {}, {})
        with _folder(tmp_path / name, recipe):
            pass  # goes on
        assert len(DemoDataset(tmp_path / name)) == 6
    assert "The expert drives." in (tmp_path / "expert" / "README.md").read_text()
    card = (tmp_path / "learner" / "README.md").read_text()
    assert "abababababab" in card
    assert "2 decoding steps. In 25 %" in card
    with pytest.raises(ConfigError, match="driver was"):
        DemoFolder(tmp_path / "learner", learner_recipe(RECIPE, DriverRecipe(("cd" * 32,), 2, 0.25)))


@pytest.mark.parametrize("wrong", [{"weights": ()}, {"steps": 0}, {"expert_share": 1.1}])
def test_a_driver_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="wanted"):
        replace(DriverRecipe(("ab",)), **wrong)  # type: ignore[arg-type]  # each of its own type


def test_numbers_of_sources_in_old_shards_keep_their_meaning() -> None:
    assert SOURCES[:3] == ("drive", "moved", "speed")
