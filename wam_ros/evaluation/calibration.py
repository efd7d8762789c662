"""How far a planner's confidence can be trusted: reliability, ECE, AUSE and AUROC of any evaluation.

Two kinds of belief are looked at. Of each waypoint: P(within r of the true position), the radii as `decoding` defines
them. Of each plan: P(no infraction within 4 s). It does not know how the plans came about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array
from wam_ros.evaluation.drive_bootstrap import drive_interval
from wam_ros.evaluation.ranking import Sparsification, auroc, sparsification
from wam_ros.evaluation.reliability import (
    ReliabilityBin,
    calibration_error,
    checked,
    reliability,
)

BoolArray = NDArray[np.bool_]
_SHARES = tuple(round(0.05 * step, 2) for step in range(20))  # of the sparsification curve in the result file


def hit_radii(times: ArrayLike) -> Array:
    """(W,) radius r [m] of waypoints at times (W,) [s]: the one definition, that of the decoder."""
    from wam_ros.decoding.confidence import confidence_radius  # torch takes a second to load

    return np.array([confidence_radius(time) for time in np.asarray(times, dtype=np.float64).tolist()])


@dataclass(frozen=True, eq=False)
class WaypointSamples:
    """Plans with a confidence in each waypoint, and how far off the waypoints were.

    Fields:
        times: (W,) of the waypoints after the image [s].
        radii: (W,) r of each [m].
        believed: (N, W) P(|waypoint - true position| <= r).
        errors: (N, W) |waypoint - true position| [m]; anything where not known.
        known: (N, W) whether the true position is known.
        drives: (N,) number of the drive, route or stretch of road; plans of one are not independent of each other.

    """

    times: Array
    radii: Array
    believed: Array
    errors: Array
    known: BoolArray
    drives: NDArray[np.int64]

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "times", frozen_array(self.times, "times", (None,)))
        put(self, "drives", frozen_array(self.drives, "drives", (None,), np.int64))
        shape = len(self.drives), len(self.times)
        put(self, "radii", frozen_array(self.radii, "radii", shape[1:]))
        put(self, "believed", frozen_array(self.believed, "waypoint confidence", shape))
        put(self, "errors", frozen_array(self.errors, "errors", shape))
        put(self, "known", frozen_array(self.known, "known", shape, np.bool_))
        if (
            not ((self.believed >= 0.0) & (self.believed <= 1.0)).all()
            or not np.isfinite(self.errors[self.known]).all()
        ):
            msg = "waypoint samples: confidences outside [0, 1], or errors that are not finite"
            raise InputError(msg)

    def of(self, chosen: Any) -> WaypointSamples:
        """Some of the plans, by index."""
        return WaypointSamples(
            self.times, self.radii, self.believed[chosen], self.errors[chosen], self.known[chosen], self.drives[chosen]
        )

    def diagram(self, horizon: int | None = None) -> tuple[ReliabilityBin, ...]:
        """The reliability of one waypoint, by its number, or of all together."""
        columns = slice(None) if horizon is None else slice(horizon, horizon + 1)
        known = self.known[:, columns]
        hits = self.errors[:, columns] <= self.radii[columns]
        return reliability(self.believed[:, columns][known], hits[known])

    def ece(self) -> float | None:
        """Of all waypoints together."""
        return calibration_error(self.diagram())

    def sparsification(self) -> Sparsification | None:
        """Mean confidence of a plan's waypoints against its ADE, over the plans of which every waypoint is known."""
        whole = self.known.all(axis=1)
        if not len(self.times) or not whole.any():
            return None
        return sparsification(self.believed[whole].mean(axis=1), self.errors[whole].mean(axis=1))

    def ause(self) -> float | None:
        """Area between the sparsification curves; None without them."""
        curves = self.sparsification()
        return None if curves is None else curves.ause


