"""Open loop: how far plans are from what was driven, and NAVSIM's scores of them."""

from __future__ import annotations

from collections.abc import Sequence

from wam_ros.evaluation.report.axis import Axis, label, round_up
from wam_ros.evaluation.report.drawing import COLORS, WIDTH, drawing, figure, line, marker, polyline, text, upright
from wam_ros.evaluation.report.figures import DASH, count, interval, number, percent
from wam_ros.evaluation.report.headline import differing_settings, warning
from wam_ros.evaluation.report.markup import Markup, breakable, join, tag
from wam_ros.evaluation.report.open_loop_record import OpenLoopRecord
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.section import Section, grid, legend, paragraph
from wam_ros.evaluation.report.table import Column, table, with_note
from wam_ros.evaluation.report.timing_section import reason_table, status_table

_TASK_KEYS = ("bags", "metric_version", "score_every_s")
_LEFT, _RIGHT, _TOP, _HEIGHT = 44.0, 14.0, 10.0, 180.0

Replayed = tuple[ReportedResult, OpenLoopRecord]


def open_loop_section(results: Sequence[ReportedResult]) -> Section:
    """Of open-loop results."""
    known = [(result, result.open_loop) for result in results if result.open_loop is not None]
    return Section.of(
        "open-loop",
        "Open loop",
        *map(warning, differing_settings(results, _TASK_KEYS)),
        _headline(known),
        legend(results),
        grid("plots", _plots(known)),
        _horizons(known),
        grid("tables", (_confidence(result, record) for result, record in known if record.confidence)),
        *(_sub_scores(version, known) for version in ("v1", "v2")),
        _nuscenes(known),
        _bags(known),
        status_table([(result, record.statuses) for result, record in known]),
        reason_table([(result, record.reasons) for result, record in known]),
        paragraph("The drive goes on whatever is planned: errors do not add up as they do closed loop."),
    )


def _headline(known: Sequence[Replayed]) -> Markup:
    columns = (
        Column("result", is_text=True),
        Column("frames"),
        Column("ADE", "m"),
        Column("FDE", "m"),
        Column("heading error", "rad"),
        Column("scored frames"),
        Column("PDMS", "0\u2013100"),
        Column("EPDMS", "0\u2013100"),
        Column("EPDMS", "unfiltered"),
    )
    return table(columns, [_row(result, record) for result, record in known])


def _row(result: ReportedResult, record: OpenLoopRecord) -> list[str]:
    figures, ends = record.figures, result.summary.intervals
    privileged = [tag("small", tag("span", "privileged", class_="badge"))] if result.privileged else []

    def cell(name: str, digits: int, scale: float = 1.0) -> str:
        value = figures[name]
        words = number(None if value is None else value * scale, digits)
        return with_note(words, interval(ends[name], digits, scale)) if name in ends else words

    return [
        join([breakable(result.name), *privileged]),
        count(figures["frames"]),
        cell("ade_m", 2),
        cell("fde_m", 2),
        cell("heading_error_rad", 3),
        count(figures["frames_scored"]),
        *(cell(name, 1, 100.0) for name in ("pdms", "epdms", "epdms_unfiltered")),
    ]


def _plots(known: Sequence[Replayed]) -> list[Markup]:
    plots = []
    for name, axis_name, title in (
        ("error_m", "m", "Distance from the driven path"),
        ("heading_error_rad", "rad", "Heading error"),
    ):
        if any(row[name] is not None for _, record in known for _, row in record.horizons):
            plots.append(figure(_plot(known, name, axis_name, title), f"{title}, by horizon"))
    return plots


