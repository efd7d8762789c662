"""Figures over the routes of a closed-loop evaluation, with intervals that tell how far few routes can be trusted.

It reads rows as they lie in the journal, so that figures do not depend on which run drove which route.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from wam_ros.core.errors import InputError
from wam_ros.evaluation.result import SCORES, Row
from wam_ros.evaluation.route_run import plan_ms
from wam_ros.metrics.bootstrap import mean_interval

_RESAMPLES = 10_000
_PER_KM = ("collisions_per_km", "red_lights_per_km", "stopped_at_green_per_km")


def summarise(rows: Sequence[Row], seed: int = 0) -> dict[str, Any]:
    """The summary of a result file; crashed routes count with completion and scores of 0.

    Shares are 0 to 1, completion and scores 0 to 100. Rates are over all kilometres together; None where none was
    driven. Intervals are of the bootstrap over routes; those of a single route are left out.

    Args:
        rows: One or more routes.
        seed: Of the bootstrap.

    Raises:
        InputError: No routes.

    """
    if not rows:
        msg = "no routes to summarise"
        raise InputError(msg)
    means = {
        "route_completion": [float(row["route_completion"]) for row in rows],
        "driving_score": [float(row["scores"]["2.0"]) for row in rows],
        "success_rate": [float(row["success"]) for row in rows],
    }
    kilometres = [float(row["driven_m"]) / 1e3 for row in rows]
    counts = dict(zip(_PER_KM, zip(*map(_counted, rows))))
    intervals = {name: mean_interval(values, seed) for name, values in means.items()}
    intervals |= {name: ratio_interval(values, kilometres, seed) for name, values in counts.items()}
    km = math.fsum(kilometres)
    return {
        "routes": len(rows),
        "crashed": sum(row["outcome"] == "crashed" for row in rows),
        "outcomes": dict(Counter(row["outcome"] for row in rows)),
        **{name: _rounded(_mean(values)) for name, values in means.items()},
        "driving_scores": {name: _rounded(_mean([float(row["scores"][name]) for row in rows])) for name in SCORES},
        **{name: _rounded(sum(values) / km) if km else None for name, values in counts.items()},
        "km": round(km, 4),
        "efficiency": _mean_of_known(rows, "efficiency"),
        "comfort": _mean_of_known(rows, "comfort"),
        "events": dict(Counter(event["kind"] for row in rows for event in row["events"])),
        "plans": sum(row["plans"] for row in rows),
        "late_plans": sum(row["late_plans"] for row in rows),
        "plan_ms": plan_ms([value for row in rows for value in row["plan_times_ms"]]),
        "virtual_plan_ms": plan_ms([value for row in rows for value in row["virtual_times_ms"] or ()]),
        "ci95": {name: [_rounded(end) for end in ends] for name, ends in intervals.items() if ends is not None},
    }


def ratio_interval(
    counts: Sequence[float], amounts: Sequence[float], seed: int = 0, level: float = 0.95
) -> tuple[float, float] | None:
    """Percentile bootstrap of sum(counts) / sum(amounts) over routes drawn again; None where it tells nothing.

    Where nothing happened the bootstrap would claim that nothing can: then it is the exact interval of a Poisson rate
    (Garwood 1936), from 0 to -ln((1 - level) / 2) / sum(amounts).
    """
    amount = math.fsum(amounts)
    if len(counts) < 2 or not amount > 0.0:
        return None
    if not any(counts):
        return 0.0, -math.log((1.0 - level) / 2.0) / amount
    drawn = np.random.default_rng(seed).integers(len(counts), size=(_RESAMPLES, len(counts)))
    above, below = np.asarray(counts, float)[drawn].sum(axis=1), np.asarray(amounts, float)[drawn].sum(axis=1)
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(above[below > 0.0] / below[below > 0.0], [tail, 1.0 - tail])
    return float(low), float(high)


def _counted(row: Row) -> tuple[int, int, int]:
    """Collisions at fault, red lights, greens not used."""
    events = row["events"]
    collisions = sum(event["at_fault"] and event["kind"].startswith("collision") for event in events)
    kinds = Counter(event["kind"] for event in events)
    return collisions, kinds["red_light"], kinds["stopped_at_green"]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _mean_of_known(rows: Sequence[Row], name: str) -> float | None:
    values = [float(row[name]) for row in rows if row[name] is not None]
    return _rounded(_mean(values)) if values else None


def _rounded(value: float) -> float:
    return round(value, 6)
