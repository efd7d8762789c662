"""What a replay came to: counts, timing and distance from the truth. The same figures for people and machines."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wam_ros.bags.ground_truth import GroundTruth
from wam_ros.core.geometry import Array, frozen_array
from wam_ros.core.plan import PlanStatus

LATE_MS = 2.0  # published this long after its deadline a message is late


@dataclass(frozen=True, eq=False)
class PublishedPlan:
    """One published trajectory, as far as the summary needs it.

    Fields:
        stamp_ns: Stamp of the image that it answers [ns].
        status: Its status.
        times: (N,) of the waypoints after the stamp [s]; N = 0 is possible: then it is incomplete.
        positions: (N, 2) of the waypoints [m].
        planned: Whether a complete plan of the planner was there in time, before the monitor.
        rejected: Whether the monitor refused that plan.
        latency_ms: From receipt of the image to publishing [ms]; None = not measured.
        overrun_ms: Of the deadline [ms], negative = in time; None = not measured.

    """

    stamp_ns: int
    status: PlanStatus
    times: Array
    positions: Array
    planned: bool
    rejected: bool
    latency_ms: float | None = None
    overrun_ms: float | None = None

    def __post_init__(self) -> None:
        times = frozen_array(self.times, "times", (None,))
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "positions", frozen_array(self.positions, "positions", (len(times), 2)))


@dataclass(frozen=True)
class ReplaySummary:
    """The figures of one replay.

    ADE is the mean distance over all waypoints that have truth, each counting once; FDE the mean distance of the last
    waypoints over the plans whose last waypoint has truth. Every published trajectory counts, also replacements.

    Fields:
        frames: Images sent.
        planned: Complete plans decoded, before the monitor.
        rejected: Of those, refused by the monitor.
        incomplete: Messages with fewer waypoints than wanted, or with values that are not finite.
        late: Messages published over 2 ms after their deadline.
        worst_overrun_ms: Largest overrun of a deadline [ms], negative = all in time; None = not measured.
        status_counts: Messages by status.
        latency_p50_ms, latency_p99_ms: From receipt to publishing [ms]; None = not measured.
        ade_m, fde_m: [m]; None = no waypoint has truth.
        n: Waypoints with truth, behind ade_m.
        n_fde: Plans whose last waypoint has truth, behind fde_m.
        unmatched: Messages left out because they answer no image that was sent.

    """

    frames: int
    planned: int
    rejected: int
    incomplete: int
    late: int
    worst_overrun_ms: float | None
    status_counts: dict[str, int]
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    ade_m: float | None
    fde_m: float | None
    n: int
    n_fde: int
    unmatched: int = 0

    @classmethod
    def from_plans(
        cls,
        plans: Iterable[PublishedPlan],
        image_stamps: Collection[int],
        truth: GroundTruth,
        waypoints: int | None = None,
    ) -> ReplaySummary:
        """Count and measure.

        Args:
            plans: What was published.
            image_stamps: Stamps of the images that were sent [ns].
            truth: Where the vehicle went.
            waypoints: How many a complete plan has; None = as many as the longest of these has.

        """
        everything = list(plans)
        stamps = set(image_stamps)
        answers = [plan for plan in everything if plan.stamp_ns in stamps]
        wanted = waypoints if waypoints is not None else max((len(plan.times) for plan in answers), default=0)
        overruns = [plan.overrun_ms for plan in answers if plan.overrun_ms is not None]
        latencies = [plan.latency_ms for plan in answers if plan.latency_ms is not None]
        statuses = Counter(plan.status for plan in answers)
        errors, last_errors = _errors(answers, truth)
        return cls(
            frames=len(image_stamps),
            planned=sum(plan.planned for plan in answers),
            rejected=sum(plan.rejected for plan in answers),
            incomplete=sum(not _complete(plan, wanted) for plan in answers),
            late=sum(overrun > LATE_MS for overrun in overruns),
            worst_overrun_ms=max(overruns, default=None),
            status_counts={status.name: statuses[status] for status in PlanStatus},
            latency_p50_ms=_percentile(latencies, 50.0),
            latency_p99_ms=_percentile(latencies, 99.0),
            ade_m=_mean(errors),
            fde_m=_mean(last_errors),
            n=len(errors),
            n_fde=len(last_errors),
            unmatched=len(everything) - len(answers),
        )

    def as_dict(self) -> dict[str, Any]:
        """The content of the key `summary` of the JSON output; null = not measured or no truth."""
        return {
            "frames": self.frames,
            "planned": self.planned,
            "rejected": self.rejected,
            "incomplete": self.incomplete,
            "late": self.late,
            "worst_overrun_ms": self.worst_overrun_ms,
            "status_counts": dict(self.status_counts),
            "latency_ms": {"p50": self.latency_p50_ms, "p99": self.latency_p99_ms},
            "ade_m": self.ade_m,
            "fde_m": self.fde_m,
            "n": self.n,
            "n_fde": self.n_fde,
            "unmatched": self.unmatched,
        }

    def to_json(self) -> str:
        """JSON text: {"summary": ...}."""
        return json.dumps({"summary": self.as_dict()}, indent=2, allow_nan=False) + "\n"

    def table(self) -> str:
        """The same figures for people, one a line."""
        counts = ", ".join(f"{name} {count}" for name, count in self.status_counts.items())
        lines = {
            "frames": str(self.frames),
            "planned": str(self.planned),
            "rejected": str(self.rejected),
            "incomplete": str(self.incomplete),
            "late": str(self.late),
            "worst overrun": _figure(self.worst_overrun_ms, "ms"),
            "status": counts,
            "latency p50": _figure(self.latency_p50_ms, "ms"),
            "latency p99": _figure(self.latency_p99_ms, "ms"),
            "ADE": f"{_figure(self.ade_m, 'm')} (n = {self.n} waypoints with truth)",
            "FDE": f"{_figure(self.fde_m, 'm')} (n = {self.n_fde} plans with truth at their end)",
            "unmatched": str(self.unmatched),
        }
        return "\n".join(f"{name:<14} {value}" for name, value in lines.items())


def _complete(plan: PublishedPlan, waypoints: int) -> bool:
    finite = np.isfinite(plan.times).all() and np.isfinite(plan.positions).all()
    return len(plan.times) >= max(waypoints, 1) and bool(finite)


def _errors(plans: Sequence[PublishedPlan], truth: GroundTruth) -> tuple[list[float], list[float]]:
    """Distances from the truth [m]: of every waypoint that has one, and of every last waypoint that has one."""
    errors: list[float] = []
    last_errors: list[float] = []
    for plan in plans:
        if len(plan.times) == 0:
            continue
        true = truth.at(plan.stamp_ns, plan.times)
        distances = np.linalg.norm(plan.positions - true.positions, axis=1)
        errors += [float(distance) for distance in distances[true.valid]]
        if true.valid[-1]:
            last_errors.append(float(distances[-1]))
    return errors, last_errors


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _figure(value: float | None, unit: str) -> str:
    return "not measured" if value is None else f"{value:.3f} {unit}"
