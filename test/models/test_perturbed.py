from __future__ import annotations

import pytest
import torch

from test.models.parts import tiny_config
from wam_ros.core import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.models import Checkpoint, random_checkpoint
from wam_ros.models.perturbed import perturbed

CAMERA = CanonicalCamera(128, 72, 64.0, 63.5, 35.5, height_above_ground=1.6)


@pytest.fixture(scope="module")
def parent() -> Checkpoint:
    return random_checkpoint(tiny_config(), CAMERA)


def weights(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    return dict(checkpoint.model.state_dict())


def test_each_matrix_gets_noise_of_its_own_size_and_vectors_none(parent: Checkpoint) -> None:
    before = {name: value.clone() for name, value in weights(parent).items()}
    after = weights(perturbed(parent, 0.1))
    for name, value in before.items():
        added = after[name] - value
        if value.dim() < 2:
            assert torch.equal(after[name], value), name
        elif value.numel() >= 500:
            assert added.square().mean().sqrt() == pytest.approx(0.1 * value.square().mean().sqrt(), rel=0.2), name
    assert any(not torch.equal(after[name], value) for name, value in before.items())
    assert all(torch.equal(value, before[name]) for name, value in weights(parent).items()), "the parent changed"


def test_the_same_seed_gives_the_same_weights_and_another_does_not(parent: Checkpoint) -> None:
    one, again, other = (weights(perturbed(parent, 0.1, seed)) for seed in (3, 3, 4))
    assert all(torch.equal(value, again[name]) for name, value in one.items())
    assert any(not torch.equal(value, other[name]) for name, value in one.items())


def test_noise_can_be_told_from_the_outside(parent: Checkpoint) -> None:
    made = [perturbed(parent, 0.1), perturbed(parent, 0.1, 1), perturbed(parent, 0.2)]
    assert len({parent.weights_hash, *(one.weights_hash for one in made)}) == 4
    assert "not trained; perturbed: noise 0.1 on each matrix, seed 1" in made[1].provenance
    assert not made[0].model.training


def test_short_types_keep_their_type(parent: Checkpoint) -> None:
    short = random_checkpoint(tiny_config(), CAMERA)
    short.model.set_compute_dtype(torch.bfloat16)
    made = perturbed(short, 0.1)
    assert made.model.compute_dtype == torch.bfloat16
    exact = weights(perturbed(parent, 0.1))
    for name, value in weights(made).items():
        torch.testing.assert_close(value.float(), exact[name], atol=0.02, rtol=0.02)


@pytest.mark.parametrize("noise", [0.0, -0.1, float("nan"), float("inf")])
def test_noise_must_be_some(parent: Checkpoint, noise: float) -> None:
    with pytest.raises(ConfigError, match="wanted more than 0"):
        perturbed(parent, noise)
