"""Deadlines on the monotonic clock. Stamps of data are another thing: int nanoseconds of the data's own clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

MonotonicClock = Callable[[], int]
"""Returns nanoseconds of a clock that never goes back; injected in tests and in virtual-time evaluation."""


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock by which a result is wanted.

    `at_ns` is that moment in nanoseconds of `clock`; None means no limit.
    """

    at_ns: int | None
    clock: MonotonicClock = field(default=time.monotonic_ns, repr=False, compare=False)

    @classmethod
    def after(cls, seconds: float, clock: MonotonicClock = time.monotonic_ns) -> Deadline:
        """A deadline `seconds` from now."""
        return cls(clock() + round(seconds * NS_PER_S), clock)

    @classmethod
    def unlimited(cls, clock: MonotonicClock = time.monotonic_ns) -> Deadline:
        """No limit: `remaining_s` is always infinite."""
        return cls(None, clock)

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
        return Deadline(self.at_ns - round(seconds * NS_PER_S), self.clock)
