"""From values to pixels, linear and logarithmic, with ticks at round numbers. Draws nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

_TINY = 1e-9


@dataclass(frozen=True)
class Axis:
    """A linear scale: `low` lies at pixel `start`, `high` at pixel `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value; values beyond the ends lie at the ends."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 5) -> tuple[float, ...]:
        """Round values from end to end."""
        step = round_step(self.high - self.low, most)
        first, last = math.ceil(self.low / step - _TINY), math.floor(self.high / step + _TINY)
        return tuple(round(index * step, 10) for index in range(first, last + 1))


@dataclass(frozen=True)
class LogAxis:
    """A logarithmic scale between powers of ten."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a positive value; values beyond the ends lie at the ends."""
        low, high = math.log10(self.low), math.log10(self.high)
        share = (math.log10(min(max(value, self.low), self.high)) - low) / (high - low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> tuple[float, ...]:
        """Powers of ten."""
        first, last = round(math.log10(self.low)), round(math.log10(self.high))
        return tuple(10.0**power for power in range(first, last + 1))


def round_step(extent: float, most: int) -> float:
    """The smallest of 1, 2, 5 times a power of ten that divides the extent into at most `most` steps."""
    rough = extent / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * (1.0 - _TINY))


def round_up(value: float, most: int = 5) -> float:
    """The end of an axis from 0 that shows the value."""
    if value <= 0.0:
        return 1.0
    step = round_step(value, most)
    return math.ceil(value / step - _TINY) * step


def label(value: float) -> str:
    """A tick as text."""
    return f"{value:g}".replace("-", "\u2212")
