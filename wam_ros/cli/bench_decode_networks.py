"""The networks that `wam bench decode` knows by name: presets, and two shapes that nobody trains or drives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wam_ros.models import WamDiffConfig

FULL_SIZE = "wam_diff_8b"
NETWORKS = ("tiny", "small", "wide", "tiny_8b", FULL_SIZE)


def network_config(name: str) -> WamDiffConfig:
    """A preset, `wide` (12 layers of 768, the paper's 2,417 positions), or `tiny_8b` (the paper's network, but narrow).

    `tiny_8b` sees the same image through the same tiles and has the same positions, so a CPU can run all that the full
    size runs.
    """
    from wam_ros.models import preset
    from wam_ros.models.config import ExpertConfig, StemConfig, TilesConfig

    if name == "wide":
        return replace(
            preset("small"),
            name=name,
            width=768,
            layers=12,
            heads=12,
            ffn_width=2048,
            vision=StemConfig(image_width=1568, image_height=1536),
            route_distances=tuple(4.0 * point for point in range(1, 15)),
            max_positions=2417,
        )
    if name == "tiny_8b":
        return replace(
            preset(FULL_SIZE),
            name=name,
            text_tokens=1024,
            mask_id=0,
            width=64,
            layers=2,
            heads=2,
            ffn_width=192,
            vision=TilesConfig(width=32, layers=1, heads=2, ffn_width=64),
            experts=ExpertConfig(rank=2),
            max_positions=4096,
            heading_width=16,
        )
    return preset(name)
