"""Dots in rows along one axis, with intervals where there are any: scores by route, rates, differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wam_ros.evaluation.report.axis import Axis, label
from wam_ros.evaluation.report.drawing import COLORS, WIDTH, drawing, line, marker, text
from wam_ros.evaluation.report.markup import Markup

_TOP, _BOTTOM, _RIGHT = 6.0, 34.0, 14.0
_LETTER = 6.3  # px of an average letter of the labels
_MOST_LETTERS = 22
_DOT = 9.0  # px between the dots of a row, so that equal values are seen


@dataclass(frozen=True)
class Dot:
    """A value, with whose it is, a hint and its interval."""

    index: int
    value: float
    hint: str
    ends: tuple[float, float] | None = None


@dataclass(frozen=True)
class DotRow:
    """A row: its label and its dots; `strong` rows stand out."""

    label: str
    dots: Sequence[Dot]
    strong: bool = False


def dot_plot(
    rows: Sequence[DotRow], low: float, high: float, axis_name: str, title: str, *, zero_line: bool = False
) -> Markup:
    """Rows from above, one dot below the other within a row, in the order given."""
    left = 10.0 + _LETTER * min(max(len(row.label) for row in rows), _MOST_LETTERS)
    axis = Axis(low, high, left + 10.0, WIDTH - _RIGHT)
    heights = [max(18.0, _DOT * max(len(row.dots), 1) + 6.0) for row in rows]
    bottom = _TOP + sum(heights)
    parts = [line(axis.at(tick), _TOP, axis.at(tick), bottom, "grid") for tick in axis.ticks()]
    parts += [text(axis.at(tick), bottom + 14.0, label(tick), "middle", "tick") for tick in axis.ticks()]
    parts.append(text((axis.start + axis.end) / 2.0, bottom + 29.0, axis_name, "middle", "name"))
    if zero_line:
        parts.append(line(axis.at(0.0), _TOP, axis.at(0.0), bottom, "zero"))
    y = _TOP
    for row, height in zip(rows, heights):
        parts.append(line(left, y, WIDTH - _RIGHT, y, "rule"))
        parts.append(text(left, y + height / 2.0 + 4.0, _shortened(row.label), "end", "strong" if row.strong else None))
        first = y + height / 2.0 - _DOT * (len(row.dots) - 1) / 2.0
        for place, dot in enumerate(row.dots):
            parts.extend(_dot(axis, dot, first + _DOT * place))
        y += height
    return drawing(bottom + _BOTTOM, title, *parts)


def _dot(axis: Axis, dot: Dot, y: float) -> list[Markup]:
    ends = []
    if dot.ends is not None:
        ends = [line(axis.at(dot.ends[0]), y, axis.at(dot.ends[1]), y, f"whisker s{dot.index % COLORS}")]
    return [*ends, marker(dot.index, axis.at(dot.value), y, dot.hint)]


def _shortened(words: str) -> str:
    return words if len(words) <= _MOST_LETTERS else f"{words[: _MOST_LETTERS - 1]}\u2026"
