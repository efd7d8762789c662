"""Pieces of SVG: frame, text, lines, markers. A plot is 360 wide, so that its text is legible on a phone."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wam_ros.evaluation.report.markup import Attribute, Markup, rounded, tag

WIDTH = 360.0
COLORS = 8
"""Colours of results; more results share them and differ in shape."""


def drawing(height: float, title: str, *children: Markup, width: float = WIDTH) -> Markup:
    """A plot; the title is for those who cannot see it."""
    return tag(
        "svg",
        *children,
        view_box=f"0 0 {rounded(width)} {rounded(height)}",
        role="img",
        aria_label=title,
    )


def figure(picture: Markup, caption: str, kind: str = "plot") -> Markup:
    """A picture with its caption."""
    return tag("figure", tag("figcaption", caption), picture, class_=kind)


def text(x: float, y: float, words: str, anchor: str = "start", class_: str | None = None) -> Markup:
    """Words at their base line."""
    return tag("text", words, x=x, y=y, text_anchor=None if anchor == "start" else anchor, class_=class_)


def upright(x: float, y: float, words: str) -> Markup:
    """The name of a vertical axis, its middle at y, to be read from below."""
    return tag(
        "text",
        words,
        transform=f"translate({rounded(x)} {rounded(y)}) rotate(-90)",
        text_anchor="middle",
        class_="name",
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def box(x: float, y: float, width: float, height: float, class_: str, hint: str = "") -> Markup:
    """A rectangle."""
    return tag("rect", *_hint(hint), x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=class_)


def polyline(points: Sequence[tuple[float, float]], class_: str, **attributes: Attribute) -> Markup:
    """A line through points."""
    return tag("path", d=way(points), class_=class_, **attributes)


def way(points: Sequence[tuple[float, float]]) -> str:
    """Points as the data of a path."""
    return "M" + "L".join(f"{rounded(x)} {rounded(y)}" for x, y in points)


def marker(index: int, x: float, y: float, hint: str = "", radius: float = 4.2) -> Markup:
    """The sign of result number `index`: a shape and a colour of its own."""
    sides, turn = ((0, 0.0), (4, 45.0), (4, 0.0), (3, 0.0), (3, 180.0), (5, 0.0))[index % 6]
    kind = f"c{index % COLORS}"
    if not sides:
        return tag("circle", *_hint(hint), cx=x, cy=y, r=radius, class_=kind)
    angles = (math.radians(turn + 360.0 * corner / sides) for corner in range(sides))
    size = radius * 1.2
    corners = " ".join(f"{rounded(x + size * math.sin(a))},{rounded(y - size * math.cos(a))}" for a in angles)
    return tag("polygon", *_hint(hint), points=corners, class_=kind)


def _hint(hint: str) -> tuple[Markup, ...]:
    return (tag("title", hint),) if hint else ()
