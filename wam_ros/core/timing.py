"""Deadlines on the monotonic clock. Stamps of data are another thing: int nanoseconds of the data's own clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

MonotonicClock = Callable[[], int]
"""Returns nanoseconds of a clock that never goes back; injected in tests and in virtual-time evaluation."""

WorkListener = Callable[[str, int], None]
"""Is told each piece of a planner's work once it is done, and how many units were open in it: ("encode", 0) when the
input is read, then ("pass", n) for each pass. A virtual clock goes on by it."""


def _nobody(_work: str, _units: int) -> None:
    """Where time goes by itself."""


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock by which a result is wanted.

    `at_ns` is that moment in nanoseconds of `clock`; None means no limit.
    """

    at_ns: int | None
    clock: MonotonicClock = field(default=time.monotonic_ns, repr=False, compare=False)
    worked: WorkListener = field(default=_nobody, repr=False, compare=False)

    @classmethod
    def after(
        cls, seconds: float, clock: MonotonicClock = time.monotonic_ns, worked: WorkListener = _nobody
    ) -> Deadline:
        """A deadline `seconds` from now."""
        return cls(clock() + round(seconds * NS_PER_S), clock, worked)

    @classmethod
    def unlimited(cls, clock: MonotonicClock = time.monotonic_ns, worked: WorkListener = _nobody) -> Deadline:
        """No limit: `remaining_s` is always infinite."""
        return cls(None, clock, worked)

    def remaining_s(self) -> float:
        """Seconds left; negative once the deadline has passed, infinity without a limit."""
        if self.at_ns is None:
            return math.inf
        return (self.at_ns - self.clock()) / NS_PER_S

    @property
    def expired(self) -> bool:
        """Whether the moment has come."""
        return self.remaining_s() <= 0.0

    def earlier(self, seconds: float) -> Deadline:
        """The deadline moved `seconds` towards now, to keep a reserve for what follows."""
        if self.at_ns is None:
            return self
        return replace(self, at_ns=self.at_ns - round(seconds * NS_PER_S))
