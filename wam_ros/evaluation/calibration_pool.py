"""Closed-loop results of several planners together: what was believed of each plan, and what followed.

A road is a town with the seeds of route and traffic. Planners that drove the same road met the same trouble, so a
road is drawn again, or put into one of several parts, with all its drives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array
from wam_ros.evaluation.calibration import OutcomeSamples
from wam_ros.evaluation.drive_trace import AHEAD_S, STANDSTILLS
from wam_ros.evaluation.result import Row, read_result

_ROUNDING = 0.005  # s, of the times in a row

Road = tuple[str, int, int]


@dataclass(frozen=True, eq=False)
class DrivenRoutes:
    """Routes as they lie in result files, see `RouteResult`."""

    rows: tuple[Row, ...]

    @classmethod
    def together(cls, parts: Iterable[DrivenRoutes]) -> DrivenRoutes:
        """All of them."""
        return cls(tuple(row for part in parts for row in part.rows))

    def outcomes(self) -> OutcomeSamples | None:
        """Of all plans, numbered by road; None = no plan told a confidence."""
        by_row = OutcomeSamples.from_routes(self.rows)
        if by_row is None:
            return None
        numbers = {road: number for number, road in enumerate(self.roads())}
        roads = np.array([numbers[_road(row)] for row in self.rows])
        return OutcomeSamples(by_row.believed, by_row.infraction, roads[by_row.drives])

    def plans(self) -> int:
        """How many tell a confidence."""
        return sum(len(row["confidence"]) for row in self.rows)

    def features(self) -> Array:
        """(N, 6) of these plans, see `PlanFeatures`.

        Raises:
            InputError: A route does not tell them for each of its plans.

        """
        for row in self.rows:
            if len(row.get("features", ())) != len(row["confidence"]):
                msg = (
                    f"route {row['id']}: {len(row['confidence'])} plans with confidence, features of "
                    f"{len(row.get('features', ()))}: evaluate again, older results do not have them"
                )
                raise InputError(msg)
        return np.array([one for row in self.rows for one in row["features"]], dtype=np.float64)

    def events(self) -> int:
        """Infractions of our own fault that a plan with a confidence came before, within 4 s."""
        return sum(_preceded(row["confidence"], event) for row in self.rows for event in row["events"])

    def roads(self) -> list[Road]:
        """Sorted, each once."""
        return sorted({_road(row) for row in self.rows})

    def plan_folds(self, most: int, seed: int = 0) -> NDArray[np.int64]:
        """(N,) a number below `most` for each plan of `outcomes`, the same for all plans of a road.

        Raises:
            InputError: A single road.

        """
        roads = self.roads()
        if len(roads) < 2:
            msg = f"{len(roads)} routes, wanted at least 2: one to fit on and one to check on"
            raise InputError(msg)
        drawn = np.random.default_rng(seed).permutation(len(roads)) % most
        folds = dict(zip(roads, drawn.tolist()))
        return np.array([folds[_road(row)] for row in self.rows for _ in row["confidence"]], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class DrivenResult:
    """One result file.

    Fields:
        path: Of the file.
        planner: Its name.
        weights_hash: Of its weights.
        calibration: Identity of the maps that its confidence went through; None where the file does not tell.
        identity: Of the evaluation.
        routes: What was driven.

    """

    path: Path
    planner: str
    weights_hash: str
    calibration: str | None
    identity: str
    routes: DrivenRoutes


def read_driven(paths: Sequence[Path]) -> list[DrivenResult]:
    """Closed-loop results.

    Raises:
        InputError: A file is none, or tells the same evaluation as another.

    """
    results = [_read(path) for path in paths]
    seen: dict[str, Path] = {}
    for result in results:
        if result.identity in seen:
            msg = f"{result.path}: the same evaluation as {seen[result.identity]}; give each once"
            raise InputError(msg)
        seen[result.identity] = result.path
    return results


def _read(path: Path) -> DrivenResult:
    content = read_result(path)
    if content.get("kind") != "closed_loop":
        msg = f"{path}: a result of kind {content.get('kind')}, wanted one of `wam evaluate closed-loop`"
        raise InputError(msg)
    try:
        stamp = content["stamp"]
        routes = DrivenRoutes(tuple(content["routes"]))
        return DrivenResult(
            path, stamp["planner"], stamp["weights_hash"], stamp.get("calibration"), stamp["identity"], routes
        )
    except (KeyError, TypeError) as err:
        msg = f"{path}: no whole result of `wam evaluate closed-loop`: {err!r}"
        raise InputError(msg) from err


def _road(row: Row) -> Road:
    return row["town"], row["traffic_seed"], row["route_seed"]


def _preceded(confidence: Sequence[tuple[float, float, int]], event: Mapping[str, Any]) -> bool:
    if not event["at_fault"] or event["kind"] in STANDSTILLS:
        return False
    at = event["time_s"]
    return any(bad and time - _ROUNDING < at <= time + AHEAD_S + _ROUNDING for time, _, bad in confidence)
