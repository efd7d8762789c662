from __future__ import annotations

import numpy as np
import pytest
import torch

from test.training.training_parts import made_batch, tiny_training
from wam_ros.core.errors import ConfigError
from wam_ros.models import preset, random_checkpoint
from wam_ros.models.thinned import thinned
from wam_ros.planning.wam_diff_weights import default_camera
from wam_ros.training.planner_stage import PlannerLosses
from wam_ros.training.stages import build_stage

TINY = preset("tiny")
CHECKPOINT = random_checkpoint(TINY, default_camera(TINY))


def pictures(count: int = 2) -> torch.Tensor:
    camera = CHECKPOINT.camera
    drawn = np.random.default_rng(0).integers(0, 255, (count, camera.height, camera.width, 3), np.uint8)
    return torch.from_numpy(drawn)


@pytest.mark.parametrize("stride", [2, 3])
def test_it_sees_a_part_of_what_the_whole_sees(stride: int) -> None:
    thin = thinned(CHECKPOINT, stride)
    images = pictures()
    with torch.inference_mode():
        whole, seen = CHECKPOINT.model.see(images), thin.model.see(images)
    kept = thin.model.vision.kept
    assert isinstance(kept, torch.Tensor)
    assert torch.equal(seen, whole[:, kept])
    assert len(kept) == pytest.approx(whole.shape[1] / stride, abs=whole.shape[1] / 4)
    columns = TINY.vision.grid[1]  # type: ignore[union-attr]
    assert {place // columns for place in kept.tolist()} == set(range(TINY.vision.grid[0]))  # type: ignore[union-attr]
    assert thin.weights_hash != CHECKPOINT.weights_hash


def test_rows_keep_the_places_that_they_were_trained_at(tmp_path: object) -> None:
    """Against the training pass that leaves the same tokens out."""
    batch = made_batch(tmp_path, tiny_training())  # type: ignore[arg-type]
    losses = build_stage(tiny_training())
    assert isinstance(losses, PlannerLosses)
    model = losses.rows.model
    checkpoint = random_checkpoint(model.config, CHECKPOINT.camera)
    checkpoint.model.load_state_dict(model.state_dict())
    thin = thinned(checkpoint, 2).model
    kept = thin.vision.kept
    assert isinstance(kept, torch.Tensor)
    with torch.inference_mode():
        whole = model.see(batch.images)
        cells, length = whole.shape[1], batch.prompts.shape[1]
        answers = torch.full((len(batch), 1, 32), model.config.mask_id)
        asked = torch.ones(len(batch), 1, 16, dtype=torch.bool)
        places = torch.cat([kept, torch.arange(cells, length)])
        wanted = losses.rows(batch.prompts, whole, answers, asked, places)
        prompts = batch.prompts[:, places]
        found = thin(prompts, thin.see(batch.images), answers)[:, :, 0::2][asked]
        all_seen = model(batch.prompts, whole, answers)[:, :, 0::2][asked]
    assert torch.allclose(found, wanted, atol=1e-4)
    assert not torch.allclose(all_seen, wanted, atol=1e-2)


def test_the_given_checkpoint_stays_as_it_is() -> None:
    with torch.inference_mode():
        before = CHECKPOINT.model.see(pictures())
        thinned(CHECKPOINT, 2)
        assert torch.equal(CHECKPOINT.model.see(pictures()), before)


def test_strides_and_networks_that_cannot_be_thinned() -> None:
    for stride in (0, 1, 99):
        with pytest.raises(ConfigError, match=f"visual stride {stride}"):
            thinned(CHECKPOINT, stride)
