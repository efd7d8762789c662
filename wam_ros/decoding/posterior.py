"""What a model believes about numbers: a distribution over the bins for each, and what is read from it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from wam_ros.decoding.layout import BIN_SIZE, BINS, LOWEST

# 20,001 = 113 * 177: sums over blocks find a quantile with one pass over memory, a plain cumulative sum needs several.
_BLOCKS, _BLOCK = 113, 177
_ROUNDING = 1e-6  # bins; a window's edge that falls on a bin's centre counts as inside


class NumberPosterior:
    """Independent distributions over the bins.

    Fields:
        logits: (..., BINS) float32.
        probabilities: (..., BINS) float32, their softmax.

    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        self.probabilities = logits.softmax(-1)
        blocks = torch.unflatten(self.probabilities, -1, (_BLOCKS, _BLOCK))
        self._up_to_block = blocks.sum(-1).cumsum(-1)

    def row(self, index: int) -> NumberPosterior:
        """That of one index of the first dimension; shares memory."""
        one = object.__new__(NumberPosterior)
        one.logits, one.probabilities = self.logits[index], self.probabilities[index]
        one._up_to_block = self._up_to_block[index]
        return one

    def finite(self) -> Tensor:
        """Whether all are numbers, as bool of no dimension."""
        return torch.isfinite(self._up_to_block[..., -1]).all()

    def argmax_bins(self) -> Tensor:
        """Most probable bins (...)."""
        return self.logits.argmax(-1)

    def median_bins(self) -> Tensor:
        """Bins (...) at which half of the mass is reached."""
        return self.quantile_bins(0.5)

    def quantile_bins(self, level: float | Tensor) -> Tensor:
        """First bins (...) at which the cumulative mass reaches `level`, a number or a tensor (...) in (0, 1)."""
        total = self._up_to_block[..., -1:]
        target = total * (level.unsqueeze(-1) if isinstance(level, Tensor) else level)
        block = (self._up_to_block < target).sum(-1, keepdim=True).clamp_(max=_BLOCKS - 1)
        before = torch.where(block > 0, self._up_to_block.gather(-1, (block - 1).clamp_(min=0)), 0.0)
        blocks = torch.unflatten(self.probabilities, -1, (_BLOCKS, _BLOCK))
        inside = blocks.take_along_dim(block.unsqueeze(-1), dim=-2).squeeze(-2)
        offset = (inside.cumsum(-1) + before < target).sum(-1).clamp_(max=_BLOCK - 1)
        return block.squeeze(-1) * _BLOCK + offset

    def mean_bins(self, lowest: Tensor, highest: Tensor) -> Tensor:
        """Bins (...) nearest to the mean of what lies within bins lowest..highest (...), both inclusive.

        The window is not optional: mass of 1e-4 in the far tails of a range of 200 m moves a mean by centimetres.

        """
        bins = torch.arange(BINS, device=self.logits.device)
        outside = (bins < lowest.unsqueeze(-1)) | (bins > highest.unsqueeze(-1))
        within = self.logits.masked_fill(outside, -math.inf).softmax(-1)
        middle = 0.5 * (lowest + highest).unsqueeze(-1)  # small offsets keep float32 exact enough
        mean = (within * (bins - middle)).sum(-1) + middle.squeeze(-1)
        return mean.round().to(torch.int64)

    def top_mass(self) -> Tensor:
        """Probability (...) of the most probable bin."""
        return self.probabilities.amax(-1)

    def bin_window_mass(self, bins: Tensor, half_width: int) -> Tensor:
        """Mass (...) of the bins within `half_width` of `bins` (...)."""
        offsets = torch.arange(-half_width, half_width + 1, device=bins.device)
        index = bins.unsqueeze(-1) + offsets
        inside = (index >= 0) & (index < BINS)
        return (self.probabilities.gather(-1, index.clamp_(0, BINS - 1)) * inside).sum(-1)

    def window_mass(self, centres: Tensor, radii: Sequence[float]) -> Tensor:
        """Mass within `radii` (N values) of `centres` [m], for a posterior (N, BINS): (..., N) -> float64 (..., N).

        A bin is inside when its value is; both edges count as inside.

        """
        radius = torch.tensor(radii, dtype=torch.float64, device=centres.device)
        centre = (centres.to(torch.float64) - LOWEST) / BIN_SIZE
        first = torch.ceil(centre - radius / BIN_SIZE - _ROUNDING)
        last = torch.floor(centre + radius / BIN_SIZE + _ROUNDING)
        width = math.ceil(2.0 * max(radii) / BIN_SIZE) + 2
        # Centres far outside would overflow int64: beyond one width of the range they hold no mass anyway.
        first = first.clamp(-2.0 * width, BINS + 2.0 * width)
        index = first.to(torch.int64).unsqueeze(-1) + torch.arange(width, device=centres.device)
        inside = (index >= 0) & (index < BINS) & (index <= last.unsqueeze(-1))
        masses = self.probabilities.expand(*centres.shape, BINS).gather(-1, index.clamp_(0, BINS - 1))
        return (masses * inside).sum(-1, dtype=torch.float64).clamp_(max=1.0)
