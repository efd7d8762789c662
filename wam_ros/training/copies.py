"""Masked copies of answers: which numbers each copy hides, and how much it counts. It knows no network.

Shapes: B samples, K copies of each, N numbers of an answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wam_ros.core.errors import ConfigError

LEAST_RATE = 1e-3  # as in LLaDA: r = (1 - 1e-3) u + 1e-3, so that 1 / r is bounded


@dataclass(frozen=True, eq=False)
class MaskedCopies:
    """Hidden numbers.

    Fields:
        hidden: (B, K, N) bool.
        rates: (B, K) the probability r in (0, 1] by which each was hidden.

    """

    hidden: Tensor
    rates: Tensor

    def weights(self) -> Tensor:
        """(M,) of the M hidden numbers in order: 1 / (r N B K), so that a weighted sum of nats is Eq. 2's mean."""
        batch, copies, numbers = self.hidden.shape
        each = 1.0 / (self.rates * (numbers * batch * copies))
        return each[..., None].expand_as(self.hidden)[self.hidden]


def draw_copies(batch: int, copies: int, numbers: int, generator: torch.Generator) -> MaskedCopies:
    """Copy 0 hides everything; the others hide at rates that are stratified over (0, 1), one per K - 1 th part of it.

    The wholly masked copy is what driving's first pass sees; stratified, each rate is still uniform over (0, 1).

    Raises:
        ConfigError: No copies.

    """
    if copies < 1:
        msg = f"{copies} copies per image, wanted at least 1"
        raise ConfigError(msg)
    others = copies - 1
    strata = (torch.rand(batch, 1, generator=generator) + torch.arange(others)) / max(others, 1)
    rates = torch.cat([torch.ones(batch, 1), LEAST_RATE + (1.0 - LEAST_RATE) * strata], dim=1)
    hidden = torch.rand(batch, copies, numbers, generator=generator) < rates[..., None]
    return MaskedCopies(hidden, rates)
