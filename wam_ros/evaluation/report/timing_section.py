"""How long plans took, how many steps they had, what became of them and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from wam_ros.evaluation.report.drawing import figure
from wam_ros.evaluation.report.figures import count, percent, share_of
from wam_ros.evaluation.report.histogram import count_histogram, decades, time_histogram
from wam_ros.evaluation.report.markup import Markup
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.section import Section, grid, paragraph
from wam_ros.evaluation.report.table import Column, table, with_note

_REASONS = 5
_NUMBER = re.compile(r"\d+(\.\d+)?")
_STATUSES = ("FULL", "ANYTIME", "REUSED", "STOP")


def timing_section(results: Sequence[ReportedResult]) -> Section:
    """Of closed-loop results."""
    wall = [(result, list(chain.from_iterable(route.plan_times_ms for route in result.routes))) for result in results]
    virtual = [
        (result, list(chain.from_iterable(route.virtual_times_ms or () for route in result.routes)))
        for result in results
    ]
    steps = [(result, counts) for result, counts in _totals(results, "steps") if _are_numbers(counts)]
    return Section.of(
        "timing",
        "Planning time and plans",
        _times("Wall time of a plan", wall),
        _times("Virtual time of a plan", virtual),
        grid("plots", (_steps(result, counts) for result, counts in steps if len(counts) > 1)),
        *(paragraph(_same_steps(result, counts)) for result, counts in steps if len(counts) == 1),
        status_table(_totals(results, "statuses")),
        reason_table(_totals(results, "reasons")),
    )


def _times(name: str, times: Sequence[tuple[ReportedResult, Sequence[float]]]) -> Markup:
    """One histogram for each result that has times, all with the same axis."""
    known = [(result, [value for value in values if value > 0.0]) for result, values in times]
    known = [(result, values) for result, values in known if values]
    if not known:
        return Markup()
    ends = decades([value for _, values in known for value in values])
    return grid("plots", (_time_figure(name, result, values, ends) for result, values in known))


def _time_figure(name: str, result: ReportedResult, values: Sequence[float], ends: tuple[float, float]) -> Markup:
    middle, late = np.quantile(values, [0.5, 0.99])
    picture = time_histogram(
        values, ends, {"p50": float(middle), "p99": float(late)}, result.index, f"{name} of {result.name}"
    )
    return figure(picture, f"{result.name}: {name.lower()}, {count(len(values))} plans")


def _are_numbers(counts: Counter[str]) -> bool:
    return bool(counts) and all(key.isdecimal() for key in counts)


def _same_steps(result: ReportedResult, counts: Counter[str]) -> str:
    """In words, where a histogram would be one bar."""
    ((steps, plans),) = counts.items()
    return f"{result.name}: all {count(plans)} plans have {steps} decoding step{'' if steps == '1' else 's'}."


def _steps(result: ReportedResult, counts: Counter[str]) -> Markup:
    picture = count_histogram(counts, "decoding steps of a plan", result.index, f"decoding steps of {result.name}")
    return figure(picture, f"{result.name}: decoding steps, {count(sum(counts.values()))} plans")


def status_table(counts: Sequence[tuple[ReportedResult, Mapping[str, int]]]) -> Markup:
    """Plans by status, of each result."""
    by_name = [{name.upper(): value for name, value in statuses.items()} for _, statuses in counts]
    names = [*_STATUSES, *sorted({name for statuses in by_name for name in statuses} - set(_STATUSES))]
    rows = []
    for (result, _), statuses in zip(counts, by_name):
        total = sum(statuses.values())
        cells = (
            with_note(percent(share_of(statuses.get(name, 0), total), 1), count(statuses.get(name, 0)))
            for name in names
        )
        rows.append([result.name, *cells])
    columns = [Column("result", is_text=True), *(Column(name, "% of plans, number") for name in names)]
    return table(columns, rows, "Status of plans")


def reason_table(counts: Sequence[tuple[ReportedResult, Mapping[str, int]]]) -> Markup:
    """The most common reasons of each result; those without any are left out."""
    rows = [
        [result.name, count(plans), reason]
        for result, reasons in counts
        for reason, plans in common_reasons(reasons)[:_REASONS]
    ]
    columns = [Column("result", is_text=True), Column("plans"), Column("reason", is_text=True)]
    caption = "Most common reasons (# = differing numbers)"
    return table(columns, rows, caption) if rows else Markup()


def common_reasons(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    """Reasons with their plans, the most common first; those that differ in numbers only are one."""
    alike: dict[str, list[str]] = {}
    for reason in reasons:
        alike.setdefault(_NUMBER.sub("#", reason), []).append(reason)
    merged = [
        (texts[0] if len(texts) == 1 else pattern, sum(reasons[text] for text in texts))
        for pattern, texts in alike.items()
    ]
    return sorted(merged, key=lambda entry: (-entry[1], entry[0]))


def _totals(results: Sequence[ReportedResult], name: str) -> list[tuple[ReportedResult, Counter[str]]]:
    """A count by name, over the routes of each result."""
    return [
        (result, sum((Counter(getattr(route, name)) for route in result.routes), Counter[str]())) for result in results
    ]
