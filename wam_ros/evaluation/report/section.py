"""A part of the page with a heading, and the legend of results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wam_ros.evaluation.report.drawing import marker
from wam_ros.evaluation.report.markup import Markup, join, tag
from wam_ros.evaluation.report.reported_result import ReportedResult


@dataclass(frozen=True)
class Section:
    """A heading, its name in links, and what follows it."""

    name: str
    title: str
    body: Markup

    @classmethod
    def of(cls, name: str, title: str, *parts: str) -> Section:
        """From parts; plain text is escaped."""
        return cls(name, title, join(parts))

    def markup(self) -> Markup:
        """As it lies on the page."""
        return tag("section", tag("h2", self.title), self.body, id=self.name)


def paragraph(words: str, kind: str | None = "note") -> Markup:
    """Some sentences."""
    return tag("p", words, class_=kind)


def legend(results: Iterable[ReportedResult]) -> Markup:
    """Which sign is whose."""
    entries = (tag("li", sign(result), result.name) for result in results)
    return tag("ul", *entries, class_="legend")


def sign(result: ReportedResult) -> Markup:
    """The result's marker in running text."""
    return tag("svg", marker(result.index, 7.0, 7.0), view_box="0 0 14 14", aria_hidden="true")


def grid(kind: str, figures: Iterable[Markup]) -> Markup:
    """Figures side by side as the width allows."""
    return tag("div", *figures, class_=kind)
