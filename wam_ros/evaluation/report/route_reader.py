"""One row of a result file's routes, checked. Its fields are those of `RouteResult`."""

from __future__ import annotations

import re
from typing import get_args

from wam_ros.evaluation.report.node import Node
from wam_ros.evaluation.result import Moment, Outcome, RouteEvent, RouteResult

# The page must not load anything: a picture is part of the file or refused.
_PICTURE = re.compile(r"data:image/(jpeg|png);base64,[A-Za-z0-9+/]+={0,2}")
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def read_route(node: Node) -> RouteResult:
    """The route.

    Raises:
        InputError: A value is missing or of another type; the text names file and key.

    """
    error, virtual, plan_ms = node.maybe("error"), node.maybe("virtual_times_ms"), node.maybe("plan_ms")
    efficiency, comfort, times = node.maybe("efficiency"), node.maybe("comfort"), node.maybe("plan_times_ms")
    return RouteResult(
        id=node["id"].text(),
        town=node["town"].text(),
        traffic_seed=node["traffic_seed"].whole(),
        route_seed=node["route_seed"].whole(),
        outcome=_outcome(node["outcome"]),
        error=None if error is None else error.text(),
        length_m=node["length_m"].number(),
        route_completion=node["route_completion"].number(),
        duration_s=node["duration_s"].number(),
        driven_m=node["driven_m"].number(),
        mean_speed=node["mean_speed"].number(),
        scores={name: value.number() for name, value in node["scores"].entries().items()},
        success=node["success"].flag(),
        efficiency=None if efficiency is None else efficiency.number(),
        comfort=None if comfort is None else comfort.number(),
        events=tuple(map(_event, node["events"].items())),
        plans=node["plans"].whole(),
        late_plans=node["late_plans"].whole(),
        plan_ms=None if plan_ms is None else {name: plan_ms[name].number() for name in ("p50", "p99")},
        plan_times_ms=() if times is None else times.numbers(),
        virtual_times_ms=None if virtual is None else virtual.numbers(),
        statuses=_counts(node["statuses"]),
        reasons=_counts(node["reasons"]),
        steps=_counts(node["steps"]),
        route=tuple(point.numbers(least=2) for point in node["route"].items()),
        path=tuple(point.numbers(least=4) for point in node["path"].items()),
        moments=tuple(map(_moment, node["moments"].items())),
    )


def _outcome(node: Node) -> Outcome:
    outcome = next((known for known in _OUTCOMES if known == node.value), None)
    if outcome is None:
        node.refuse(f"wanted one of {', '.join(_OUTCOMES)}")
    return outcome


def _counts(node: Node) -> dict[str, int]:
    return {name: value.whole() for name, value in node.entries().items()}


def _event(node: Node) -> RouteEvent:
    actor = node.maybe("actor")
    return RouteEvent(
        kind=node["kind"].text(),
        time_s=node["time_s"].number(),
        x=node["x"].number(),
        y=node["y"].number(),
        at_fault=node["at_fault"].flag(),
        actor=None if actor is None else actor.whole(),
        detail=node["detail"].text(),
        value=node["value"].number(),
    )


def _moment(node: Node) -> Moment:
    picture = node["picture"]
    if not _PICTURE.fullmatch(picture.text()):
        picture.refuse("wanted a JPEG or PNG as a data URL")
    return Moment(node["time_s"].number(), node["kind"].text(), node["detail"].text(), picture.text())
