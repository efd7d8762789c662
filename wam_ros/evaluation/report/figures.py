"""Figures as text for people: what is missing is a dash, minus is a minus. Knows neither tables nor plots."""

from __future__ import annotations

import math
from collections.abc import Sequence

DASH = "\u2013"
MINUS = "\u2212"
_THIN = "\u202f"
_GAP = "\u00a0"


def number(value: float | None, digits: int = 1) -> str:
    """With so many digits after the point; thousands apart."""
    if value is None:
        return DASH
    text = f"{value:,.{digits}f}".replace(",", _THIN)
    if text.startswith("-"):
        return (MINUS if _is_something(text) else "") + text[1:]
    return text


def count(value: float | None) -> str:
    """A whole number."""
    return number(value, 0)


def signed(value: float | None, digits: int = 1) -> str:
    """With its sign, also where it is positive."""
    text = number(value, digits)
    return f"+{text}" if _is_something(text) and not text.startswith(MINUS) else text


def percent(share: float | None, digits: int = 0) -> str:
    """Of a share of 1, without the sign: the head of the column says %."""
    return number(None if share is None else 100.0 * share, digits)


def interval(ends: Sequence[float] | None, digits: int = 1, scale: float = 1.0) -> str:
    """Both ends."""
    if ends is None:
        return DASH
    return f"[{number(ends[0] * scale, digits)},{_GAP}{number(ends[1] * scale, digits)}]"


def share_of(part: float, whole: float) -> float | None:
    """Part of a whole; None of nothing."""
    return part / whole if whole > 0.0 else None


def mean(values: Sequence[float]) -> float | None:
    """None of nothing."""
    return math.fsum(values) / len(values) if values else None


def short_count(value: float) -> str:
    """In at most four characters: 950, 1.2k, 34k, 5M."""
    for limit, unit, name in ((999.5, 1.0, ""), (999_500.0, 1e3, "k"), (math.inf, 1e6, "M")):
        if value < limit:
            scaled = value / unit
            return f"{scaled:.1f}{name}" if name and scaled < 9.95 else f"{scaled:.0f}{name}"
    raise AssertionError


def words(name: str) -> str:
    """A name from a file as people read it."""
    return name.replace("_", " ")


def _is_something(text: str) -> bool:
    """Whether a figure is more than zeros."""
    return any(char in text for char in "123456789")
