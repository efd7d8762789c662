"""How sure a mean over routes is: percentile bootstrap, seeded. Knows nothing of what the values mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_RESAMPLES = 10_000
_CHUNK = 1_000  # resamples drawn at once, to bound the memory


def mean_interval(values: Sequence[float], seed: int = 0, level: float = 0.95) -> tuple[float, float] | None:
    """Lower and upper end of the interval that the mean lies in with probability `level`.

    Values are drawn again with replacement 10,000 times; the ends are percentiles of the means. None for fewer than
    two values, which say nothing of their spread.
    """
    if len(values) < 2:
        return None
    array = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means = [
        array[rng.integers(len(array), size=(_CHUNK, len(array)))].mean(axis=1) for _ in range(_RESAMPLES // _CHUNK)
    ]
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(np.concatenate(means), [tail, 1.0 - tail])
    return float(low), float(high)
