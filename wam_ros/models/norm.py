"""The norm that every network here uses."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class RmsNorm(nn.Module):
    """x / rms(x) * weight; a shorter type is summed in float32 inside."""

    def __init__(self, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """(..., d) -> (..., d), of the same type."""
        return functional.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.eps)
