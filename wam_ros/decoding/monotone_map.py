"""Monotone maps from what a model believes to how often it happened, as plain numbers, and how they are fitted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wam_ros.core.errors import ConfigError, InputError

LEAST_SAMPLES = 50
"""Fewer than these say nothing of a frequency; also the least number of samples behind each knot."""
KNOTS = 16


@dataclass(frozen=True)
class MonotoneMap:
    """Piecewise linear through knots, constant beyond the first and the last.

    Fields:
        believed: Knots in [0, 1], rising.
        happened: Values at the knots in [0, 1], never falling.

    Raises:
        ConfigError: Anything else.

    """

    believed: tuple[float, ...]
    happened: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.believed) != len(self.happened) or not self.believed:
            msg = f"calibration map with {len(self.believed)} knots and {len(self.happened)} values"
            raise ConfigError(msg)
        if not all(0.0 <= value <= 1.0 for value in (*self.believed, *self.happened)):
            msg = f"calibration map outside [0, 1]: {self}"
            raise ConfigError(msg)
        if any(b <= a for a, b in itertools.pairwise(self.believed)):
            msg = f"calibration map with knots that do not rise: {self.believed}"
            raise ConfigError(msg)
        if any(b < a for a, b in itertools.pairwise(self.happened)):
            msg = f"calibration map with values that fall: {self.happened}"
            raise ConfigError(msg)

    def __call__(self, believed: Tensor) -> Tensor:
        """Calibrated probabilities, float64 of the same shape."""
        knots = torch.tensor(self.believed, dtype=torch.float64, device=believed.device)
        values = torch.tensor(self.happened, dtype=torch.float64, device=believed.device)
        if len(knots) == 1:
            return values[0].expand(believed.shape).clone()
        at = believed.to(torch.float64).clamp(knots[0], knots[-1])
        right = torch.searchsorted(knots, at.contiguous()).clamp(1, len(knots) - 1)
        share = (at - knots[right - 1]) / (knots[right] - knots[right - 1])
        return torch.lerp(values[right - 1], values[right], share)

    def to_mapping(self) -> dict[str, list[float]]:
        """As plain numbers."""
        return {"believed": list(self.believed), "happened": list(self.happened)}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> MonotoneMap:
        """The inverse of `to_mapping`.

        Raises:
            ConfigError, KeyError, TypeError: Another content.

        """
        believed, happened = (tuple(float(value) for value in values[name]) for name in ("believed", "happened"))
        return cls(believed, happened)

    @classmethod
    def fit(cls, believed: Tensor | Sequence[float], happened: Tensor | Sequence[bool]) -> MonotoneMap:
        """Isotonic regression over groups of equal size: believed (N,) in [0, 1], happened (N,) bool.

        Raises:
            InputError: Fewer than `LEAST_SAMPLES` samples, or beliefs that are no probabilities.

        """
        beliefs, outcomes = _samples(believed, happened)
        if len(beliefs) < LEAST_SAMPLES:
            msg = f"calibration from {len(beliefs)} samples, wanted at least {LEAST_SAMPLES}"
            raise InputError(msg)
        order = beliefs.argsort(stable=True)
        groups = min(KNOTS, len(beliefs) // LEAST_SAMPLES)
        knots: list[list[float]] = []  # mean belief, frequency, weight
        for part in order.tensor_split(groups):
            mean = float(beliefs[part].mean())
            group = [mean, float(outcomes[part].mean()), float(len(part))]
            if knots and mean <= knots[-1][0]:  # many equal beliefs
                knots[-1] = [knots[-1][0], *_merged(knots[-1], group)[1:]]
            else:
                knots.append(group)
        happened_by_knot = _isotonic([knot[1] for knot in knots], [knot[2] for knot in knots])
        return cls(tuple(knot[0] for knot in knots), tuple(happened_by_knot))


def expected_calibration_error(
    believed: Tensor | Sequence[float], happened: Tensor | Sequence[bool], bins: int = 10
) -> float:
    """Mean of |mean belief - frequency| over bins of equal width, weighted by their samples (ECE)."""
    beliefs, outcomes = _samples(believed, happened)
    where = (beliefs * bins).long().clamp(max=bins - 1)
    gaps = torch.zeros(bins, dtype=torch.float64).index_add(0, where, beliefs - outcomes)
    return float(gaps.abs().sum() / len(beliefs))


def _samples(believed: Tensor | Sequence[float], happened: Tensor | Sequence[bool]) -> tuple[Tensor, Tensor]:
    beliefs = torch.as_tensor(believed, dtype=torch.float64).flatten()
    outcomes = torch.as_tensor(happened, dtype=torch.float64).flatten()
    if len(beliefs) != len(outcomes) or len(beliefs) == 0:
        msg = f"calibration from {len(beliefs)} beliefs and {len(outcomes)} outcomes"
        raise InputError(msg)
    if not bool(((beliefs >= 0.0) & (beliefs <= 1.0)).all()):
        msg = "calibration from beliefs outside [0, 1] or not finite"
        raise InputError(msg)
    return beliefs, outcomes


def _merged(left: list[float], right: list[float]) -> list[float]:
    weight = left[2] + right[2]
    return [*((left[i] * left[2] + right[i] * right[2]) / weight for i in (0, 1)), weight]


def _isotonic(values: list[float], weights: list[float]) -> list[float]:
    """The never-falling sequence nearest in weighted squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip(values, weights):
        mean, mass, length = value, weight, 1
        while pools and pools[-1][0] >= mean:
            before, before_mass, before_length = pools.pop()
            mean = (before * before_mass + mean * mass) / (before_mass + mass)
            mass, length = mass + before_mass, length + before_length
        pools.append((mean, mass, length))
    return [mean for mean, _, length in pools for _ in range(length)]