@dataclass(frozen=True, eq=False)
class OutcomeSamples:
    """Plans with an overall confidence, and what followed.

    Fields:
        believed: (N,) P(no infraction within 4 s).
        infraction: (N,) whether one of our own fault followed within 4 s.
        drives: (N,) as in WaypointSamples.

    """

    believed: Array
    infraction: BoolArray
    drives: NDArray[np.int64]

    def __post_init__(self) -> None:
        beliefs, outcomes = checked(self.believed, self.infraction)
        object.__setattr__(self, "believed", beliefs)
        object.__setattr__(self, "infraction", outcomes)
        object.__setattr__(self, "drives", frozen_array(self.drives, "drives", (len(beliefs),), np.int64))

    @classmethod
    def from_routes(cls, routes: Sequence[Mapping[str, Any]]) -> OutcomeSamples | None:
        """From the routes of a closed-loop result, see `RouteResult.confidence`; None = no plan told a confidence."""
        told = [(number, *one) for number, route in enumerate(routes) for one in route["confidence"]]
        if not told:
            return None
        numbers, _, believed, infraction = zip(*told)
        return cls(np.array(believed), np.array(infraction, dtype=np.bool_), np.array(numbers))

    def of(self, chosen: Any) -> OutcomeSamples:
        """Some of the plans, by index."""
        return OutcomeSamples(self.believed[chosen], self.infraction[chosen], self.drives[chosen])

    def diagram(self) -> tuple[ReliabilityBin, ...]:
        """The reliability of "no infraction"."""
        return reliability(self.believed, ~self.infraction)

    def ece(self) -> float | None:
        """None without plans."""
        return calibration_error(self.diagram())

    def auroc(self) -> float | None:
        """Of low confidence against an infraction; None where there are none, or nothing else."""
        return auroc(self.believed, self.infraction)


class Horizon(NamedTuple):
    """The reliability of one waypoint."""

    time_s: float
    radius_m: float
    diagram: tuple[ReliabilityBin, ...]


class CalibrationErrorRow(NamedTuple):
    """ECE of one belief over so many samples, with its interval where there is one; None = no samples."""

    label: str
    ece: float | None
    n: int
    ci95: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class CalibrationFigures:
    """All that is told of a planner's confidence; parts without samples are None or empty.

    Fields:
        plans: Plans with a confidence in their waypoints.
        outcomes: Plans with an overall confidence of which the next 4 s are known.
        infractions: Of those, how many an infraction followed.
        horizons: By waypoint.
        waypoints: All waypoints together.
        sparsification: Against the ADE.
        overall: Of "no infraction within 4 s".
        auroc: Of low confidence against an infraction.
        ci95: Intervals of waypoint_ece, ause, overall_ece and auroc, where there are any.

    """

    plans: int
    outcomes: int
    infractions: int
    horizons: tuple[Horizon, ...]
    waypoints: tuple[ReliabilityBin, ...]
    sparsification: Sparsification | None
    overall: tuple[ReliabilityBin, ...]
    auroc: float | None
    ci95: dict[str, tuple[float, float]]

    def as_dict(self) -> dict[str, Any]:
        """The content of the key `calibration` of a result file; null = there is nothing to tell it from."""
        return {
            "plans": self.plans,
            "waypoints": {
                "ece": calibration_error(self.waypoints),
                "bins": [one.as_dict() for one in self.waypoints],
                "by_horizon": [
                    {
                        "time_s": horizon.time_s,
                        "radius_m": horizon.radius_m,
                        "n": sum(one.count for one in horizon.diagram),
                        "ece": calibration_error(horizon.diagram),
                        "bins": [one.as_dict() for one in horizon.diagram],
                    }
                    for horizon in self.horizons
                ],
            },
            "ause": None if self.sparsification is None else self.sparsification.ause,
            "sparsification": self._curves(),
            "overall": {
                "n": self.outcomes,
                "infractions": self.infractions,
                "ece": calibration_error(self.overall),
                "auroc": self.auroc,
                "bins": [one.as_dict() for one in self.overall],
            },
            "ci95": {name: list(ends) for name, ends in self.ci95.items()},
        }

    def errors(self) -> tuple[CalibrationErrorRow, ...]:
        """The ECE of each waypoint, of all waypoints together, and of "no infraction in 4 s"."""
        labels = [f"waypoint {one.time_s:.1f} s, r {one.radius_m:.2f} m" for one in self.horizons]
        rows = [
            CalibrationErrorRow(label, calibration_error(one.diagram), sum(part.count for part in one.diagram), None)
            for label, one in zip(labels, self.horizons)
        ]
        together = sum(one.count for one in self.waypoints)
        return (
            *rows,
            CalibrationErrorRow("all waypoints", calibration_error(self.waypoints), together, self._of("waypoint_ece")),
            CalibrationErrorRow(
                "no infraction in 4 s", calibration_error(self.overall), self.outcomes, self._of("overall_ece")
            ),
        )

    def table(self) -> str:
        """The same figures for people."""
        ause = None if self.sparsification is None else self.sparsification.ause
        lines = [f"{'confidence':<28}{'ECE':>8}{'n':>9}"]
        for label, value, count, ends in (
            *self.errors(),
            ("AUSE (ADE)", ause, self.plans, self._of("ause")),
            ("AUROC (infraction in 4 s)", self.auroc, self.infractions, self._of("auroc")),
        ):
            interval = "" if ends is None else f"  95 % [{ends[0]:.3f}, {ends[1]:.3f}]"
            lines.append(f"{label:<28}{_figure(value):>8}{count:>9}{interval}")
        return "\n".join(lines)

    def _of(self, name: str) -> tuple[float, float] | None:
        return self.ci95.get(name)

    def _curves(self) -> dict[str, list[float]] | None:
        if self.sparsification is None:
            return None
        mine, best = self.sparsification.at(_SHARES)
        return {"removed": list(_SHARES), "by_confidence": mine.tolist(), "oracle": best.tolist()}


