"""Tables: figures to the right, text to the left, units in the head. Wide ones scroll by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wam_ros.evaluation.report.markup import Markup, breakable, join, tag


@dataclass(frozen=True)
class Column:
    """One column.

    Fields:
        name: For people.
        unit: Below the name; empty = none.
        is_text: Text goes to the left.
        hint: Shown when pointed at.

    """

    name: str
    unit: str = ""
    is_text: bool = False
    hint: str | None = None


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], caption: str = "") -> Markup:
    """Rows of one cell per column; the first cell heads its row."""
    head = tag("tr", *(_head(column) for column in columns))
    body = (tag("tr", *(_cell(index, columns[index], cell) for index, cell in enumerate(row))) for row in rows)
    parts = [tag("caption", caption)] if caption else []
    return tag("div", tag("table", *parts, tag("thead", head), tag("tbody", *body)), class_="scroll")


def with_note(text: str, note: str) -> Markup:
    """A figure with a smaller one below."""
    return join([text, tag("small", note)])


def _head(column: Column) -> Markup:
    unit = [tag("small", column.unit)] if column.unit else []
    return tag("th", column.name, *unit, scope="col", class_="t" if column.is_text else None, title=column.hint)


def _cell(index: int, column: Column, cell: str) -> Markup:
    kind = "t" if column.is_text else None
    return tag("th", breakable(cell), scope="row", class_=kind) if index == 0 else tag("td", cell, class_=kind)
