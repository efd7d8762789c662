"""The worst ten moments of all results, as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wam_ros.evaluation.report.figures import DASH, number, words
from wam_ros.evaluation.report.markup import Markup, tag
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.section import Section, grid, paragraph
from wam_ros.evaluation.result import Moment, RouteEvent, RouteResult

MOST = 10
_WORST_FIRST = (
    "collision_pedestrian",
    "collision_vehicle",
    "collision_static",
    "red_light",
    "wrong_way",
    "off_lane",
    "route_deviation",
    "blocked",
    "stopped_at_green",
)
_SAME_TIME = 1e-3  # s


@dataclass(frozen=True, eq=False)
class WorstMoment:
    """A picture, whose, and the infraction it shows; None where the file does not tell which."""

    result: ReportedResult
    route: RouteResult
    moment: Moment
    event: RouteEvent | None

    @property
    def rank(self) -> tuple[bool, int, float, int, str, float]:
        """Lower is worse: own fault first, then by kind, then by how far (speed, metres, seconds)."""
        kind, event = self.moment.kind, self.event
        severity = _WORST_FIRST.index(kind) if kind in _WORST_FIRST else len(_WORST_FIRST)
        value = 0.0 if event is None else event.value
        not_ours = event is not None and not event.at_fault
        return not_ours, severity, -value, self.result.index, self.route.id, self.moment.time_s


def worst_moments(results: Sequence[ReportedResult]) -> list[WorstMoment]:
    """At most ten, the worst first."""
    found = [
        WorstMoment(result, route, moment, _event(route, moment))
        for result in results
        for route in result.routes
        for moment in route.moments
    ]
    return sorted(found, key=lambda one: one.rank)[:MOST]


def worst_section(results: Sequence[ReportedResult]) -> Section:
    """Of closed-loop results."""
    worst = worst_moments(results)
    told = (
        "Over all results: own fault first, then by kind, then by how far. The plan is drawn in."
        if worst
        else "The results hold no pictures of infractions."
    )
    figures = (_figure(place, one) for place, one in enumerate(worst, 1))
    return Section.of("worst", "Worst moments", paragraph(told), grid("pictures", figures))


def _event(route: RouteResult, moment: Moment) -> RouteEvent | None:
    same = (
        event for event in route.events if event.kind == moment.kind and abs(event.time_s - moment.time_s) < _SAME_TIME
    )
    return next(same, None)


def _figure(place: int, one: WorstMoment) -> Markup:
    fault = DASH if one.event is None else "at fault" if one.event.at_fault else "not at fault"
    head = f"{place}. {words(one.moment.kind)}: {one.moment.detail}"
    told = f"{one.result.name}, {one.route.id}, {number(one.moment.time_s)} s, {fault}"
    picture = tag("img", src=one.moment.picture, alt=f"{head} ({told})")
    return tag("figure", tag("figcaption", head, tag("small", told)), picture)