def calibration_figures(
    waypoints: WaypointSamples | None, outcomes: OutcomeSamples | None, seed: int = 0
) -> CalibrationFigures | None:
    """The figures of what there is; None = no plan told a confidence."""
    if (waypoints is None or not len(waypoints.drives)) and (outcomes is None or not len(outcomes.drives)):
        return None
    intervals: dict[str, tuple[float, float] | None] = {}
    if waypoints is not None:
        w = waypoints
        intervals["waypoint_ece"] = drive_interval(w.drives, lambda chosen: w.of(chosen).ece(), seed)
        intervals["ause"] = drive_interval(w.drives, lambda chosen: w.of(chosen).ause(), seed, np.inf)
    if outcomes is not None:
        o = outcomes
        intervals["overall_ece"] = drive_interval(o.drives, lambda chosen: o.of(chosen).ece(), seed)
        intervals["auroc"] = drive_interval(o.drives, lambda chosen: o.of(chosen).auroc(), seed)
    return CalibrationFigures(
        plans=0 if waypoints is None else len(waypoints.drives),
        outcomes=0 if outcomes is None else len(outcomes.drives),
        infractions=0 if outcomes is None else int(outcomes.infraction.sum()),
        horizons=() if waypoints is None else _horizons(waypoints),
        waypoints=() if waypoints is None else waypoints.diagram(),
        sparsification=None if waypoints is None else waypoints.sparsification(),
        overall=() if outcomes is None else outcomes.diagram(),
        auroc=None if outcomes is None else outcomes.auroc(),
        ci95={name: ends for name, ends in intervals.items() if ends is not None},
    )


def _horizons(waypoints: WaypointSamples) -> tuple[Horizon, ...]:
    return tuple(
        Horizon(time, radius, waypoints.diagram(index))
        for index, (time, radius) in enumerate(zip(waypoints.times.tolist(), waypoints.radii.tolist()))
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
