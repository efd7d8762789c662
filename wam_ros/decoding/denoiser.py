"""The socket of a masked-diffusion model in the decoder: one observation whose prompt has been seen."""

from __future__ import annotations

import math
from typing import Protocol

from torch import Tensor


class Denoiser(Protocol):
    """Predicts what stands behind the masks of an answer, given all of its other tokens."""

    @property
    def contexts(self) -> int:
        """1, or 2 where the model also runs without the prompt, for classifier-free guidance."""

    def hidden(self, tokens: Tensor) -> Tensor:
        """One pass over answers (K, L) int64 -> (contexts * K, L, d), rows with the prompt first."""

    def number_logits(self, hidden: Tensor) -> Tensor:
        """Logits of the numbers only: (..., d) -> (..., BINS) float32."""

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits of all tokens: (..., d) -> (..., vocabulary) float32."""


_IMPLAUSIBLE = -1e9  # a logit; finite, so that a posterior of nothing else is even and not undefined


def guided(logits: Tensor, scale: float, floor: float = 0.0) -> Tensor:
    """Classifier-free guidance u + (s + 1)(c - u): (2 * K, ...) -> (K, ...); at s = 0 logits are given back as is.

    c are the logits with the prompt (the first K rows), u those without, s the scale. The formula raises whatever c
    and u differ on, also tokens that c itself has next to no mass on: with 20,001 numbers these far tails add up and
    win. So tokens whose probability under c is below `floor` times the greatest are left out (the plausibility
    constraint of contrastive decoding: Li et al., "Contrastive Decoding", ACL 2023, eq. 2); 0 = none.

    """
    if scale == 0.0:
        return logits
    with_prompt, without = logits.chunk(2)
    mixed = without + (scale + 1.0) * (with_prompt - without)
    if floor == 0.0:
        return mixed
    least = with_prompt.amax(-1, keepdim=True) + math.log(floor)
    return mixed.masked_fill(with_prompt < least, _IMPLAUSIBLE)
