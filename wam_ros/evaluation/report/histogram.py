"""Histograms: of times on a logarithmic axis, and of counts by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from wam_ros.evaluation.report.axis import Axis, LogAxis, label, round_up
from wam_ros.evaluation.report.drawing import COLORS, WIDTH, box, drawing, line, text
from wam_ros.evaluation.report.figures import count as whole
from wam_ros.evaluation.report.figures import short_count
from wam_ros.evaluation.report.markup import Markup

_LEFT, _RIGHT, _TOP, _HEIGHT = 44.0, 14.0, 22.0, 110.0
_FLOOR = _TOP + _HEIGHT
_BINS_PER_DECADE = 12
_MOST_BARS = 24


def decades(values: Sequence[float]) -> tuple[float, float]:
    """The powers of ten around positive values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return 10.0**low, 10.0 ** max(high, low + 1)


def time_histogram(
    values: Sequence[float], ends: tuple[float, float], marks: Mapping[str, float], index: int, title: str
) -> Markup:
    """Positive times [ms] between two powers of ten; `marks` are vertical lines by name."""
    axis = LogAxis(*ends, _LEFT, WIDTH - _RIGHT)
    bins = _BINS_PER_DECADE * round(math.log10(ends[1] / ends[0]))
    edges = np.geomspace(*ends, bins + 1)
    counts = np.histogram(np.clip(values, *ends), edges)[0].tolist()
    scale, parts = _scale(max(counts))
    for i, number in enumerate(counts):
        x, width = axis.at(float(edges[i])), axis.at(float(edges[i + 1])) - axis.at(float(edges[i]))
        hint = f"{edges[i]:.3g} to {edges[i + 1]:.3g} ms: {number}"
        if number:
            parts.append(box(x, scale.at(number), width - 0.6, _FLOOR - scale.at(number), f"c{index % COLORS}", hint))
    parts += [text(axis.at(tick), _FLOOR + 14.0, label(tick), "middle", "tick") for tick in axis.ticks()]
    parts.append(text((axis.start + axis.end) / 2.0, _FLOOR + 29.0, "ms, logarithmic", "middle", "name"))
    parts.extend(_marks(axis, marks))
    return drawing(_FLOOR + 34.0, title, *parts)


def count_histogram(counts: Mapping[str, int], axis_name: str, index: int, title: str) -> Markup:
    """A bar for each whole number that is a key; neighbours are joined where there are too many."""
    numbers = {int(key): value for key, value in counts.items()}
    first, last = min(numbers), max(numbers)
    span = math.ceil((last - first + 1) / _MOST_BARS)
    starts = range(first, last + 1, span)
    sums = [sum(numbers.get(start + offset, 0) for offset in range(span)) for start in starts]
    scale, parts = _scale(max(sums))
    width = (WIDTH - _RIGHT - _LEFT) / len(sums)
    every = math.ceil(len(sums) / 12)
    for i, (start, number) in enumerate(zip(starts, sums)):
        x = _LEFT + i * width
        name = str(start) if span == 1 else f"{start}\u2013{start + span - 1}"
        bar = min(width - 2.0, 40.0)
        left, height = x + (width - bar) / 2.0, _FLOOR - scale.at(number)
        parts.append(box(left, scale.at(number), bar, height, f"c{index % COLORS}", f"{name}: {number}"))
        if i % every == 0:
            parts.append(text(x + width / 2.0, _FLOOR + 14.0, name if every == 1 else str(start), "middle", "tick"))
    parts.append(text((_LEFT + WIDTH - _RIGHT) / 2.0, _FLOOR + 29.0, axis_name, "middle", "name"))
    return drawing(_FLOOR + 34.0, title, *parts)


def _scale(most: int) -> tuple[Axis, list[Markup]]:
    """The axis of counts, and its drawing."""
    scale = Axis(0.0, round_up(most, 4), _FLOOR, _TOP)
    parts: list[Markup] = []
    for tick in scale.ticks(4):
        if tick == round(tick):
            parts.append(line(_LEFT, scale.at(tick), WIDTH - _RIGHT, scale.at(tick), "zero" if tick == 0.0 else "grid"))
            words = short_count(tick) if tick >= 10_000 else whole(tick)
            parts.append(text(_LEFT - 5.0, scale.at(tick) + 4.0, words, "end", "tick"))
    return scale, parts


def _marks(axis: LogAxis, marks: Mapping[str, float]) -> list[Markup]:
    """Lines, their names above; a name that would cover the one before it moves to the right."""
    parts, free = [], 0.0
    for name, value in sorted(marks.items(), key=lambda mark: mark[1]):
        x, width = axis.at(value), 6.2 * len(name)
        middle = min(max(x, free + width / 2.0 + 6.0), WIDTH - width / 2.0)
        free = middle + width / 2.0
        parts.append(line(x, _TOP - 4.0, x, _FLOOR, "mark"))
        parts.append(text(middle, _TOP - 8.0, name, "middle", "tick"))
    return parts
