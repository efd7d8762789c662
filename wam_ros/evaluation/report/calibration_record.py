"""What a result file says of a planner's confidence, as `CalibrationFigures.as_dict` writes it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wam_ros.evaluation.reliability import ReliabilityBin
from wam_ros.evaluation.report.node import Node

Pair = tuple[float, float]


@dataclass(frozen=True)
class HorizonRecord:
    """The reliability of one waypoint: its time [s], the radius that it was believed to lie in [m], samples, ECE."""

    time_s: float
    radius_m: float
    count: int
    ece: float | None


@dataclass(frozen=True)
class SparsificationRecord:
    """Share of plans removed, and the error left over the error of all: by confidence and by the errors themselves."""

    removed: tuple[float, ...]
    by_confidence: tuple[float, ...]
    oracle: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class CalibrationRecord:
    """The fields of `CalibrationFigures` that a page shows; None where there is nothing to tell it from."""

    plans: int
    waypoints: tuple[ReliabilityBin, ...]
    waypoint_ece: float | None
    horizons: tuple[HorizonRecord, ...]
    ause: float | None
    sparsification: SparsificationRecord | None
    outcomes: int
    infractions: int
    overall: tuple[ReliabilityBin, ...]
    overall_ece: float | None
    auroc: float | None
    ci95: Mapping[str, Pair]


def read_calibration(node: Node) -> CalibrationRecord:
    """The record.

    Raises:
        InputError: A value is missing or of another type; the text names file and key.

    """
    waypoints, overall, curves = node["waypoints"], node["overall"], node.maybe("sparsification")
    return CalibrationRecord(
        plans=node["plans"].whole(),
        waypoints=_bins(waypoints["bins"]),
        waypoint_ece=_optional(waypoints, "ece"),
        horizons=tuple(
            HorizonRecord(one["time_s"].number(), one["radius_m"].number(), one["n"].whole(), _optional(one, "ece"))
            for one in waypoints["by_horizon"].items()
        ),
        ause=_optional(node, "ause"),
        sparsification=None if curves is None else _curves(curves),
        outcomes=overall["n"].whole(),
        infractions=overall["infractions"].whole(),
        overall=_bins(overall["bins"]),
        overall_ece=_optional(overall, "ece"),
        auroc=_optional(overall, "auroc"),
        ci95={name: _ends(value) for name, value in node["ci95"].entries().items()},
    )


def _bins(node: Node) -> tuple[ReliabilityBin, ...]:
    return tuple(
        ReliabilityBin(
            low=one["low"].number(),
            high=one["high"].number(),
            count=one["count"].whole(),
            believed=_optional(one, "believed"),
            happened=_optional(one, "happened"),
        )
        for one in node.items()
    )


def _curves(node: Node) -> SparsificationRecord:
    record = SparsificationRecord(*(node[name].numbers() for name in ("removed", "by_confidence", "oracle")))
    if not len(record.removed) == len(record.by_confidence) == len(record.oracle):
        node.refuse("wanted three lists of one length")
    return record


def _optional(node: Node, key: str) -> float | None:
    value = node.maybe(key)
    return None if value is None else value.number()


def _ends(node: Node) -> Pair:
    low, high, *_ = node.numbers(least=2)
    return low, high
