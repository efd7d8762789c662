"""Reliability diagrams and the expected calibration error: how often what was believed to a degree came true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array

BINS = 10
"""Of equal width over [0, 1]."""


@dataclass(frozen=True)
class ReliabilityBin:
    """One bar of a reliability diagram.

    Fields:
        low, high: Beliefs from `low` to below `high`; the last bin has both ends.
        count: Samples in it.
        believed: Their mean belief; None without samples.
        happened: The share of them that came true; None without samples.

    """

    low: float
    high: float
    count: int
    believed: float | None
    happened: float | None

    def as_dict(self) -> dict[str, Any]:
        """For the result file."""
        return asdict(self)


def reliability(believed: ArrayLike, happened: ArrayLike) -> tuple[ReliabilityBin, ...]:
    """The diagram of beliefs (N,) in [0, 1] and whether each came true (N,) bool; N may be 0.

    Raises:
        InputError: Beliefs that are no probabilities, or another number of outcomes.

    """
    beliefs, outcomes = checked(believed, happened)
    where = np.minimum((beliefs * BINS).astype(np.intp), BINS - 1)
    counts = np.bincount(where, minlength=BINS)
    sums, hits = np.bincount(where, beliefs, BINS), np.bincount(where, outcomes.astype(np.float64), BINS)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    return tuple(
        ReliabilityBin(
            float(edges[i]),
            float(edges[i + 1]),
            int(counts[i]),
            float(sums[i] / counts[i]) if counts[i] else None,
            float(hits[i] / counts[i]) if counts[i] else None,
        )
        for i in range(BINS)
    )


def calibration_error(bins: Sequence[ReliabilityBin]) -> float | None:
    """ECE: the mean of |believed - happened| over bins, weighted by their samples; None without samples.

    The same binning as in Guo et al., On Calibration of Modern Neural Networks (ICML 2017), and in `decoding`.
    """
    total = sum(one.count for one in bins)
    if total == 0:
        return None
    gaps = [
        one.count * abs(one.believed - one.happened)
        for one in bins
        if one.believed is not None and one.happened is not None
    ]
    return math.fsum(gaps) / total


def checked(believed: ArrayLike, happened: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
    """Both as read-only arrays (N,).

    Raises:
        InputError: Beliefs that are no probabilities, or another number of outcomes.

    """
    beliefs: Array = frozen_array(believed, "beliefs", (None,))
    outcomes: NDArray[np.bool_] = frozen_array(happened, "outcomes", (len(beliefs),), np.bool_)
    if not ((beliefs >= 0.0) & (beliefs <= 1.0)).all():
        msg = "beliefs outside [0, 1] or not finite, wanted probabilities"
        raise InputError(msg)
    return beliefs, outcomes
