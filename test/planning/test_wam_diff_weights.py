"""Weights of every kind reach the planner: ours, published ones, and made-up ones of the paper's network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from test.models.parts import SMALL_TILES, TOKENIZER
from test.models.released.hidden_package import hide_tokenizers
from wam_ros.core import SE2, CameraImage, ConfigError, Deadline, EgoState, Observation, PlanStatus
from wam_ros.models import HybridTokenizer, WamDiffConfig, preset
from wam_ros.models.config import ExpertConfig
from wam_ros.planning.wam_diff import WamDiffPlanner, load_wam_diff, random_wam_diff


def narrow_8b(**changes: Any) -> WamDiffConfig:
    """The paper's network, thin, with more text tokens than the closed vocabulary has."""
    return replace(
        preset("wam_diff_8b"),
        text_tokens=1024,
        mask_id=0,
        width=32,
        layers=2,
        heads=2,
        ffn_width=64,
        vision=SMALL_TILES,
        experts=ExpertConfig(count=4, rank=2),
        max_positions=512,
        **changes,
    )


def planned(planner: WamDiffPlanner) -> None:
    planner.warm_up()
    camera = planner.camera
    assert camera is not None
    pixels = np.random.default_rng(0).integers(0, 255, (camera.height, camera.width, 3), np.uint8)
    ego = EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 8.0)
    seen = Observation(0, ego, {"front": CameraImage(0, pixels, "rgb8", camera.model())}, instruction="turn left")
    plan = planner.plan(seen, Deadline.unlimited())
    assert (plan.status, plan.steps_done) == (PlanStatus.FULL, 8)
    assert np.isfinite(plan.trajectory.positions).all()
    assert planner.measured_twins(seen).attention == "full"


def test_the_papers_network_plans_with_made_up_weights() -> None:
    planner = random_wam_diff(narrow_8b(), compute_dtype="float32")
    planned(planner)
    assert (planner.weights_hash, planner.provenance) == (
        "random-0",
        "random weights, seed 0: not trained; computes in float32",
    )
    assert (planner.camera.width, planner.camera.height) == (1920, 1080)  # type: ignore[union-attr]


def test_made_up_weights_of_the_papers_network_are_made_in_their_type() -> None:
    checkpoint = random_wam_diff(narrow_8b(), compute_dtype="bfloat16")._checkpoint
    types = {name: value.dtype for name, value in checkpoint.model.named_parameters()}
    assert {dtype for name, dtype in types.items() if not name.startswith("heading.")} == {torch.bfloat16}
    assert checkpoint.tokenizer.vocabulary_size == checkpoint.model.config.vocabulary_size == 1024 + 20_001


def test_ids_behind_the_closed_vocabulary_stand_for_nothing() -> None:
    tokenizer = random_wam_diff(narrow_8b())._checkpoint.tokenizer
    text = "Turn left, 3.25 m"
    tokens = tokenizer.encode(text)
    shift = tokenizer.number_base - TOKENIZER.number_base
    assert shift > 0
    assert tokens == [token + shift if token >= TOKENIZER.number_base else token for token in TOKENIZER.encode(text)]
    assert tokenizer.decode([*tokens, TOKENIZER.number_base, 1023]) == text
    with pytest.raises(ConfigError, match="network of 9 text tokens, the closed vocabulary has"):
        random_wam_diff(replace(narrow_8b(), text_tokens=9))


def test_the_full_size_has_the_papers_vocabulary() -> None:
    config = preset("wam_diff_8b")
    assert config.vocabulary_size == 146_350
    assert config.text_tokens > len(HybridTokenizer().text)


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny folder in WAM-Diff's layout; its tower is not the paper's, which files do not tell."""
    pytest.importorskip("tokenizers")
    from test.models.released import parts

    monkeypatch.setattr("wam_ros.models.released.loader.preset", lambda _: parts.BASE)
    return parts.write_folder(tmp_path / "released", "WAM-Diff", parts.tensors("WAM-Diff"))


def test_a_published_folder_plans(released: Path) -> None:
    planner = load_wam_diff(str(released), compute_dtype="float32")
    assert planner.provenance.startswith("WAM-Diff weights of released;")
    planned(planner)


def test_without_tokenizers_the_remedy_is_told(released: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_tokenizers(monkeypatch)
    with pytest.raises(ConfigError, match=r"needs the package tokenizers: pip install -r requirements/full\.txt"):
        load_wam_diff(str(released))


def test_half_a_published_folder_is_read_as_one(released: Path) -> None:
    (released / "config.json").unlink()
    with pytest.raises(ConfigError, match=r"config\.json: cannot be read as JSON"):
        load_wam_diff(str(released))


def test_a_device_that_is_not_there_is_refused_before_weights_are_read(tmp_path: Path) -> None:
    for checkpoint in (str(tmp_path / "nowhere"), "random:wam_diff_8b"):
        with pytest.raises(ConfigError, match=r"device 'cuda:99': torch .* sees"):
            load_wam_diff(checkpoint, device="cuda:99")
