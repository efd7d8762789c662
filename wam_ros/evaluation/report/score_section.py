"""Driving scores by version of the rules, by town and by route."""

from __future__ import annotations

from collections.abc import Sequence

from wam_ros.evaluation.report.dot_plot import Dot, DotRow, dot_plot
from wam_ros.evaluation.report.drawing import figure
from wam_ros.evaluation.report.figures import count, mean, number, percent
from wam_ros.evaluation.report.markup import Markup
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.section import Section, grid, legend
from wam_ros.evaluation.report.table import Column, table
from wam_ros.evaluation.result import SCORES, RouteResult

_NAMES = {"bench2drive": "Bench2Drive"}
_ROWS = 20  # routes in one plot


def score_section(results: Sequence[ReportedResult]) -> Section:
    """Of closed-loop results."""
    towns = list(dict.fromkeys(route.town for result in results for route in result.routes))
    plots = [plot for town in towns for plot in _town_plots(town, results)]
    return Section.of(
        "scores", "Driving score", _versions(results), _towns(towns, results), legend(results), grid("plots", plots)
    )


def _versions(results: Sequence[ReportedResult]) -> Markup:
    columns = [Column("result", is_text=True), *(Column(_NAMES.get(name, f"leaderboard {name}")) for name in SCORES)]
    columns += [Column("efficiency", "Bench2Drive, %"), Column("comfort", "Bench2Drive, %")]
    rows = [
        [
            result.name,
            *(number(result.summary.driving_scores.get(name)) for name in SCORES),
            number(result.summary.number("efficiency")),
            percent(result.summary.number("comfort"), 1),
        ]
        for result in results
    ]
    return table(columns, rows, "By version of the rules (0\u2013100)")


def _towns(towns: Sequence[str], results: Sequence[ReportedResult]) -> Markup:
    columns = [
        Column("town", is_text=True),
        Column("routes"),
        *(Column(result.key, "mean score") for result in results),
    ]
    rows = []
    for town in towns:
        driven = [[route for route in result.routes if route.town == town] for result in results]
        means = [number(mean([route.scores["2.0"] for route in routes])) for routes in driven]
        rows.append([town, count(len({route.id for routes in driven for route in routes})), *means])
    return table(columns, rows, "By town (leaderboard 2.0)")


def _town_plots(town: str, results: Sequence[ReportedResult]) -> list[Markup]:
    """Plots of at most 20 routes."""
    ids = list(dict.fromkeys(route.id for result in results for route in result.routes if route.town == town))
    by_id = [(result, {route.id: route for route in result.routes}) for result in results]
    rows = [
        DotRow(
            name.removeprefix(f"{town}/"),
            [
                Dot(result.index, routes[name].scores["2.0"], _hint(result, routes[name]))
                for result, routes in by_id
                if name in routes
            ],
        )
        for name in ids
    ]
    pieces = [rows[first : first + _ROWS] for first in range(0, len(rows), _ROWS)]
    return [
        figure(
            dot_plot(piece, 0.0, 100.0, "driving score (2.0)", f"driving score by route in {town}"),
            f"{town}: routes {piece[0].label} to {piece[-1].label}",
        )
        for piece in pieces
    ]


def _hint(result: ReportedResult, route: RouteResult) -> str:
    score, completion = route.scores["2.0"], route.route_completion
    return f"{result.name}, {route.id}: {score:.1f}, completion {completion:.0f} %, {route.outcome}"
