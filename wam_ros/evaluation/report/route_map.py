"""The map of one driven route: lanes as grey areas, route, path by speed, infractions by number. North is up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from wam_ros.evaluation.report.drawing import way
from wam_ros.evaluation.report.markup import Markup, tag
from wam_ros.evaluation.report.reported_result import Lane
from wam_ros.evaluation.report.speed_scale import SpeedScale
from wam_ros.evaluation.result import RouteEvent, RouteResult

_MARGIN = 15.0  # m around what was driven
_LEAST = 80.0  # m that a map shows at least
_SCALE_BARS = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)


@dataclass(frozen=True)
class MapView:
    """A square of the map: its middle and size [m]."""

    x: float
    y: float
    size: float

    @classmethod
    def of(cls, routes: Iterable[RouteResult]) -> MapView | None:
        """Around routes and paths; None where there are no points."""
        points = [(point[0], point[1]) for route in routes for point in route.route]
        return cls.around(points + [(x, y) for route in routes for _, x, y, *_ in route.path])

    @classmethod
    def around(cls, points: Sequence[tuple[float, float]]) -> MapView | None:
        """Around points."""
        if not points:
            return None
        xs, ys = [x for x, _ in points], [y for _, y in points]
        size = max(max(xs) - min(xs), max(ys) - min(ys), _LEAST - 2.0 * _MARGIN) + 2.0 * _MARGIN
        return cls((min(xs) + max(xs)) / 2.0, (min(ys) + max(ys)) / 2.0, size)

    def shows(self, lane: Lane) -> bool:
        """Whether a part of the lane may be seen."""
        reach = self.size / 2.0 + lane.width
        xs, ys = [x - self.x for x, _ in lane.points], [y - self.y for _, y in lane.points]
        return max(xs) >= -reach and min(xs) <= reach and max(ys) >= -reach and min(ys) <= reach

    @property
    def box(self) -> str:
        """As SVG wants it; its y points down."""
        return f"{self.x - self.size / 2.0:.1f} {-self.y - self.size / 2.0:.1f} {self.size:.1f} {self.size:.1f}"


def lane_shapes(name: str, lanes: Sequence[Lane], view: MapView) -> Markup:
    """The lanes of a view, to be drawn once and shown in several maps by their name."""
    seen = sorted((lane for lane in lanes if len(lane.points) > 1 and view.shows(lane)), key=lambda lane: lane.width)
    roads = (
        tag("path", d="".join(way(_flipped(lane.points)) for lane in same), stroke_width=width, class_="lane")
        for width, same in groupby(seen, key=lambda lane: lane.width)
    )
    return tag("svg", tag("defs", tag("g", *roads, id=name)), class_="shapes", aria_hidden="true")


def route_map(route: RouteResult, view: MapView, lanes: str, speeds: SpeedScale, title: str) -> Markup:
    """The map; `lanes` is the name of its lane shapes."""
    unit = view.size / 100.0
    parts = [tag("use", href=f"#{lanes}")]
    if len(route.route) > 1:
        parts.append(tag("path", d=way(_flipped([(x, y) for x, y, *_ in route.route])), class_="route"))
    parts.extend(_path(route, speeds))
    if route.route:
        start, goal = route.route[0], route.route[-1]
        parts.append(tag("circle", cx=start[0], cy=-start[1], r=1.8 * unit, class_="start"))
        parts.append(_square(goal[0], -goal[1], 1.8 * unit))
    parts.extend(_numbers(route.events, unit))
    parts.append(_scale_bar(view))
    return tag("svg", *parts, view_box=view.box, role="img", aria_label=title)


def _path(route: RouteResult, speeds: SpeedScale) -> list[Markup]:
    """One line for each stretch of one colour."""
    pieces = list(zip(route.path[:-1], route.path[1:]))
    parts = []
    for step, group in groupby(pieces, key=lambda piece: speeds.step((piece[0][3] + piece[1][3]) / 2.0)):
        stretch = list(group)
        points = [(x, y) for _, x, y, *_ in (stretch[0][0], *(end for _, end in stretch))]
        parts.append(tag("path", d=way(_flipped(points)), class_=f"driven v{step}"))
    return parts


def _numbers(events: Sequence[RouteEvent], unit: float) -> list[Markup]:
    """A numbered disc at each event, moved aside where it would cover another one; a line leads to its place."""
    radius, placed, parts = 3.1 * unit, list[tuple[float, float]](), list[Markup]()
    for number, event in enumerate(events, 1):
        x, y = event.x, -event.y
        spot = next(
            (x + ring * math.cos(angle), y + ring * math.sin(angle))
            for ring, angle in _spots(radius)
            if all(
                math.hypot(x + ring * math.cos(angle) - a, y + ring * math.sin(angle) - b) >= 2.0 * radius
                for a, b in placed
            )
        )
        placed.append(spot)
        hint = tag("title", f"{number}: {event.kind} at {event.time_s:.1f} s")
        if spot != (x, y):
            parts.append(tag("line", x1=x, y1=y, x2=spot[0], y2=spot[1], class_="leader"))
        kind = "event" if event.at_fault else "event other"
        words = tag(
            "text",
            str(number),
            x=spot[0],
            y=spot[1] + 1.4 * unit,
            text_anchor="middle",
            style=f"font-size:{4.2 * unit:.2f}px",
        )
        parts.append(tag("g", hint, tag("circle", cx=spot[0], cy=spot[1], r=radius), words, class_=kind))
    return parts


def _spots(radius: float) -> Iterable[tuple[float, float]]:
    """Distances and angles to try, from the place itself outwards, without end."""
    yield 0.0, 0.0
    ring = 0
    while True:
        ring += 1
        for corner in range(6 * ring):
            yield 2.1 * radius * ring, 2.0 * math.pi * corner / (6 * ring)


def _square(x: float, y: float, half: float) -> Markup:
    return tag("rect", x=x - half, y=y - half, width=2.0 * half, height=2.0 * half, class_="goal")


def _scale_bar(view: MapView) -> Markup:
    length = max((bar for bar in _SCALE_BARS if bar <= view.size / 3.0), default=_SCALE_BARS[0])
    unit = view.size / 100.0
    x, y = view.x - view.size / 2.0 + 3.0 * unit, -view.y + view.size / 2.0 - 3.0 * unit
    bar = tag("path", d=f"M{x:.1f} {y - unit:.1f}V{y:.1f}H{x + length:.1f}V{y - unit:.1f}", class_="bar")
    words = tag(
        "text", f"{length:g} m", x=x + unit, y=y - 1.5 * unit, style=f"font-size:{4.0 * unit:.2f}px", class_="barname"
    )
    return tag("g", bar, words)


def _flipped(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x, -y) for x, y in points]