def _plot(known: Sequence[Replayed], name: str, axis_name: str, title: str) -> Markup:
    lines = [
        (result, [(time, value) for time, row in record.horizons if (value := row[name]) is not None])
        for result, record in known
    ]
    points = [point for _, values in lines for point in values]
    floor, end = _TOP + _HEIGHT, WIDTH - _RIGHT
    across = Axis(0.0, round_up(max(time for time, _ in points)), _LEFT, end)
    up = Axis(0.0, round_up(max(value for _, value in points)), floor, _TOP)
    parts = [line(_LEFT, up.at(y), end, up.at(y), "grid") for y in up.ticks()]
    parts += [text(_LEFT - 5.0, up.at(y) + 4.0, label(y), "end", "tick") for y in up.ticks()]
    parts += [text(across.at(x), floor + 14.0, label(x), "middle", "tick") for x in across.ticks()]
    parts += [text((_LEFT + end) / 2.0, floor + 29.0, "horizon, s", "middle", "name")]
    parts.append(upright(11.0, _TOP + _HEIGHT / 2.0, axis_name))
    for result, values in lines:
        places = [(across.at(time), up.at(value)) for time, value in values]
        parts += [polyline(places, f"curve s{result.index % COLORS}")] if len(places) > 1 else []
        parts += [
            marker(result.index, x, y, f"{result.name}, {time:g} s: {value:.3f} {axis_name}")
            for (x, y), (time, value) in zip(places, values)
        ]
    return drawing(floor + 34.0, title, *parts)


def _horizons(known: Sequence[Replayed]) -> Markup:
    times = sorted({time for _, record in known for time, _ in record.horizons})
    columns = [Column("result", is_text=True), *(Column(f"{time:g} s", "m / rad") for time in times)]
    rows = []
    for result, record in known:
        by_time = dict(record.horizons)
        cells = (
            f"{number(by_time[time]['error_m'], 2)} / {number(by_time[time]['heading_error_rad'], 3)}"
            if time in by_time
            else DASH
            for time in times
        )
        rows.append([result.name, *cells])
    return table(columns, rows, "Distance and heading error by horizon")


def _confidence(result: ReportedResult, record: OpenLoopRecord) -> Markup:
    columns = [
        Column("confidence"),
        Column("frames"),
        Column("ADE", "m"),
        Column("FDE", "m"),
        Column("PDMS", "0\u2013100"),
    ]
    rows = [
        [
            f"{low:.1f}\u2013{high:.1f}",
            count(row["frames"]),
            number(row["ade_m"], 2),
            number(row["fde_m"], 2),
            percent(row["pdms"], 1),
        ]
        for low, high, row in record.confidence
    ]
    return table(columns, rows, f"{result.name}: by confidence")


def _sub_scores(version: str, known: Sequence[Replayed]) -> Markup:
    names = list(dict.fromkeys(name for _, record in known for name in record.sub_scores.get(version, {})))
    if not names:
        return Markup()
    rows = [
        [result.name, *(percent(record.sub_scores.get(version, {}).get(name), 1) for name in names)]
        for result, record in known
    ]
    columns = [Column("result", is_text=True), *(Column(name.replace("_", " "), "0\u2013100") for name in names)]
    return table(columns, rows, f"NAVSIM sub-scores, {version}")


def _nuscenes(known: Sequence[Replayed]) -> Markup:
    horizons = list(dict.fromkeys(at for _, record in known for _, l2, _ in record.nuscenes for at in l2))
    rows = [
        [result.name, protocol, *(number(l2.get(at), 2) for at in horizons), count(samples)]
        for result, record in known
        for protocol, l2, samples in record.nuscenes
    ]
    columns = [Column("result", is_text=True), Column("protocol", is_text=True), *(Column(at, "m") for at in horizons)]
    return table([*columns, Column("samples")], rows, "L2 as on nuScenes") if rows else Markup()


def _bags(known: Sequence[Replayed]) -> Markup:
    columns = [Column("result", is_text=True), Column("drive", is_text=True), Column("frames"), Column("ADE", "m")]
    columns += [Column("FDE", "m"), Column("PDMS", "0\u2013100"), Column("why no NAVSIM scores", is_text=True)]
    rows = [
        [
            result.name,
            name,
            count(row["frames"]),
            number(row["ade_m"], 2),
            number(row["fde_m"], 2),
            percent(row["pdms"], 1),
            why or DASH,
        ]
        for result, record in known
        for name, row, why in record.bags
    ]
    return table(columns, rows, "By drive")
