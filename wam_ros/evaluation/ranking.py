"""Whether confidence puts plans in the right order: sparsification against the error, AUROC against infractions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array


@dataclass(frozen=True, eq=False)
class Sparsification:
    """What is left of the error when the least confident plans are taken away.

    Fields:
        by_confidence: (N,) mean error of the plans left after 0, 1 .. N - 1 were removed, least confident first,
            divided by the mean error of all.
        oracle: (N,) the same with those of the largest error removed first: the best that an order can do.

    """

    by_confidence: Array
    oracle: Array

    @property
    def ause(self) -> float:
        """Area between both curves over the share removed: 0 = the order of the errors themselves."""
        count = len(self.oracle)
        if count < 2:
            return 0.0
        gaps = self.by_confidence - self.oracle
        return float((gaps[:-1] + gaps[1:]).sum() / 2.0 / count)

    def at(self, shares: ArrayLike) -> tuple[Array, Array]:
        """Both curves at shares removed (M,) in [0, 1): by confidence, oracle, each (M,)."""
        removed = np.arange(len(self.oracle)) / len(self.oracle)
        wanted = np.asarray(shares, dtype=np.float64)
        return np.interp(wanted, removed, self.by_confidence), np.interp(wanted, removed, self.oracle)


def sparsification(confidence: ArrayLike, errors: ArrayLike) -> Sparsification | None:
    """The curves of confidences (N,) and errors (N,) [m]; None without plans or without any error.

    As in Ilg et al., Uncertainty Estimates and Multi-Hypotheses Networks for Optical Flow (ECCV 2018): normalised
    so that both begin at 1. Plans of equal confidence count as removed in random order: the curve is the expected one.

    Raises:
        InputError: Values that are not finite, negative errors, or different lengths.

    """
    sure: Array = frozen_array(confidence, "confidences", (None,))
    wrong: Array = frozen_array(errors, "errors", (len(sure),))
    if not (np.isfinite(sure).all() and np.isfinite(wrong).all()) or (wrong < 0.0).any():
        msg = "sparsification: confidences or errors that are not finite, or errors below 0"
        raise InputError(msg)
    if not len(sure) or not wrong.any():
        return None
    _, group, sizes = np.unique(sure, return_inverse=True, return_counts=True)
    expected = (np.bincount(group, wrong) / sizes)[group]
    falling = expected[np.argsort(sure, kind="stable")]
    return Sparsification(_means_left(falling) / wrong.mean(), _means_left(np.sort(wrong)[::-1]) / wrong.mean())


def auroc(confidence: ArrayLike, infraction: ArrayLike) -> float | None:
    """How well low confidence (N,) tells plans that an infraction (N,) bool followed from the others.

    The share of pairs, one of each class, in which the plan before an infraction had the lower confidence; ties count
    half (the Mann-Whitney statistic). 0.5 = it tells nothing. None where one of the classes is missing.

    Raises:
        InputError: Confidences that are not finite, or different lengths.

    """
    sure: Array = frozen_array(confidence, "confidences", (None,))
    bad: NDArray[np.bool_] = frozen_array(infraction, "infractions", (len(sure),), np.bool_)
    if not np.isfinite(sure).all():
        msg = "AUROC: confidences that are not finite"
        raise InputError(msg)
    positives, negatives = int(bad.sum()), int((~bad).sum())
    if positives == 0 or negatives == 0:
        return None
    # Ranks by doubt: the middle rank of those that are equal.
    _, group, sizes = np.unique(-sure, return_inverse=True, return_counts=True)
    middle = np.cumsum(sizes) - (sizes - 1) / 2.0
    rank_sum = float(middle[group][bad].sum())
    return (rank_sum - positives * (positives + 1) / 2.0) / (positives * negatives)


def _means_left(values: Array) -> Array:
    """(N,) mean of values (N,) from each on."""
    left: Array = np.cumsum(values[::-1])[::-1] / np.arange(len(values), 0, -1)
    return left
