"""Initial values at full size: a whole network that nobody trained, or the parts that a released layout lacks.

Everything is made on its device in its type, so the weights are never held twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from wam_ros.models.config import TilesConfig, WamDiffConfig
from wam_ros.models.heading import HeadingHead
from wam_ros.models.lora_moe import LoraMoe
from wam_ros.models.model import WamDiff
from wam_ros.models.numbers import build_numbers
from wam_ros.models.siglip import TiledVision


def random_network(
    config: WamDiffConfig, dtype: torch.dtype = torch.bfloat16, device: torch.device | str = "cpu", seed: int = 0
) -> WamDiff:
    """A network of random weights in evaluation mode; same device and seed, same weights. Headings are float32."""
    with _making(dtype, device, seed):
        model = WamDiff(config).eval()
    model.heading.float()
    return model


def fresh_values(
    config: WamDiffConfig, lacks: tuple[str, ...], dtype: torch.dtype, device: torch.device | str, seed: int = 0
) -> dict[str, Tensor]:
    """The initial values of modules by our parameters' names, of `dtype`, headings of float32.

    Experts start silent and headings as the chords' directions, so neither changes what the rest computes. A vision
    tower or numbers that nobody trained do make the network useless until it is trained.
    """
    assert isinstance(config.vision, TilesConfig)
    assert config.experts is not None
    values: dict[str, Tensor] = {}
    with _making(dtype, device, seed):
        if "vision" in lacks:
            values |= _named("vision.", TiledVision(config.vision, config.width, config.normalisation))
        if "vocabulary.numbers" in lacks:
            values |= _named("vocabulary.numbers.", build_numbers(config.numbers, config.width))
        if "experts" in lacks:
            for layer in range(config.layers):
                values |= _named(f"blocks.{layer}.experts.", LoraMoe(config.width, config.experts))
        if "heading" in lacks:
            values |= _named("heading.", HeadingHead(config.heading_width).float())
    return values


@contextmanager
def _making(dtype: torch.dtype, device: torch.device | str, seed: int) -> Iterator[None]:
    """What is built inside is of that type, on that device, of that seed; the caller's random numbers stay as is."""
    device = torch.device(device)
    before = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        torch.set_default_dtype(dtype)
        try:
            with device:
                yield
        finally:
            torch.set_default_dtype(before)


def _named(prefix: str, module: nn.Module) -> Mapping[str, Tensor]:
    return {prefix + name: value for name, value in module.state_dict().items()}
