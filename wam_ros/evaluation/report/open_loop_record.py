"""The figures of an open-loop result file, as `summarise_frames` and `bag_rows` write them, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wam_ros.evaluation.report.node import Node

_FIGURES = (
    *("ade_m", "fde_m", "heading_error_rad", "pdms", "epdms", "epdms_unfiltered"),
    *("frames", "frames_scored", "n", "n_fde"),
)
_IN_BIN = ("frames", "ade_m", "fde_m", "heading_error_rad", "pdms")
_AT_HORIZON = ("n", "error_m", "heading_error_rad")

Figures = Mapping[str, float | None]


@dataclass(frozen=True, eq=False)
class OpenLoopRecord:
    """Figures by name; None where there is nothing to tell.

    Fields:
        figures: Over all frames.
        horizons: (time [s], figures) of each waypoint.
        confidence: (low, high, figures) of each bin of confidence.
        nuscenes: (protocol, L2 [m] by horizon, samples).
        sub_scores: NAVSIM's by version ("v1", "v2").
        statuses, reasons: Of plans.
        bags: (name, figures, why there are no NAVSIM scores).

    """

    figures: Figures
    horizons: tuple[tuple[float, Figures], ...]
    confidence: tuple[tuple[float, float, Figures], ...]
    nuscenes: tuple[tuple[str, Figures, float], ...]
    sub_scores: Mapping[str, Figures]
    statuses: Mapping[str, int]
    reasons: Mapping[str, int]
    bags: tuple[tuple[str, Figures, str], ...]


def read_open_loop(summary: Node, routes: Node) -> OpenLoopRecord:
    """The record.

    Raises:
        InputError: A value is missing or of another type; the text names file and key.

    """
    return OpenLoopRecord(
        figures=_chosen(summary, _FIGURES),
        horizons=tuple((row["time_s"].number(), _chosen(row, _AT_HORIZON)) for row in summary["by_horizon"].items()),
        confidence=tuple(
            (row["low"].number(), row["high"].number(), _chosen(row, _IN_BIN))
            for row in summary["by_confidence"].items()
        ),
        nuscenes=tuple(
            (row["protocol"].text(), _all(row["l2_m"]), row["samples"].number()) for row in summary["nuscenes"].items()
        ),
        sub_scores={version: _all(scores) for version, scores in summary["sub_scores"].entries().items()},
        statuses={name: value.whole() for name, value in summary["statuses"].entries().items()},
        reasons={name: value.whole() for name, value in summary["reasons"].entries().items()},
        bags=tuple((row["id"].text(), _chosen(row, _FIGURES), row["why_unscored"].text()) for row in routes.items()),
    )


def _chosen(node: Node, names: tuple[str, ...]) -> dict[str, float | None]:
    return {name: _optional(node[name]) for name in names}


def _all(node: Node) -> dict[str, float | None]:
    return {name: _optional(value) for name, value in node.entries().items()}


def _optional(node: Node) -> float | None:
    return None if node.value is None else node.number()
