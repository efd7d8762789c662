"""The backbone's products in eight bits: weights stored per output row, each row of activations scaled as it comes.

int8 and float8 e4m3, symmetric: q = x / s with s = max|x| / q_max per row, y = (q_x q_w) s_x s_w. Rows are scaled by
themselves alone, so cached and uncached passes, batches and singles still give the same. It trains nothing.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.functional import ScalingType

from wam_ros.core.errors import ConfigError
from wam_ros.models.checkpoint import Checkpoint

_SMALLEST = 1e-12  # scale of a row of zeros


class Quantisation(Enum):
    """What the products of the layers are made in."""

    NONE = "none"
    INT8 = "int8"
    FP8 = "fp8"  # fast on GPUs from compute capability 8.9 on; elsewhere for trying what it costs in quality


_TYPES = {Quantisation.INT8: torch.int8, Quantisation.FP8: torch.float8_e4m3fn}
_LARGEST = {torch.int8: 127.0, torch.float8_e4m3fn: 448.0}


class QuantisedLinear(nn.Module):
    """A linear map without bias, (..., in) -> (..., out), of the type of its rows.

    Args:
        linear: To take the weights from; a bias is left behind, the backbone has none.
        kind: int8 or fp8.

    """

    weight: Tensor
    scale: Tensor

    def __init__(self, linear: nn.Linear, kind: Quantisation) -> None:
        super().__init__()
        weight, scale = by_row(linear.weight.detach(), _TYPES[kind])
        self.register_buffer("weight", weight)  # (out, in)
        self.register_buffer("scale", scale.T.contiguous())  # (1, out) float32

    def forward(self, x: Tensor) -> Tensor:
        """Rows of any leading shape."""
        rows, scale = by_row(x.flatten(0, -2), self.weight.dtype)
        if self.weight.dtype == torch.int8:
            out = torch._int_mm(rows, self.weight.T).float() * scale * self.scale  # noqa: SLF001 - the only name it has
        else:
            kinds = ScalingType.RowWise, ScalingType.RowWise
            out = functional.scaled_mm(
                rows, self.weight.T, scale, kinds[0], self.scale, kinds[1], output_dtype=torch.bfloat16
            )
        made: Tensor = out.to(x.dtype)
        return made.view(*x.shape[:-1], -1)


def by_row(x: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Rows (N, d) in a short type, and their scales (N, 1) float32: x is about the product of both."""
    largest = _LARGEST[dtype]
    scale = (x.abs().amax(-1, keepdim=True).float() / largest).clamp(min=_SMALLEST)
    scaled = x.float() / scale
    scaled = scaled.round() if dtype == torch.int8 else scaled.clamp(-largest, largest)
    return scaled.to(dtype), scale


def quantise(checkpoint: Checkpoint, kind: Quantisation) -> Checkpoint:
    """The checkpoint with the products of its layers in eight bits; its network is changed where it lies.

    Vision, experts, tables and heads stay as they are. Hash and provenance tell the kind. A big network would not fit
    twice, therefore no copy is made.

    Args:
        checkpoint: Used up: load it again to have it whole.
        kind: Of the products; NONE gives the checkpoint back.

    Raises:
        ConfigError: The network's layers were quantised before.

    """
    if kind is Quantisation.NONE:
        return checkpoint
    for block in checkpoint.model.blocks:
        for parent, name in ((block, "qkv"), (block, "out"), (block.ffn, "gate_up"), (block.ffn, "down")):
            linear = getattr(parent, name)
            if not isinstance(linear, nn.Linear):
                msg = f"quantisation {kind.value}: the layers are quantised already; load the checkpoint again"
                raise ConfigError(msg)
            setattr(parent, name, QuantisedLinear(linear, kind))
    return replace(
        checkpoint,
        provenance=f"{checkpoint.provenance}; products of its layers in {kind.value}",
        weights_hash=f"{checkpoint.weights_hash}+{kind.value}",
    )
