"""Eq. 2's cross-entropy of hidden numbers, with soft targets that the smooth basis gives for nothing, and of words.

With logits z . phi(v) the cross-entropy against any target density q is log sum_v exp(z . phi(v)) - z . E_q[phi]. For
a Gaussian around y it needs no table: E_q[phi] = phi(y) exp(-(omega sigma)^2 / 2), wavelength by wavelength. And a soft
density may be normalised over every n-th bin: a density no narrower than sigma cannot hide between them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.core.errors import ConfigError
from wam_ros.models.numbers import NumberBasis, angular_frequencies, number_features
from wam_ros.models.tokenizer import NUMBER_COUNT

WIDEST_STEP = 0.5
"""Most bins' width between the bins of the normaliser, as a share of sigma."""


def target_features(values: Tensor, sigma: float) -> Tensor:
    """E[phi(v)] (..., 64) float32 of v normal around values (...) [m] with `sigma` [m]; 0 = the value itself."""
    damping = (-0.5 * (angular_frequencies().to(values.device) * sigma) ** 2).exp()
    return (number_features(values) * damping.repeat(2)).float()


def number_nats(
    numbers: NumberBasis, hidden: Tensor, values: Tensor, sigma: float, stride: int = 1, first: int = 0
) -> Tensor:
    """Cross-entropy (N,) [nat] of hidden rows (N, d) against values (N,) [m].

    Args:
        numbers: The network's basis.
        hidden: Rows after the final norm.
        values: What is true.
        sigma: Of the soft target [m]; 0 = one-hot.
        stride: The normaliser sums over every stride-th bin ...
        first: ... from this one on; drawn anew each step, so that none is left out for good.

    Raises:
        ConfigError: Bins too far apart for sigma.

    """
    check_stride(sigma, stride)
    grid = numbers.features[first::stride]
    coefficients = numbers.coefficients(hidden).float()
    log_sum = (coefficients @ grid.T).logsumexp(-1) + math.log(NUMBER_COUNT / len(grid))
    return log_sum - (coefficients * target_features(values, sigma)).sum(-1)


def word_nats(head: nn.Linear, hidden: Tensor, words: Tensor) -> Tensor:
    """Cross-entropy (N,) [nat] of hidden rows (N, d) against ids of text (N,), among all text tokens."""
    return functional.cross_entropy(head(hidden.to(head.weight.dtype)).float(), words, reduction="none")


def check_stride(sigma: float, stride: int) -> None:
    """Refuse a grid that a density of width sigma could hide in.

    Raises:
        ConfigError: As said.

    """
    if stride < 1 or (stride > 1 and stride * 0.01 > WIDEST_STEP * sigma):
        msg = f"normaliser over every {stride}. bin with sigma {sigma} m, wanted at most sigma / {0.01 / WIDEST_STEP}"
        raise ConfigError(msg)


def heading_loss(predicted: Tensor, true: Tensor, moving: Tensor) -> Tensor:
    """Mean of 1 - cos of the difference of headings (B, N) [rad] where `moving` (B, N)."""
    return ((1.0 - torch.cos(predicted - true)) * moving).sum() / moving.sum().clamp(min=1)
