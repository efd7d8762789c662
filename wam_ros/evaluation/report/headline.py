"""The first table: all results side by side, and what forbids to compare them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from wam_ros.evaluation.report.dot_plot import Dot, DotRow, dot_plot
from wam_ros.evaluation.report.drawing import figure
from wam_ros.evaluation.report.figures import DASH, count, interval, number, percent, share_of
from wam_ros.evaluation.report.markup import Markup, breakable, join, tag
from wam_ros.evaluation.report.reported_result import Pair, ReportedResult
from wam_ros.evaluation.report.section import Section, grid, paragraph
from wam_ros.evaluation.report.table import Column, table, with_note

_COLUMNS = (
    Column("result", is_text=True),
    Column("routes"),
    Column("completion", "%"),
    Column("driving score", "0\u2013100 (2.0)"),
    Column("success", "%"),
    Column("collisions", "at fault/km"),
    Column("red lights", "1/km"),
    Column("stopped at green", "1/km"),
    Column("driven", "km"),
    Column("late plans", "% of plans"),
    Column("plan time", "ms, p50 / p99", hint="wall time on the machine of the run"),
)
_FEW = 10  # routes; the bootstrap of fewer gives intervals that are too narrow
_VIRTUAL = Column("virtual time", "ms, p50 / p99", hint="by the stored step-time table")
# Two results that differ in one of these did not have the same task.
_TASK_KEYS = ("towns", "seed", "metric_version", "plan_delay_s", "planning_period_s")


def headline(results: Sequence[ReportedResult]) -> Section:
    """Of closed-loop results."""
    columns, rows = [*_COLUMNS], [_row(result) for result in results]
    if any(result.summary.virtual_plan_ms is not None for result in results):
        columns.append(_VIRTUAL)
        rows = [[*row, _percentiles(result.summary.virtual_plan_ms)] for row, result in zip(rows, results)]
    dots = [
        DotRow(result.name, [Dot(result.index, value, f"{value:.1f}", result.summary.intervals.get("driving_score"))])
        for result in results
        if (value := result.summary.number("driving_score")) is not None
    ]
    plots = []
    if dots:
        picture = dot_plot(dots, 0.0, 100.0, "mean and 95 % interval", "driving score of each result")
        plots.append(figure(picture, "Driving score (2.0)"))
    return Section.of(
        "results",
        "Results",
        *map(warning, differing_settings(results, _TASK_KEYS)),
        _few(results),
        table(columns, rows),
        paragraph(
            "In brackets: 95 % interval of the bootstrap over routes; where all routes are alike it has no width, "
            "which is no certainty. Rates of what never happened: the exact interval of a Poisson rate. A dash: not "
            "known or nothing to tell."
        ),
        grid("plots", plots),
    )


def differing_settings(results: Sequence[ReportedResult], keys: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Settings of the task that are not the same in all results, with what each has."""
    found = []
    for key in keys:
        values = [setting(result.stamp.get(key)) for result in results]
        if len(set(values)) > 1:
            found.append((key, [f"{result.key}: {value}" for result, value in zip(results, values)]))
    return found


def setting(value: object) -> str:
    """A value of the stamp as text."""
    if value is None or value in ([], {}, ""):
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {setting(item)}" for key, item in value.items())
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def warning(difference: tuple[str, list[str]]) -> Markup:
    """Says so."""
    key, values = difference
    words = f"The results differ in {key} ({'; '.join(values)}): their means are not of the same task."
    return tag("p", words, class_="warn")


def _few(results: Sequence[ReportedResult]) -> Markup:
    """Says which results have too few routes for their intervals."""
    counts = [f"{result.key} has only {len(result.routes)}" for result in results if len(result.routes) < _FEW]
    if not counts:
        return Markup()
    words = f"Few routes ({', '.join(counts)}): intervals, also of differences, are too narrow."
    return tag("p", words, class_="warn")


def _row(result: ReportedResult) -> list[str]:
    summary = result.summary
    late = share_of(summary.number("late_plans") or 0.0, summary.number("plans") or 0.0)
    privileged = [tag("small", tag("span", "privileged", class_="badge"))] if result.privileged else []
    return [
        join([breakable(result.name), *privileged]),
        count(summary.number("routes")),
        _with_interval(result, "route_completion", 1),
        _with_interval(result, "driving_score", 1),
        _with_interval(result, "success_rate", 0, 100.0),
        _with_interval(result, "collisions_per_km", 2),
        _with_interval(result, "red_lights_per_km", 2),
        _with_interval(result, "stopped_at_green_per_km", 2),
        number(summary.number("km"), 2),
        with_note(percent(late, 1), f"{count(summary.number('late_plans'))} of {count(summary.number('plans'))}"),
        _percentiles(summary.plan_ms),
    ]


def _with_interval(result: ReportedResult, name: str, digits: int, scale: float = 1.0) -> str:
    value, ends = result.summary.number(name), result.summary.intervals.get(name)
    text = number(None if value is None else value * scale, digits)
    return text if ends is None else with_note(text, interval(ends, digits, scale))


def _percentiles(values: Pair | None) -> str:
    return DASH if values is None else f"{milliseconds(values[0])} / {milliseconds(values[1])}"


def milliseconds(value: float) -> str:
    """With three digits that count."""
    return number(value, 0 if value >= 100.0 else 1 if value >= 10.0 else 2)
