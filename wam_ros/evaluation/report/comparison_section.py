"""Results in pairs, over the routes that both drove."""

from __future__ import annotations

from collections.abc import Sequence

from wam_ros.evaluation.report.axis import round_up
from wam_ros.evaluation.report.comparison import FIGURES, Comparison, Difference, Figure, comparisons
from wam_ros.evaluation.report.dot_plot import Dot, DotRow, dot_plot
from wam_ros.evaluation.report.drawing import figure
from wam_ros.evaluation.report.figures import DASH, count, interval, signed
from wam_ros.evaluation.report.markup import Markup, breakable, join, tag
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.section import Section, grid, paragraph
from wam_ros.evaluation.report.table import Column, table

_PLOTTED = ("driving score", "route completion", "success")


def comparison_section(results: Sequence[ReportedResult]) -> Section | None:
    """None where no two results share a route."""
    pairs = comparisons(results)
    if not pairs:
        return None
    columns = [Column("difference", is_text=True), Column("shared routes")]
    columns += [Column(one.name, one.unit) for one in FIGURES]
    rows = [(_pair_name(pair), count(pair.routes), *(_cell(pair, one) for one in FIGURES)) for pair in pairs]
    return Section.of(
        "comparison",
        "Paired comparison",
        paragraph(
            "The same routes (id and seeds) driven by both; second less first, with the 95 % interval of the paired "
            "bootstrap over routes. Green or red: the whole interval is on the better or worse side for the second; "
            "otherwise the routes do not show a difference. Intervals are not corrected for the number of comparisons."
        ),
        table(columns, rows),
        grid("plots", (_plot(one, pairs) for one in FIGURES if one.name in _PLOTTED)),
    )


def _pair_name(pair: Comparison) -> Markup:
    names = f"{pair.second.key} \u2212 {pair.first.key}"
    return join([names, tag("small", breakable(f"{pair.second.label} less {pair.first.label}"))])


def _cell(pair: Comparison, one: Figure) -> str:
    difference = pair.differences[one.name]
    if difference.value is None:
        return DASH
    judged = difference.sign if one.more_is_better else -difference.sign
    kind = {1: "good", -1: "bad"}.get(judged)
    ends = [tag("small", interval(difference.ends, one.digits))] if difference.ends is not None else []
    return join([tag("span", signed(difference.value, one.digits), class_=kind), *ends])


def _plot(one: Figure, pairs: Sequence[Comparison]) -> Markup:
    known = [(pair, pair.differences[one.name]) for pair in pairs]
    reach = round_up(max((_reach(difference) for _, difference in known), default=1.0), 2)
    rows = [
        DotRow(
            f"{pair.second.key} \u2212 {pair.first.key}",
            [Dot(pair.second.index, value, f"{value:+.2f}", difference.ends)],
        )
        for pair, difference in known
        if (value := difference.value) is not None
    ]
    title = f"difference in {one.name}"
    return figure(
        dot_plot(rows, -reach, reach, f"difference, {one.unit}", title, zero_line=True), one.name.capitalize()
    )


def _reach(difference: Difference) -> float:
    low, high = difference.ends or (0.0, 0.0)
    return max(abs(difference.value or 0.0), abs(low), abs(high))
