"""How long a decoding step takes, from those measured. A value: observing gives a new one. Knows no clock."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

WINDOW = 256
"""Steps remembered: some seconds of driving, so that a burst of load is forgotten again."""
_ENOUGH = 100  # samples below this show no 99th percentile
_FEW_SAMPLES_MARGIN = 1.25


@dataclass(frozen=True)
class StepTimes:
    """The latest step durations [s], oldest first; of one model, one machine and one kind of settings.

    Two outliers among 256 leave the percentile alone, a third moves it: one hiccup costs no steps later on, a busy
    machine is noticed within one plan.

    """

    seconds: tuple[float, ...] = ()

    def observed(self, duration: float) -> StepTimes:
        """With one more measured step [s]."""
        return StepTimes((*self.seconds[1 - WINDOW :], duration))

    @cached_property
    def _ordered(self) -> list[float]:
        return sorted(self.seconds)

    @cached_property
    def p50(self) -> float:
        """Duration that half of the steps stay within [s]; infinite before the first measurement."""
        return self._ordered[len(self.seconds) // 2] if self.seconds else math.inf

    @cached_property
    def p99(self) -> float:
        """Duration that 99 % of steps stay within [s], by nearest rank; infinite before the first measurement.

        With fewer than 100 samples: the longest and a quarter more.

        """
        if not self.seconds:
            return math.inf
        if len(self.seconds) < _ENOUGH:
            return _FEW_SAMPLES_MARGIN * max(self.seconds)
        return self._ordered[math.ceil(0.99 * len(self.seconds)) - 1]
