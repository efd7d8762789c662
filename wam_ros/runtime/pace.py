"""Simulated time against wall time: when the next tick is due, and how fast the ticks come. It waits for nothing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_WINDOW = 40  # ticks that the factor is taken over


class Pace:
    """Of ticks of one length. The next one is due a tick after the last was *due*, whatever was done in between.

    Who falls behind by more than a tick is not chased: the schedule begins anew there.

    Args:
        tick_s: Simulated time of a tick [s].
        clock: Monotonic [s].

    """

    def __init__(self, tick_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tick_s = tick_s
        self._clock = clock
        self._due = clock()
        self._ticks: deque[float] = deque([self._due], _WINDOW)

    @property
    def factor(self) -> float:
        """Simulated time / wall time over the last ticks; 0 = not known yet."""
        elapsed = self._ticks[-1] - self._ticks[0]
        return (len(self._ticks) - 1) * self._tick_s / elapsed if elapsed > 0.0 else 0.0

    def left(self, factor: float) -> float:
        """Until the tick that comes next is due at `factor` times real time [s]; call it once for each tick."""
        now, period = self._clock(), self._tick_s / factor
        self._due += period
        if self._due < now - period:
            self._due = now
        return self._due - now

    def ticked(self) -> None:
        """A tick is done."""
        self._ticks.append(self._clock())
