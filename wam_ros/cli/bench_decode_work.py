"""How much arithmetic and memory traffic a network's prefill and step need, by formula. It measures nothing.

Counted are products of matrices, as they are computed (2 operations per multiplication), and the least traffic: the
layers' weights once, the cache once. Vision, head, norms and activations are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wam_ros.models import WamDiff, WamDiffConfig
    from wam_ros.models.block import Block


@dataclass(frozen=True)
class Work:
    """Operations with floating-point numbers, and bytes to and from memory."""

    flops: int
    bytes: int

    def bound_s(self, flops_per_s: float, bytes_per_s: float) -> float:
        """The roofline: no machine with these peaks does it in less time [s]."""
        return max(self.flops / flops_per_s, self.bytes / bytes_per_s)


def prefill_work(model: WamDiff, prompt_length: int) -> Work:
    """Of one prompt; in mode `full` beside an answer of masks. The last layer ends at its keys and values."""
    config = model.config
    answer = config.answer_length if config.attention == "full" else 0
    rows, layers = prompt_length + answer, config.layers
    projections = layers * 2 * rows * 3 * config.width**2
    rest = _after_attention(config, prompt_length) + (_after_attention(config, answer) if answer else 0)
    attention = 4 * rows * rows * config.width
    flops = _embedding(config, rows) + projections + (layers - 1) * (attention + rest)
    last: Block = model.blocks[-1]  # type: ignore[assignment]
    read_of_last = _bytes(last.qkv) + _bytes(last.attention_norm)
    weights = _bytes(model.blocks) - _bytes(last) + read_of_last
    return Work(flops, weights + _cache_bytes(model, prompt_length))


def step_work(model: WamDiff, prompt_length: int, answers: int = 1, contexts: int = 1) -> Work:
    """Of one step: `answers` in each of `contexts`, against their caches."""
    config = model.config
    length, pools = config.answer_length, answers * contexts
    projections = 2 * length * 3 * config.width**2
    attention = 4 * length * (prompt_length + length) * config.width
    flops = _embedding(config, answers * length)
    flops += config.layers * pools * (projections + attention + _after_attention(config, length))
    return Work(flops, _bytes(model.blocks) + contexts * _cache_bytes(model, prompt_length))


def _after_attention(config: WamDiffConfig, rows: int) -> int:
    """Operations of one layer on a pool of rows: output projection, SwiGLU, experts."""
    width = config.width
    flops = 2 * rows * width**2 + 6 * rows * width * config.ffn_width
    if config.experts is None:
        return flops
    experts = config.experts
    taken = experts.count * experts.capacity(rows)
    choosing = 2 * rows * width * experts.count
    moving = 2 * (2 * taken * rows * width)  # to the experts and back, as products with a 0-1 matrix
    return flops + choosing + moving + 2 * (2 * taken * experts.rank * width)


def _embedding(config: WamDiffConfig, rows: int) -> int:
    from wam_ros.models.numbers import RANK

    return 2 * rows * RANK * config.width if config.numbers == "basis" else 0


def _cache_bytes(model: WamDiff, prompt_length: int) -> int:
    config = model.config
    return 2 * config.layers * prompt_length * config.width * model.compute_dtype.itemsize


def _bytes(module: object) -> int:
    from torch import nn

    assert isinstance(module, nn.Module)
    return sum(weight.nbytes for weight in module.state_dict().values())  # of quantised layers they are buffers
