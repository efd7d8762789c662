"""Where each figure comes from: the stamps of the results, as they are."""

from __future__ import annotations

from collections.abc import Sequence

from wam_ros.evaluation.report.headline import setting
from wam_ros.evaluation.report.markup import Markup, join, tag
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.section import Section

_FIRST = (
    *("planner", "provenance", "privileged", "weights_hash", "decode", "towns", "seed", "metric_version"),
    *("plan_delay_s", "planning_period_s", "command", "machine", "python", "date"),
)
_AS_CODE = frozenset({"command", "weights_hash", "identity"})


def origin_section(results: Sequence[ReportedResult]) -> Section:
    """Of all results."""
    return Section.of("origin", "Where the figures come from", *(_stamp(result) for result in results))


def _stamp(result: ReportedResult) -> Markup:
    keys = [*_FIRST, *(key for key in result.stamp if key not in _FIRST)]
    rows = [("file", join([result.file, " (SHA-256 ", tag("code", result.digest), "\u2026)"])), ("kind", result.kind)]
    for key in keys:
        value = setting(result.stamp.get(key))
        rows.append((key, tag("code", value) if key in _AS_CODE else value))
    pairs = (part for key, value in rows for part in (tag("dt", key.replace("_", " ")), tag("dd", value)))
    return tag("div", tag("h3", result.name), tag("dl", *pairs))
