from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from wam_ros.core.errors import ConfigError
from wam_ros.models import PRESETS, WamDiff, WamDiffConfig, preset
from wam_ros.models.config import ExpertConfig, Normalisation, StemConfig, TilesConfig


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_goes_through_json(name: str) -> None:
    config = preset(name)
    assert config.name == name
    assert WamDiffConfig.from_dict(json.loads(json.dumps(config.as_dict())), "here") == config


def test_the_papers_network_builds_on_the_meta_device_with_the_papers_sizes() -> None:
    with torch.device("meta"):
        model = WamDiff(preset("wam_diff_8b"))
    sizes = {name: value.numel() for name, value in model.named_parameters()}
    assert all(value.is_meta for value in model.parameters())

    def billions(*parts: str) -> float:
        return sum(size for name, size in sizes.items() if any(part in name for part in parts)) / 1e9

    # facts/algorithms 1.3: 6.98 body, 1.20 embedding and head, 0.545 experts, 0.40 SigLIP, 0.02 projector; 9.1 in all.
    assert billions("experts") == pytest.approx(0.54526, abs=1e-5)
    assert billions("blocks") - billions("experts") == pytest.approx(6.98, abs=0.01)
    assert billions("vocabulary") == pytest.approx(2 * 146_350 * 4096 / 1e9)
    assert billions("vision.layers") == pytest.approx(0.396, abs=0.002)
    assert billions("vision.project") == pytest.approx(0.0215, abs=0.0002)
    assert billions("") == pytest.approx(9.14, abs=0.01)
    assert model.config.vocabulary_size == 146_350
    assert model.config.experts is not None
    assert [model.config.experts.capacity(rows) for rows in (2417, 2385, 32)] == [4, 4, 1]


def test_small_is_small_and_sees_240_tokens() -> None:
    config = preset("small")
    model = WamDiff(config)
    assert model.vision.visual_tokens(360, 640) == 240
    assert 2 * sum(value.numel() for value in model.state_dict().values()) < 20e6
    # No tensor that is saved has a row per number.
    assert max(max(value.shape) for value in model.state_dict().values()) < 2_000


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"heads": 3}, "wanted a multiple"),
        ({"attention": "causal"}, "attention = 'causal'"),
        ({"numbers": "bits"}, "numbers = 'bits'"),
        ({"mask_id": 10**6}, "mask_id"),
        ({"layers": 0}, "layers = 0"),
        ({"max_positions": 40}, "max_positions 40, image and answer take 44"),
        ({"route_distances": (5.0, 4.0)}, "do not increase"),
        ({"positions": "rotary", "width": 30, "heads": 2}, "odd width 15"),
        ({"format_version": 2}, "format_version 2, this program reads 1"),
    ],
)
def test_settings_that_contradict_are_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        replace(preset("tiny"), **changes)  # type: ignore[arg-type]


def test_parts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="patch of 60 px"):
        TilesConfig(tile=56, patch=60)
    with pytest.raises(ConfigError, match="stem channels"):
        StemConfig(channels=())
    with pytest.raises(ConfigError, match="capacity_factor"):
        ExpertConfig(capacity_factor=0.0)
    with pytest.raises(ConfigError, match="must be positive"):
        Normalisation(image_std=0.0)


def test_unknown_names_come_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        preset("small_")
    values = preset("tiny").as_dict()
    with pytest.raises(ConfigError, match=r"here: unknown 'layer'; did you mean 'layers'"):
        WamDiffConfig.from_dict({**values, "layer": 3}, "here")
    with pytest.raises(ConfigError, match=r"here: vision kind 'lidar'"):
        WamDiffConfig.from_dict({**values, "vision": {"kind": "lidar"}}, "here")
    with pytest.raises(ConfigError, match=r"here: vision: channels = \['a'\]"):
        WamDiffConfig.from_dict({**values, "vision": {**values["vision"], "channels": ["a"]}}, "here")
    with pytest.raises(ConfigError, match=r"here: vision: unknown 'patches'"):
        WamDiffConfig.from_dict({**values, "vision": {**values["vision"], "patches": 3}}, "here")
