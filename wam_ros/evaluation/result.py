"""What an evaluation leaves behind: one JSON file. Knows its shape; neither how it was driven nor how it is shown."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from wam_ros.core.errors import InputError
from wam_ros.evaluation.route_task import RouteTask

FORMAT = 1
METRIC_VERSION = "leaderboard 1.0, 2.0, 2.1; bench2drive 0.0.4; infractions 1"
SCORES = ("1.0", "2.0", "2.1", "bench2drive")
"""Names of the driving scores."""

ResultKind = Literal["closed_loop", "open_loop"]
Outcome = Literal["goal", "time limit", "blocked", "deviation", "collision", "crashed"]
Row = dict[str, Any]
"""A route as it lies in the file: the fields of `RouteResult`."""


@dataclass(frozen=True)
class RouteEvent:
    """One thing that went wrong.

    Fields:
        kind: As in `metrics.infraction.Kind`, or "route_timeout".
        time_s: Since the start [s].
        x, y: Middle of the own vehicle [m], map frame.
        at_fault: Whether it is our own doing.
        actor: Who was hit, or None.
        detail: For people.
        value: By kind, see `Infraction`.

    """

    kind: str
    time_s: float
    x: float
    y: float
    at_fault: bool
    actor: int | None
    detail: str
    value: float


@dataclass(frozen=True)
class Moment:
    """A picture of an event, as a data URL."""

    time_s: float
    kind: str
    detail: str
    picture: str


@dataclass(frozen=True)
class RouteResult:
    """How one route went; lengths in m, times in s, frame map.

    Fields:
        id, town, traffic_seed, route_seed: Of the task.
        outcome: How it ended.
        error: What crashed; None where nothing did.
        length_m: Of the route.
        route_completion: In percent.
        duration_s: Simulated.
        driven_m: By base_link.
        mean_speed: [m/s].
        scores: Driving scores by `SCORES`.
        success: Bench2Drive's: the goal was reached and nothing happened but low speed.
        efficiency, comfort: Bench2Drive's; None where the drive was too short for them.
        min_speed: Percentages of the leaderboard's checkpoints at which the traffic was faster.
        events: In order.
        plans, late_plans: How many; late ones took effect later than the plan delay.
        plan_ms: p50 and p99 of the wall time of a plan; None without plans.
        plan_times_ms: Wall time of each plan.
        virtual_times_ms: Virtual time of each plan; None without a virtual clock.
        statuses, reasons: Plans by status and, where one was not FULL, why: the most frequent reasons, # for figures.
        steps: Plans by decoding steps done.
        confidence: (time, overall confidence, 1 where we did wrong within the next 4 s) of each plan that tells one
            and whose 4 s were driven.
        features: Of each of these, as `PlanFeatures`.
        route: (x, y) of the route.
        path: (t, x, y, v) at 2 Hz.
        moments: At most three.

    """

    id: str
    town: str
    traffic_seed: int
    route_seed: int
    outcome: Outcome
    error: str | None = None
    length_m: float = 0.0
    route_completion: float = 0.0
    duration_s: float = 0.0
    driven_m: float = 0.0
    mean_speed: float = 0.0
    scores: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(SCORES, 0.0))
    success: bool = False
    efficiency: float | None = None
    comfort: float | None = None
    min_speed: Sequence[float] = ()
    events: Sequence[RouteEvent] = ()
    plans: int = 0
    late_plans: int = 0
    plan_ms: Mapping[str, float] | None = None
    plan_times_ms: Sequence[float] = ()
    virtual_times_ms: Sequence[float] | None = None
    statuses: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)
    confidence: Sequence[tuple[float, float, int]] = ()
    features: Sequence[Sequence[float]] = ()
    route: Sequence[Sequence[float]] = ()
    path: Sequence[Sequence[float]] = ()
    moments: Sequence[Moment] = ()

    @classmethod
    def crashed(cls, task: RouteTask, error: str) -> RouteResult:
        """A route whose process did not come back: it counts as not driven at all."""
        return cls(task.id, task.town_name, task.traffic_seed, task.route_seed, "crashed", error)

    def as_row(self) -> Row:
        """As it lies in the file.

        Raises:
            ValueError: A figure is not finite, which JSON cannot tell.

        """
        row: Row = json.loads(json.dumps(dataclasses.asdict(self), allow_nan=False))
        return row


def without_wall_times(row: Row) -> Row:
    """A route without what depends on the machine: two drives of one task agree in the rest."""
    return {name: value for name, value in row.items() if name not in {"plan_ms", "plan_times_ms"}}


def write_result(
    path: Path,
    kind: ResultKind,
    *,
    stamp: Mapping[str, Any],
    summary: Mapping[str, Any],
    routes: Sequence[Row] = (),
    calibration: Mapping[str, Any] | None = None,
    town_maps: Mapping[str, Any] | None = None,
) -> None:
    """Write a result file, whole or not at all.

    Args:
        path: Where.
        kind: Of evaluation.
        stamp: What was evaluated, where and how (contract: the keys of `Stamp.as_dict`).
        summary: Figures over all routes or frames.
        routes: One row each; open loop may put its bags here.
        calibration: Of the confidences, if there are any.
        town_maps: Lanes by town, see `outline`.

    """
    content = {
        "format": FORMAT,
        "kind": kind,
        "stamp": stamp,
        "summary": summary,
        "calibration": calibration,
        "map": {} if town_maps is None else town_maps,
        "routes": routes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def read_result(path: Path) -> dict[str, Any]:
    """A result file as it is.

    Raises:
        InputError: It cannot be read, or is none of ours.

    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        msg = f"{path}: no result of `wam evaluate` ({err})"
        raise InputError(msg) from err
    if not isinstance(content, dict) or content.get("format") != FORMAT or "summary" not in content:
        found = content.get("format") if isinstance(content, dict) else None
        msg = f"{path}: format {found}, wanted {FORMAT}; a result of `wam evaluate`?"
        raise InputError(msg)
    return content
