"""HTML and SVG from nested calls; all text is escaped. Knows no page and no plot."""

from __future__ import annotations

import html
from collections.abc import Iterable

_VOID = frozenset({"img", "meta", "br", "hr", "line", "circle", "rect", "path", "polygon", "use"})

Attribute = str | float | None


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, *children: str, **attributes: Attribute) -> Markup:
    """An element. Text is escaped unless it is Markup; attributes of None are left out.

    `class_` becomes class, `stroke_width` stroke-width, numbers are rounded to hundredths.
    """
    parts = [f' {_key(key)}="{html.escape(_value(value))}"' for key, value in attributes.items() if value is not None]
    head = f"<{name}{''.join(parts)}>"
    if name in _VOID and not children:
        return Markup(head if name in {"img", "meta", "br", "hr"} else f"{head[:-1]}/>")
    return Markup(f"{head}{join(children)}</{name}>")


def join(parts: Iterable[str], between: str = "") -> Markup:
    """One after the other; text is escaped."""
    return Markup(between.join(part if isinstance(part, Markup) else html.escape(part) for part in parts))


def breakable(words: str) -> Markup:
    """Text that may go on in the next line after an underscore."""
    return words if isinstance(words, Markup) else Markup(html.escape(words).replace("_", "_<wbr>"))


def rounded(value: float) -> str:
    """A coordinate in as few characters as hundredths need."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _key(key: str) -> str:
    return "viewBox" if key == "view_box" else key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else rounded(value)
