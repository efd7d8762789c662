"""How the drives ended, and what went wrong in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from wam_ros.evaluation.report.axis import round_up
from wam_ros.evaluation.report.dot_plot import Dot, DotRow, dot_plot
from wam_ros.evaluation.report.drawing import figure
from wam_ros.evaluation.report.figures import count, number, percent, share_of, words
from wam_ros.evaluation.report.markup import Markup, tag
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.section import Section, grid, legend
from wam_ros.evaluation.report.table import Column, table, with_note
from wam_ros.evaluation.result import Outcome


def conduct_section(results: Sequence[ReportedResult]) -> Section:
    """Of closed-loop results."""
    events = [Counter(event.kind for route in result.routes for event in route.events) for result in results]
    kinds = sorted(
        {kind for counts in events for kind in counts}, key=lambda kind: (-max(c[kind] for c in events), kind)
    )
    parts = [_outcomes(results), _crashes(results)]
    if kinds:
        parts += [_infractions(kinds, events, results), legend(results), grid("plots", [_plot(kinds, events, results)])]
    return Section.of("conduct", "Outcomes and infractions", *parts)


def _outcomes(results: Sequence[ReportedResult]) -> Markup:
    names: tuple[Outcome, ...] = get_args(Outcome)
    rows = []
    for result in results:
        counts = Counter(route.outcome for route in result.routes)
        cells = (
            with_note(count(counts[name]), f"{percent(share_of(counts[name], len(result.routes)))} %") for name in names
        )
        rows.append([result.name, *cells])
    return table([Column("result", is_text=True), *map(Column, names)], rows, "How routes ended")


def _crashes(results: Sequence[ReportedResult]) -> Markup:
    """What crashed, where something did."""
    errors = [
        tag("li", f"{result.name}, {route.id}: ", tag("code", route.error))
        for result in results
        for route in result.routes
        if route.error is not None
    ]
    return tag("div", tag("h3", "Errors"), tag("ul", *errors)) if errors else Markup()


def _infractions(kinds: Sequence[str], events: Sequence[Counter[str]], results: Sequence[ReportedResult]) -> Markup:
    columns = [Column("kind", is_text=True), *(Column(result.key, "1/km (number)") for result in results)]
    rows = [
        [
            words(kind),
            *(f"{number(_rate(result, counts[kind]), 2)} ({counts[kind]})" for result, counts in zip(results, events)),
        ]
        for kind in kinds
    ]
    return table(columns, rows, "Infractions, whoever was at fault")


def _plot(kinds: Sequence[str], events: Sequence[Counter[str]], results: Sequence[ReportedResult]) -> Markup:
    rows, most = [], 0.0
    for kind in kinds:
        rates = [(result, _rate(result, counts[kind])) for result, counts in zip(results, events)]
        dots = [Dot(result.index, rate, f"{result.name}: {rate:.2f}/km") for result, rate in rates if rate is not None]
        most = max([most, *(dot.value for dot in dots)])
        rows.append(DotRow(words(kind), dots))
    return figure(
        dot_plot(rows, 0.0, round_up(most), "1/km", "infractions by kind"), "Infractions per kilometre driven"
    )


def _rate(result: ReportedResult, number_of: int) -> float | None:
    return share_of(number_of, sum(route.driven_m for route in result.routes) / 1e3)
