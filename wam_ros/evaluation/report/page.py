"""The whole page. The same results make the same page, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence

from wam_ros.evaluation.report.calibration_section import calibration_section
from wam_ros.evaluation.report.comparison_section import comparison_section
from wam_ros.evaluation.report.conduct_section import conduct_section
from wam_ros.evaluation.report.definition_section import definition_section
from wam_ros.evaluation.report.headline import headline
from wam_ros.evaluation.report.map_section import map_section
from wam_ros.evaluation.report.markup import Markup, tag
from wam_ros.evaluation.report.open_loop_section import open_loop_section
from wam_ros.evaluation.report.origin_section import origin_section
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.score_section import score_section
from wam_ros.evaluation.report.section import Section
from wam_ros.evaluation.report.style import STYLE
from wam_ros.evaluation.report.timing_section import timing_section
from wam_ros.evaluation.report.worst_section import worst_section

# The browser itself refuses whatever would come from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(results: Sequence[ReportedResult]) -> str:
    """HTML of one or more results, complete in itself."""
    driven = [result for result in results if result.closed_loop]
    replayed = [result for result in results if not result.closed_loop]
    sections: list[Section | None] = []
    if driven:
        sections += [headline(driven), comparison_section(driven), score_section(driven), conduct_section(driven)]
        sections.append(timing_section(driven))
    if replayed:
        sections.append(open_loop_section(replayed))
    sections.append(calibration_section(results))
    if driven:
        sections += [worst_section(driven), map_section(driven)]
    sections += [origin_section(results), definition_section()]
    known = [section for section in sections if section is not None]
    title = f"Evaluation: {', '.join(dict.fromkeys(result.planner for result in results))}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    links = (tag("a", section.title, href=f"#{section.name}") for section in known)
    dates = sorted(str(result.stamp.get("date", "")) for result in results)
    begun = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    told = f"{len(results)} result{'s' if len(results) > 1 else ''} of wam evaluate, {begun}"
    body = tag(
        "body",
        tag("h1", title),
        tag("p", told, class_="lead"),
        tag("nav", *links),
        *(section.markup() for section in known),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"
