"""Small networks with weights that matter, and the inputs that go with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from wam_ros.models import HybridTokenizer, Situation, WamDiff, WamDiffConfig, build_prompt, preset
from wam_ros.models.config import ExpertConfig, TilesConfig

torch.set_num_threads(1)

TOKENIZER = HybridTokenizer()
SITUATION = Situation(
    command="left",
    velocity=(8.25, 0.1),
    acceleration=(-0.5, 0.25),
    yaw_rate=0.12,
    route=[(4.0, 0.1), (8.0, 0.4), (12.0, 0.9), (18.0, 2.0), (25.0, 3.9), (34.0, 7.6), (45.0, 14.0), None],
)
SMALL_TILES = TilesConfig(tile=56, patch=14, width=16, layers=1, heads=2, ffn_width=32)


def tiny_config(**changes: Any) -> WamDiffConfig:
    return replace(preset("tiny"), **changes)


def reduced_8b(**changes: Any) -> WamDiffConfig:
    """The paper's network with every width cut down and the closed vocabulary."""
    return replace(
        preset("wam_diff_8b"),
        text_tokens=TOKENIZER.number_base,
        mask_id=TOKENIZER.mask_id,
        width=32,
        layers=2,
        heads=2,
        ffn_width=64,
        vision=SMALL_TILES,
        experts=ExpertConfig(count=4, rank=4, alpha=4.0, dropout=0.0),
        max_positions=512,
        heading_width=16,
        **changes,
    )


def make_model(config: WamDiffConfig, seed: int = 0) -> WamDiff:
    """Random weights, the experts' too: as built they give nothing."""
    torch.manual_seed(seed)
    model = WamDiff(config).eval()
    for name, weight in model.named_parameters():
        if name.endswith("experts.up"):
            torch.nn.init.normal_(weight, std=0.5)
    return model


def make_prompt(config: WamDiffConfig, visual_tokens: int = 12, situation: Situation = SITUATION) -> Tensor:
    return build_prompt(situation, TOKENIZER, config, visual_tokens).tokens


def make_visual(config: WamDiffConfig, visual_tokens: int = 12, seed: int = 1) -> Tensor:
    return torch.randn(visual_tokens, config.width, generator=torch.Generator().manual_seed(seed))


def make_answers(count: int, seed: int = 2, masked: float = 0.5) -> Tensor:
    """(count, 32) ids: numbers, commas and end, a share of them masked."""
    generator = torch.Generator().manual_seed(seed)
    answers = torch.full((count, 32), TOKENIZER.comma_id)
    answers[:, -1] = TOKENIZER.end_id
    values = torch.rand(count, 16, generator=generator) * 60.0 - 10.0
    answers[:, 0::2] = TOKENIZER.number_ids(values).ids
    hidden = torch.rand(count, 32, generator=generator) < masked
    return answers.masked_fill(hidden, TOKENIZER.mask_id)
