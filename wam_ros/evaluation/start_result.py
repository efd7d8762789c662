"""How start cases went: a row for each, the shares with their intervals, and the file. Knows no world."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wam_ros.evaluation.result import Row
from wam_ros.evaluation.start_task import StartKind, StartTask

FORMAT = "starts 1"
AIMS = {"starts": 0.95, "red": 0.98}
"""Shares that are to be reached: of "green" and "lead" together, and of "red"."""
_Z = 1.959964  # of a normal distribution, two-sided 95 %
_GROUPS = {"green": ("green",), "lead": ("lead",), "red": ("red",), "starts": ("green", "lead")}


@dataclass(frozen=True)
class StartResult:
    """One case.

    Fields:
        id, town, kind: Of the task.
        seed: Of traffic, look and daylight.
        light: Id of the light ahead; None = none, or not known.
        turn: The instruction at the start: left, right, straight or follow.
        distance_m: Front bumper to the stop line, or to the lead's rear bumper.
        moved_s: When it moved, after there was reason to go; None = not in time, or it had to stay.
        crossed: Whether the front bumper was over the stop line; None where the case has none.
        creep_m: Driven while there was no reason to go: at red, or before the lead had left.
        collided: Whether it touched anybody.
        passed: Whether it did what was asked.
        not_cases: Draws before this one at which the expert would not have done it either.
        error: What crashed; None where nothing did.

    """

    id: str
    town: str
    kind: str
    seed: int | None = None
    light: str | None = None
    turn: str | None = None
    distance_m: float | None = None
    moved_s: float | None = None
    crossed: bool | None = None
    creep_m: float | None = None
    collided: bool | None = None
    passed: bool = False
    not_cases: int = 0
    error: str | None = None

    @classmethod
    def crashed(cls, task: StartTask, error: str) -> StartResult:
        """A case whose process did not come back: it counts as failed."""
        return cls(task.id, task.town_name, task.kind.value, error=error)

    def as_row(self) -> Row:
        """As it lies in the file."""
        return dataclasses.asdict(self)


def summarise_starts(rows: Sequence[Row]) -> dict[str, Any]:
    """Shares by kind, and over both kinds of starts together.

    `moved_s` has the median and the 95th percentile over the cases that moved, `creep_m` the largest value.
    """
    groups = {name: [row for row in rows if row["kind"] in kinds] for name, kinds in _GROUPS.items()}
    return {
        "cases": len(rows),
        "crashed": sum(row["error"] is not None for row in rows),
        "not_cases": {kind.value: sum(row["not_cases"] for row in groups[kind.value]) for kind in StartKind},
        **{name: _figures(group, AIMS.get(name)) for name, group in groups.items() if group},
    }


def wilson_interval(passed: int, cases: int) -> tuple[float, float]:
    """The interval of 95 % that a share lies in (Wilson 1927), for one case or more."""
    share, weight = passed / cases, _Z**2 / cases
    middle = (share + weight / 2.0) / (1.0 + weight)
    half = math.sqrt(share * (1.0 - share) * weight + weight**2 / 4.0) / (1.0 + weight)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def write_starts(path: Path, stamp: Mapping[str, Any], summary: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Write the result file, whole or not at all."""
    content = {"format": FORMAT, "stamp": stamp, "summary": summary, "cases": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(json.dumps(content, allow_nan=False, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


def _figures(rows: Sequence[Row], aim: float | None) -> dict[str, Any]:
    passed = sum(row["passed"] for row in rows)
    share = passed / len(rows)
    moved = [row["moved_s"] for row in rows if row["moved_s"] is not None]
    creeps = [row["creep_m"] for row in rows if row["creep_m"] is not None]
    return {
        "cases": len(rows),
        "passed": passed,
        "share": round(share, 6),
        "ci95": [round(end, 6) for end in wilson_interval(passed, len(rows))],
        **({} if aim is None else {"aim": aim, "reached": share >= aim}),
        "crossed": sum(bool(row["crossed"]) for row in rows),
        "collided": sum(bool(row["collided"]) for row in rows),
        "moved_s": {f"p{at}": round(float(np.percentile(moved, at)), 3) for at in (50, 95)} if moved else None,
        "creep_m": max(creeps, default=None),
    }
