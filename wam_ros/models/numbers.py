"""Embedding and head of the 20,001 numbers: a smooth basis times a learned matrix, or free rows.

Both know bins (0..20000) only, and values as -100 + 0.01 bin; ids and text are the vocabulary's (vocabulary_head.py).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.models.config import NumberKind
from wam_ros.models.tokenizer import BINS_PER_UNIT, NUMBER_COUNT, ZERO_BIN

WAVELENGTHS = 32
LONGEST, SHORTEST = 400.0, 0.4  # of the basis [m]
RANK = 2 * WAVELENGTHS
_RUN = 177  # numbers; 113 runs of them are all


def angular_frequencies() -> Tensor:
    """(32,) float64 [rad/m]: wavelengths in geometric steps from 400 m to 0.4 m, the longest first."""
    exponents = torch.linspace(0.0, 1.0, WAVELENGTHS, dtype=torch.float64, device="cpu")
    return 2.0 * math.pi / (LONGEST * (SHORTEST / LONGEST) ** exponents)


def number_features(values: Tensor) -> Tensor:
    """phi(v): (..., 64) cosines, then sines, of values (...) [m]; float64, since v omega reaches 1,600 rad."""
    angles = values.double()[..., None] * angular_frequencies().to(values.device)
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class NumberBasis(nn.Module):
    """Embedding W_in phi(v) and logits phi(v) . W_out h, with the fixed basis phi.

    Neighbouring values share what is learned, and no row per number is stored: the table of phi is a buffer that is
    computed, never saved. The head does not read that table, which would be 5 MB from memory for each pass: by the
    angle addition theorems, phi(a + b) . z is phi(b) . (z turned by a), with two short tables of phi instead.
    """

    features: Tensor
    starts: Tensor
    offsets: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inward = nn.Linear(RANK, width, bias=False)
        self.outward = nn.Linear(width, RANK, bias=False)
        # |phi|^2 = 32, so an embedding starts with entries of variance one.
        nn.init.normal_(self.inward.weight, std=WAVELENGTHS**-0.5)
        nn.init.normal_(self.outward.weight, std=width**-0.5)
        for name in ("features", "starts", "offsets"):
            self.register_buffer(name, torch.empty(0), persistent=False)
        self.reset_buffers(self.inward.weight.device)

    def reset_buffers(self, device: torch.device) -> None:
        """Compute the tables of phi on a device, as after building on the meta device."""
        values = (torch.arange(NUMBER_COUNT, device="cpu") - ZERO_BIN).double() / BINS_PER_UNIT
        for name, where in (("features", values), ("starts", values[::_RUN]), ("offsets", values[:_RUN] - values[0])):
            setattr(self, name, number_features(where).to(device, torch.float32))

    def embed(self, bins: Tensor) -> Tensor:
        """(..., d) of bins (...)."""
        embedded: Tensor = self.inward(self.features[bins])
        return embedded

    def coefficients(self, hidden: Tensor) -> Tensor:
        """W_out h = z: (..., 64) of hidden (..., d), so that logits = phi z; training reads bins of its choice."""
        found: Tensor = self.outward(hidden.to(self.outward.weight.dtype))
        return found

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., 20001) float32 of hidden (..., d)."""
        of_cos, of_sin = self.coefficients(hidden)[..., None, :].chunk(2, dim=-1)  # (..., 1, 32)
        cos, sin = self.starts.chunk(2, dim=-1)  # (113, 32)
        turned = torch.cat([of_cos * cos + of_sin * sin, of_sin * cos - of_cos * sin], dim=-1)  # (..., 113, 64)
        return functional.linear(turned, self.offsets).flatten(-2).float()


class NumberTable(nn.Module):
    """A free row per number in embedding and head: the paper's, and the basis's rival in ablations."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inward = nn.Embedding(NUMBER_COUNT, width)
        self.outward = nn.Linear(width, NUMBER_COUNT, bias=False)
        nn.init.normal_(self.inward.weight, std=1.0)
        nn.init.normal_(self.outward.weight, std=width**-0.5)

    def reset_buffers(self, device: torch.device) -> None:
        """Nothing is computed here."""

    def embed(self, bins: Tensor) -> Tensor:
        """(..., d) of bins (...)."""
        embedded: Tensor = self.inward(bins)
        return embedded

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., 20001) float32 of hidden (..., d)."""
        return self.outward(hidden.to(self.outward.weight.dtype)).float()  # type: ignore[no-any-return]


def build_numbers(kind: NumberKind, width: int) -> NumberBasis | NumberTable:
    """The module of a kind."""
    return NumberBasis(width) if kind == "basis" else NumberTable(width)
