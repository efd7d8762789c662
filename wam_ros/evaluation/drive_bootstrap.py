"""How sure a figure over plans is when plans of one drive resemble each other: bootstrap over whole drives, seeded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

_RESAMPLES = 500
_LEVEL = 0.95


def drive_interval(
    drives: ArrayLike,
    figure: Callable[[NDArray[np.intp]], float | None],
    seed: int = 0,
    highest: float = 1.0,
    lowest: float = 0.0,
) -> tuple[float, float] | None:
    """95 % interval of a figure in [`lowest`, `highest`] over drives (N,): whole drives are drawn, never single plans.

    Resampling moves some figures to one side (it adds noise, which a calibration error counts), so the percentiles are
    moved back by that much: by the median of the resamples less the figure.

    Args:
        drives: (N,) number of the drive that each plan belongs to.
        figure: Gives the value of chosen plans (M,), by index; None where they have none.
        seed: Of the draws.
        highest: What the figure cannot exceed.
        lowest: What it cannot fall below.

    None for fewer than two drives, or where most resamples have no value.

    """
    numbers = np.asarray(drives, dtype=np.int64)
    members = [np.flatnonzero(numbers == drive) for drive in np.unique(numbers)]
    point = figure(np.arange(len(numbers)))
    if len(members) < 2 or point is None:
        return None
    rng = np.random.default_rng(seed)
    draws = (rng.integers(len(members), size=len(members)) for _ in range(_RESAMPLES))
    values = [value for draw in draws if (value := figure(np.concatenate([members[i] for i in draw]))) is not None]
    if len(values) < _RESAMPLES / 2:
        return None
    tail = (1.0 - _LEVEL) / 2.0
    low, middle, high = np.quantile(values, [tail, 0.5, 1.0 - tail])
    moved = np.clip([low - middle + point, high - middle + point], lowest, highest)
    return float(moved[0]), float(moved[1])
