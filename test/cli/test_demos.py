"""`wam demos`: real drives become data whose labels lie where the pictures show them; killed runs go on."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")
pytest.importorskip("panda3d")

from wam_ros.cli.demo_drive import DemoWork, DriveTask
from wam_ros.cli.main import main
from wam_ros.evaluation.route_task import route_tasks
from wam_ros.training.contact_sheet import projected
from wam_ros.training.dataset import DemoDataset
from wam_ros.training.demo_recipe import DemoRecipe, camera_pose
from wam_ros.training.demo_sample import GRID, SEMANTICS, SOURCES, Sample
from wam_ros.training.demo_shard import Shard, read_shard

RECIPE = DemoRecipe(
    seed=4,
    towns=("grid_small",),
    routes=1,
    time_limit=14.0,
    moved_share=1.0,
    disturbed_share=1.0,
    kept=dict.fromkeys(DemoRecipe().kept, 1.0),
)
CELL = 16  # px


def _drive(folder: Path, recipe: DemoRecipe = RECIPE) -> Shard:
    task = DriveTask(0, route_tasks(recipe.towns, 1, recipe.seed)[0], folder / "drive_00000.npz")
    assert DemoWork(recipe)(task) > 0
    return read_shard(task.shard)


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    return _drive(tmp_path_factory.mktemp("shards"))


def _samples(shard: Shard) -> list[Sample]:
    return [shard.sample(number) for number in range(len(shard))]


def test_the_picture_is_that_of_the_recipe(shard: Shard) -> None:
    image = shard.sample(0).image()
    assert image.shape == (RECIPE.camera.height, RECIPE.camera.width, 3)
    assert image.std() > 20.0


def test_plan_and_route_lie_on_the_road_of_the_picture(shard: Shard) -> None:
    """Points of the ground, projected with the noise of the camera, meet cells of road, unless somebody hides them."""
    ground = {SEMANTICS.index(name) for name in ("road", "road line")}
    beside = {SEMANTICS.index(name) for name in ("background", "sidewalk")}
    on_road = {source: [0, 0] for source in SOURCES}
    for sample in _samples(shard):
        base_from_camera = camera_pose(RECIPE.camera, RECIPE.camera_x, sample.camera_offset)
        points = np.vstack([sample.plan[:, :2], sample.route[~np.isnan(sample.route).any(axis=1)]])
        points = points[(points[:, 0] > 4.0) & (points[:, 0] < 25.0)]
        pixels = projected(np.column_stack([points, np.zeros(len(points))]), RECIPE.camera, base_from_camera)
        for column, row in (pixels // CELL).astype(int):
            if 0 <= row < GRID[0] - 1 and 0 <= column < GRID[1]:
                counts = on_road[SOURCES[sample.source]]
                found = int(sample.semantics[row, column])
                counts[0] += found in ground
                counts[1] += found in ground | beside
    for source in ("drive", "moved"):
        hit, count = on_road[source]
        assert count > 60
        assert hit / count > 0.95


def test_moved_samples_lead_back_to_the_way_that_was_driven(shard: Shard) -> None:
    moved = [sample for sample in _samples(shard) if SOURCES[sample.source] == "moved" and sample.velocity[0] > 3.0]
    far = [sample for sample in moved if abs(sample.offset[0]) > 0.6 and sample.plan[-1, 0] > 10.0]
    assert len(far) >= 3
    for sample in far:
        line = sample.route[~np.isnan(sample.route).any(axis=1)].astype(float)
        first = line[0] - (line[1] - line[0])  # the route at the ego, about
        dense = np.vstack([np.linspace(a, b, 20) for a, b in zip([first, *line[:-1]], line)])
        off = np.linalg.norm(dense - sample.plan[-1, :2], axis=1).min()
        assert off < 0.5 * abs(sample.offset[0]) + 0.15


def test_a_drive_is_the_same_again(shard: Shard, tmp_path: Path) -> None:
    again = _drive(tmp_path)
    assert again.path.read_bytes() == shard.path.read_bytes()


def test_speeds_and_lights_are_told_as_they_are(shard: Shard) -> None:
    samples = [sample for sample in _samples(shard) if SOURCES[sample.source] == "drive"]
    assert len(samples) > 20
    for before, after in itertools.pairwise(samples):
        if after.time - before.time < 0.6:
            mean = 0.5 * float(before.velocity[0] + after.velocity[0])
            assert abs(float(after.velocity[0] - before.velocity[0])) < 5.0
            assert mean < 17.0
    assert all((sample.light == 0) == np.isnan(sample.light_distance) for sample in samples)
    assert all(np.isnan(sample.lead_distance) == np.isnan(sample.lead_speed) for sample in samples)


def _run(out: Path, *more: str, routes: int = 2) -> int:
    given = ["demos", "--towns", "grid_small", "--routes", str(routes), "--seed", "2", "--processes", "1"]
    given += ["--time-limit", "4"]
    return main([*given, "--out", str(out), *more])


@pytest.mark.slow
def test_data_are_made_once_and_a_stopped_run_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "data"
    assert _run(out) == 0
    told = capsys.readouterr().out
    assert "samples/min" in told
    first = {path.name: path.read_bytes() for path in (out / "shards").iterdir()}
    assert sorted(first) == ["drive_00000.npz", "drive_00001.npz"]
    manifest = json.loads((out / "manifest.json").read_text())
    dataset = DemoDataset(out)
    assert len(dataset) == manifest["samples"] == sum(one["samples"] for one in manifest["shards"])
    assert manifest["recipe_hash"] in (out / "README.md").read_text()
    assert sum(row["samples"] for row in manifest["balance"]["rationale"].values()) == len(dataset)

    # As kill -9 leaves it: one shard done, a torn file of another, no manifest.
    (out / "shards" / "drive_00001.npz").unlink()
    (out / "manifest.json").unlink()
    (out / "shards" / ".drive_00001.npz.77").write_bytes(b"torn")
    kept = (out / "shards" / "drive_00000.npz").stat().st_mtime_ns
    assert _run(out) == 0
    assert "1 recorded before" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in (out / "shards").iterdir()} == first
    assert (out / "shards" / "drive_00000.npz").stat().st_mtime_ns == kept
    assert json.loads((out / "manifest.json").read_text()) == manifest

    assert _run(out, routes=3) == 1
    assert "another recipe" in capsys.readouterr().err


def test_wrong_numbers_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more in (("--routes", "0"), ("--samples", "-1"), ("--processes", "-2"), ("--towns", "nowhere")):
        given = ["demos", "--towns", "grid_small", "--routes", "2", "--seed", "2", "--out", str(tmp_path / "x")]
        assert main([*given, *more]) == 1
        assert "wam demos:" in capsys.readouterr().err
