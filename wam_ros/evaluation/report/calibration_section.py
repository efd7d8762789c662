"""Whether the planner's confidence can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from wam_ros.evaluation.report.calibration_record import CalibrationRecord
from wam_ros.evaluation.report.drawing import figure
from wam_ros.evaluation.report.figures import DASH, count, interval, number
from wam_ros.evaluation.report.markup import Markup
from wam_ros.evaluation.report.reliability_plot import reliability_plot, sparsification_plot
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.section import Section, grid, paragraph
from wam_ros.evaluation.report.table import Column, table, with_note

_COLUMNS = (
    Column("result", is_text=True),
    Column("plans", "with waypoint confidence"),
    Column("ECE", "waypoints"),
    Column("AUSE", "against ADE"),
    Column("plans", "with 4 s after"),
    Column("infractions", "in 4 s"),
    Column("ECE", "no infraction"),
    Column("AUROC", "infraction in 4 s"),
)


def calibration_section(results: Sequence[ReportedResult]) -> Section | None:
    """None where no result has confidences."""
    known = [(result, result.calibration) for result in results if result.calibration is not None]
    if not known:
        return None
    missing = [result.name for result in results if result.calibration is None]
    return Section.of(
        "calibration",
        "Confidence",
        table(_COLUMNS, [_row(result, record) for result, record in known]),
        paragraph(f"Without confidences: {', '.join(missing)}.") if missing else Markup(),
        grid("plots", [plot for result, record in known for plot in _plots(result, record)]),
        grid("tables", (_horizons(result, record) for result, record in known if record.horizons)),
    )


def _row(result: ReportedResult, record: CalibrationRecord) -> list[str]:
    return [
        result.name,
        count(record.plans),
        _figure(record, record.waypoint_ece, "waypoint_ece"),
        _figure(record, record.ause, "ause"),
        count(record.outcomes),
        count(record.infractions),
        _figure(record, record.overall_ece, "overall_ece"),
        _figure(record, record.auroc, "auroc"),
    ]


def _figure(record: CalibrationRecord, value: float | None, name: str) -> str:
    ends = record.ci95.get(name)
    if value is None:
        return DASH
    return number(value, 3) if ends is None else with_note(number(value, 3), interval(ends, 3))


def _plots(result: ReportedResult, record: CalibrationRecord) -> list[Markup]:
    plots = []
    for bins, what, axis_name in (
        (record.waypoints, "waypoints within r", "believed P(waypoint within r)"),
        (record.overall, "no infraction in 4 s", "believed P(no infraction in 4 s)"),
    ):
        if any(one.count for one in bins):
            title = f"{result.name}: reliability, {what}"
            plots.append(figure(reliability_plot(bins, result.index, axis_name, title), title))
    if record.sparsification is not None and record.sparsification.removed:
        title = f"{result.name}: sparsification, ADE"
        plots.append(figure(sparsification_plot(record.sparsification, result.index, title), title))
    return plots


def _horizons(result: ReportedResult, record: CalibrationRecord) -> Markup:
    columns = [Column("waypoint at", "s"), Column("radius r", "m"), Column("ECE"), Column("samples")]
    rows = [
        [number(one.time_s), number(one.radius_m, 2), number(one.ece, 3), count(one.count)] for one in record.horizons
    ]
    return table(columns, rows, f"{result.name}: by horizon")
