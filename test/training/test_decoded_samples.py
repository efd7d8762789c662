"""The confidences that maps are fitted on are those of the planner that drives."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from test.training.made_demos import CAMERA, made_sample
from wam_ros.core import SE2, CameraImage, EgoState, Observation, Route
from wam_ros.core.errors import ConfigError
from wam_ros.core.timing import Deadline
from wam_ros.decoding import DecodeSettings
from wam_ros.models import Checkpoint, preset, random_checkpoint
from wam_ros.models.config import ROUTE_DISTANCES
from wam_ros.models.vocabulary import COMMANDS
from wam_ros.planning.wam_diff import WamDiffPlanner
from wam_ros.training.dataset import MANIFEST, SHARDS, DemoDataset
from wam_ros.training.decoded_samples import DecodeWay, decoded_samples, route_curvature
from wam_ros.training.demo_sample import Sample
from wam_ros.training.demo_shard import FORMAT, write_shard

SETTINGS = DecodeSettings(steps=2)


def straight_sample(number: int, drive: int) -> Sample:
    """Its route is straight, so that points at arc lengths say all of it."""
    route = np.column_stack([ROUTE_DISTANCES, np.zeros(len(ROUTE_DISTANCES))]).astype(np.float32)
    return replace(made_sample(number, drive), route=route, command=COMMANDS.index("left"))


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    return [straight_sample(number, drive) for drive in (4, 7) for number in range(3)]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> DemoDataset:
    folder = tmp_path_factory.mktemp("demos")
    for name, part in (("a.npz", samples[:3]), ("b.npz", samples[3:])):
        write_shard(folder / SHARDS / name, part)
    entries = [{"file": name, "town": "town", "samples": 3} for name in ("a.npz", "b.npz")]
    manifest = {"format": FORMAT, "recipe": {"camera": CAMERA.as_dict()}, "towns": ["town"], "shards": entries}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return DemoDataset(folder)


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return random_checkpoint(preset("tiny"), CAMERA)


def observation(sample: Sample) -> Observation:
    ego = EgoState(
        0,
        "odom",
        SE2(0.0, 0.0, 0.0),
        float(sample.velocity[0]),
        lateral_speed=float(sample.velocity[1]),
        acceleration=float(sample.acceleration[0]),
        lateral_acceleration=float(sample.acceleration[1]),
        yaw_rate=float(sample.yaw_rate),
    )
    image = CameraImage(0, sample.image(), "rgb8", CAMERA.model())
    route = Route.from_points("odom", [[0.0, 0.0], [200.0, 0.0]])
    return Observation(0, ego, {"front": image}, route, "left")


def test_they_are_those_of_the_planner(checkpoint: Checkpoint, dataset: DemoDataset, samples: list[Sample]) -> None:
    (decoded,) = decoded_samples(checkpoint, dataset, [DecodeWay(SETTINGS)], 100)
    planner = WamDiffPlanner(checkpoint, SETTINGS)
    assert decoded.drives.tolist() == [4, 4, 4, 7, 7, 7]
    for row, sample in enumerate(samples):
        plan = planner.plan(observation(sample), Deadline.unlimited())
        assert plan.waypoint_confidence is not None
        np.testing.assert_allclose(decoded.believed[row].numpy(), plan.waypoint_confidence, atol=1e-6)
        errors = np.linalg.norm(plan.trajectory.positions - sample.plan[:, :2], axis=1)
        np.testing.assert_allclose(decoded.errors[row].numpy(), errors, atol=1e-5)
        path = np.vstack([[[0.0, 0.0]], plan.trajectory.positions])
        rough = np.linalg.norm(np.diff(path, n=2, axis=0), axis=1).mean()
        assert float(decoded.rough[row]) == pytest.approx(rough, abs=1e-5)
        assert decoded.steps[row] == plan.steps_done == 2
    assert decoded.happened.shape == (6, 8)
    assert torch.equal(decoded.happened[:, 7], decoded.errors[:, 7] <= 1.5)


def test_few_are_spread_over_all(checkpoint: Checkpoint, dataset: DemoDataset) -> None:
    counted: list[tuple[int, int]] = []
    ways = [DecodeWay(DecodeSettings(steps=1))]
    (decoded,) = decoded_samples(checkpoint, dataset, ways, 2, lambda *now: counted.append(now))
    assert decoded.drives.tolist() == [4, 7]
    assert counted == [(1, 2), (2, 2)]


def test_another_camera_is_refused(dataset: DemoDataset) -> None:
    other = random_checkpoint(preset("tiny"), replace(CAMERA, height_above_ground=2.0))
    with pytest.raises(ConfigError, match="the weights were trained for"):
        decoded_samples(other, dataset, [DecodeWay(SETTINGS)], 10)


def test_ways_do_not_know_of_each_other(checkpoint: Checkpoint, dataset: DemoDataset) -> None:
    spent: list[str] = []
    late = DecodeWay(DecodeSettings(), lambda: Deadline.after(0.0, worked=lambda work, _: spent.append(work)))
    guided, single = DecodeWay(DecodeSettings(guidance=3.0)), DecodeWay(DecodeSettings(pairs=False))
    ways = [DecodeWay(DecodeSettings()), late, guided, single]
    together = decoded_samples(checkpoint, dataset, ways, 3)
    assert [one.steps.tolist() for one in together] == [[8] * 3, [1] * 3, [8] * 3, [16] * 3]
    assert spent == ["encode", "pass"] * 3
    for way, one in zip(ways, together):
        (alone,) = decoded_samples(checkpoint, dataset, [way], 3)
        assert torch.equal(alone.errors, one.errors)


def test_a_route_has_the_curvature_of_its_turn() -> None:
    angles = np.linspace(0.0, np.pi / 2, 12)
    circle = np.column_stack([20.0 * np.sin(angles), -20.0 * (1.0 - np.cos(angles))]).astype(np.float32)
    right = route_curvature(np.vstack([circle, np.full((3, 2), np.nan, np.float32)]))
    assert right == pytest.approx(-1 / 20.0, rel=0.2)
    assert route_curvature(np.full((4, 2), np.nan, np.float32)) is None
