"""The map of the whole plan: from what it does and how sure it is to P(no infraction in 4 s).

How sure a plan is says little alone: a red light is run by a planner that is sure. So a logistic function of all of
`PlanFeatures` puts plans in the order of their risk, fitted on drives of good and of bad planners (a good one has too
few infractions to learn from), and a second one, of that order alone, makes probabilities of it, fitted on the
planner's own drives (Platt, Probabilistic Outputs for Support Vector Machines, 1999). Together they are one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.nn import functional

from wam_ros.core.errors import ConfigError, InputError
from wam_ros.core.plan_features import PlanFeatures
from wam_ros.decoding.monotone_map import LEAST_SAMPLES

TERMS = 13
_RIDGE = 1e-4  # per sample, on squared weights of terms of about unit size
_LEAST_SLOPE = 0.1  # of the planner's own risk over that of all: their order stays
_ROUNDS = 300


@dataclass(frozen=True)
class PlanMap:
    """P(no infraction in 4 s) of plans.

    Fields:
        weights: Of the constant and of the `TERMS` terms, of a logistic function: higher is riskier.

    Raises:
        ConfigError: Another number of weights, or weights that are not finite.

    """

    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.weights) != TERMS + 1 or not all(math.isfinite(weight) for weight in self.weights):
            msg = f"map of the plan: {len(self.weights)} weights, wanted {TERMS + 1} that are finite"
            raise ConfigError(msg)

    def __call__(self, features: Tensor) -> Tensor:
        """Calibrated, float64 (...) of features (..., 6), in the order of `PlanFeatures`."""
        return torch.sigmoid(-_terms(features) @ torch.tensor(self.weights, dtype=torch.float64, device="cpu"))

    @classmethod
    def fit(cls, features: Tensor, infraction: Tensor, own: Tensor) -> PlanMap:
        """From plans of several planners.

        Args:
            features: (N, 6).
            infraction: (N,) bool, whether one of its own fault followed within 4 s.
            own: (N,) bool, which of them the planner made that the map is for.

        Raises:
            InputError: All plans or none were followed by an infraction, or there are too few of its own.

        """
        bad = infraction.to(torch.float64)
        if not 0.0 < float(bad.mean()) < 1.0:
            msg = f"{int(bad.sum())} of {len(bad)} plans were followed by an infraction: there is nothing to learn from"
            raise InputError(msg)
        if int(own.sum()) < LEAST_SAMPLES:
            msg = f"calibration from {int(own.sum())} plans of its own, wanted at least {LEAST_SAMPLES}"
            raise InputError(msg)
        terms = _terms(features)
        weights = _logistic(terms, bad)
        constant, slope = _own(terms[own] @ weights, bad[own])
        weights *= slope
        weights[0] += constant
        return cls(tuple(weights.tolist()))

    def to_mapping(self) -> dict[str, Any]:
        """As plain numbers, for a checkpoint."""
        return {"weights": list(self.weights)}

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> PlanMap:
        """The inverse of `to_mapping`.

        Raises:
            ConfigError, KeyError, TypeError: Another content.

        """
        return cls(tuple(float(weight) for weight in values["weights"]))


def as_rows(features: ArrayLike) -> Tensor:
    """Features of N plans as float64 (N, 6), on the CPU."""
    rows = torch.tensor(np.asarray(features, dtype=np.float64), device="cpu")
    return rows.reshape(-1, len(PlanFeatures._fields))


def _terms(features: Tensor) -> Tensor:
    """(..., 1 + TERMS) of features (..., 6), each of about unit size."""
    mean, least, speed, gain, distance, turn = features.to(torch.float64).unbind(-1)
    speed, gain, distance = speed / 10.0, gain / 10.0, distance / 40.0
    terms = (
        torch.ones_like(mean),
        mean,
        (1.02 - mean).log(),
        least,
        speed,
        speed.square(),
        gain,
        gain.square(),
        distance,
        distance.square(),
        speed * gain,
        mean * distance,
        turn,
        turn * speed,
    )
    return torch.stack(terms, dim=-1)


def _own(risk: Tensor, happened: Tensor) -> tuple[float, float]:
    """Constant and slope from the logit of all planners' risk (N,) to that of one's own, with Platt's targets."""
    bad = float(happened.sum())
    good = len(happened) - bad
    targets = torch.where(happened > 0.5, (bad + 1.0) / (bad + 2.0), 1.0 / (good + 2.0))
    ones, middle = torch.ones_like(risk), float(risk.mean())
    constant, steeper = _logistic(torch.stack([ones, risk - middle], dim=-1), targets, risk).tolist()
    slope = 1.0 + steeper
    if slope >= _LEAST_SLOPE:
        return constant - steeper * middle, slope
    (constant,) = _logistic(ones[:, None], targets, _LEAST_SLOPE * risk).tolist()
    return constant, _LEAST_SLOPE


def _logistic(terms: Tensor, happened: Tensor, known: Tensor | float = 0.0) -> Tensor:
    """Weights (T,) of a ridge logistic regression; convex, so where it begins is no matter.

    Args:
        terms: (N, T), the first of them constant; its weight is free.
        happened: (N,) in [0, 1].
        known: (N,) what is added to the logits.

    """
    weights = torch.zeros(terms.shape[-1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=_ROUNDS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = functional.binary_cross_entropy_with_logits(terms @ weights + known, happened)
        value = value + _RIDGE * weights[1:].square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    with torch.enable_grad():
        optimiser.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach()
