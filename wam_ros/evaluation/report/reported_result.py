"""A result file as the report wants it: every value checked, so that what is shown was really in the file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wam_ros.core.errors import InputError
from wam_ros.evaluation.report.calibration_record import CalibrationRecord, read_calibration
from wam_ros.evaluation.report.node import Node
from wam_ros.evaluation.report.open_loop_record import OpenLoopRecord, read_open_loop
from wam_ros.evaluation.report.route_reader import read_route
from wam_ros.evaluation.result import RouteResult, read_result

_KINDS = ("closed_loop", "open_loop")
_HASH_SHOWN = 16
Pair = tuple[float, float]


@dataclass(frozen=True)
class Lane:
    """A lane as it is drawn: middle line (x, y) and width [m], map frame."""

    points: tuple[Pair, ...]
    width: float


@dataclass(frozen=True, eq=False)
class Summary:
    """The figures over all routes or frames.

    Fields:
        numbers: By name; None where there is nothing to tell.
        intervals: 95 % by name.
        driving_scores: Means by version of the rules.
        plan_ms, virtual_plan_ms: p50 and p99 of the time of a plan; None without plans.

    """

    numbers: Mapping[str, float | None]
    intervals: Mapping[str, Pair]
    driving_scores: Mapping[str, float | None]
    plan_ms: Pair | None
    virtual_plan_ms: Pair | None

    def number(self, name: str) -> float | None:
        """None where it is missing."""
        return self.numbers.get(name)


@dataclass(frozen=True, eq=False)
class ReportedResult:
    """One result file.

    Fields:
        index: Its number on the page, from 0; colour and shape go by it.
        key: A, B, C .. for plots and captions.
        planner: Its name.
        label: Planner, and what tells it from others of that name.
        file: Name without folders.
        digest: The beginning of the file's SHA-256.
        kind: "closed_loop" or "open_loop".
        privileged: Whether the planner sees the truth.
        stamp: As in the file.
        summary: Its figures.
        calibration: Of its confidences; None without any.
        lanes: By town.
        routes: In the order of the file; empty for open loop.
        open_loop: The figures of an open-loop result, else None.

    """

    index: int
    key: str
    planner: str
    label: str
    file: str
    digest: str
    kind: str
    privileged: bool
    stamp: Mapping[str, Any]
    summary: Summary
    calibration: CalibrationRecord | None
    lanes: Mapping[str, tuple[Lane, ...]]
    routes: tuple[RouteResult, ...]
    open_loop: OpenLoopRecord | None

    @property
    def name(self) -> str:
        """Key and label."""
        return f"{self.key} {self.label}"

    @property
    def closed_loop(self) -> bool:
        """Whether it drove."""
        return self.kind == "closed_loop"


def read_results(paths: Sequence[Path]) -> tuple[ReportedResult, ...]:
    """The results in the order of their paths.

    Raises:
        InputError: No paths, a file that cannot be read or is no result; the text names file and key.

    """
    if not paths:
        msg = "no result files to report"
        raise InputError(msg)
    nodes = [Node(read_result(path), f"{path}:") for path in paths]
    planners = [(node["kind"].text(), node["stamp"]["planner"].text()) for node in nodes]
    return tuple(
        _result(index, node, _label(planners, index, path), path)
        for index, (node, path) in enumerate(zip(nodes, paths))
    )


def _label(planners: Sequence[tuple[str, str]], index: int, path: Path) -> str:
    _, planner = planners[index]
    return planner if planners.count(planners[index]) == 1 else f"{planner} ({path.stem})"


def _key(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else f"{_key(index // 26 - 1)}{_key(index % 26)}"


def _result(index: int, node: Node, label: str, path: Path) -> ReportedResult:
    kind = node["kind"].text()
    if kind not in _KINDS:
        node["kind"].refuse(f"wanted {' or '.join(_KINDS)}")
    stamp = node["stamp"]
    calibration, town_maps = node.maybe("calibration"), node.maybe("map")
    towns = {} if town_maps is None else town_maps.entries()
    return ReportedResult(
        index=index,
        key=_key(index),
        planner=stamp["planner"].text(),
        label=label,
        file=path.name,
        digest=hashlib.sha256(path.read_bytes()).hexdigest()[:_HASH_SHOWN],
        kind=kind,
        privileged=stamp["privileged"].flag(),
        stamp={key: value.value for key, value in stamp.entries().items()},
        summary=_summary(node["summary"]),
        calibration=None if calibration is None else read_calibration(calibration),
        lanes={town: tuple(map(_lane, outline["lanes"].items())) for town, outline in towns.items()},
        routes=tuple(map(read_route, node["routes"].items())) if kind == "closed_loop" else (),
        open_loop=read_open_loop(node["summary"], node["routes"]) if kind == "open_loop" else None,
    )


def _summary(node: Node) -> Summary:
    scores, intervals = node.maybe("driving_scores"), node.maybe("ci95")
    numbers: dict[str, float | None] = {}
    for name, value in node.entries().items():
        if value.value is None:
            numbers[name] = None
        elif isinstance(value.value, int | float) and not isinstance(value.value, bool):
            numbers[name] = value.number()
    return Summary(
        numbers=numbers,
        intervals={} if intervals is None else _intervals(intervals),
        driving_scores={} if scores is None else {key: value.number() for key, value in scores.entries().items()},
        plan_ms=_percentiles(node.maybe("plan_ms")),
        virtual_plan_ms=_percentiles(node.maybe("virtual_plan_ms")),
    )


def _intervals(node: Node) -> dict[str, Pair]:
    return {name: _pair(ends) for name, ends in node.entries().items()}


def _percentiles(node: Node | None) -> Pair | None:
    return None if node is None else (node["p50"].number(), node["p99"].number())


def _lane(node: Node) -> Lane:
    return Lane(tuple(map(_pair, node["points"].items())), node["width"].number())


def _pair(node: Node) -> Pair:
    first, second, *_ = node.numbers(least=2)
    return first, second
