"""Maps of the driven routes, those of one route side by side."""

from __future__ import annotations

from collections.abc import Sequence

from wam_ros.evaluation.report.figures import number, words
from wam_ros.evaluation.report.markup import Markup, tag
from wam_ros.evaluation.report.reported_result import ReportedResult
from wam_ros.evaluation.report.route_map import MapView, lane_shapes, route_map
from wam_ros.evaluation.report.section import Section, grid, paragraph
from wam_ros.evaluation.report.speed_scale import SpeedScale
from wam_ros.evaluation.result import RouteEvent, RouteResult

_LISTED = 12  # infractions below a map

Drive = tuple[ReportedResult, RouteResult]


def map_section(results: Sequence[ReportedResult]) -> Section:
    """Of closed-loop results."""
    speeds = SpeedScale.of(route for result in results for route in result.routes)
    drives: dict[str, list[Drive]] = {}
    for result in results:
        for route in result.routes:
            drives.setdefault(route.id, []).append((result, route))
    return Section.of(
        "maps",
        "Driven routes",
        paragraph(
            "Grey: lanes. Dashed: the route, from the circle to the square. Coloured: the driven path by speed. "
            "Numbers: infractions in order, red where at fault. North is up."
        ),
        speeds.legend(),
        *(_route(number, name, same, speeds) for number, (name, same) in enumerate(drives.items())),
    )


def _route(index: int, name: str, drives: Sequence[Drive], speeds: SpeedScale) -> Markup:
    """The maps of one route in the same view."""
    view, lanes = MapView.of(route for _, route in drives), f"lanes{index}"
    length = next((route.length_m for _, route in drives if route.length_m > 0.0), None)
    heading = tag("h3", f"{name}, {number(length, 0)} m")
    if view is None:
        return tag("div", heading, paragraph("Nothing was driven."))
    town = next((result.lanes[route.town] for result, route in drives if route.town in result.lanes), ())
    figures = (_figure(result, route, view, lanes, speeds) for result, route in drives)
    return tag("div", heading, lane_shapes(lanes, town, view), grid("maps", figures))


def _figure(result: ReportedResult, route: RouteResult, view: MapView, lanes: str, speeds: SpeedScale) -> Markup:
    told = (
        f"score {number(route.scores['2.0'])}, completion {number(route.route_completion, 0)} %, {route.outcome}, "
        f"{number(route.duration_s, 0)} s"
    )
    caption = tag("figcaption", result.name, tag("small", told))
    if not route.path:
        reason = "Nothing was driven." if route.error is None else f"Nothing was driven: {route.error}"
        return tag("figure", caption, paragraph(reason), class_="map")
    picture = route_map(route, view, lanes, speeds, f"{result.name} on {route.id}")
    return tag("figure", caption, picture, _events(route.events), class_="map")


def _events(events: Sequence[RouteEvent]) -> Markup:
    if not events:
        return Markup()
    entries = [
        tag("li", f"{words(event.kind)}, {number(event.time_s)} s", class_=None if event.at_fault else "other")
        for event in events[:_LISTED]
    ]
    if len(events) > _LISTED:
        entries.append(tag("li", f"and {len(events) - _LISTED} more", style="list-style:none"))
    return tag("ol", *entries)
