"""CARLA's driving score of routes under the rules of leaderboard 1.0, 2.0, 2.1 and Bench2Drive, from their events.

driving score = route completion x infraction penalty; a set of routes scores the mean, a missing route 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from wam_ros.core.errors import InputError
from wam_ros.metrics.bootstrap import mean_interval
from wam_ros.metrics.driving_events import DrivingEvent, EventKind, RouteRecord

_DECIMALS = 6  # of the scores that leaderboards since 2.0 store; 1.0 does not round


class Rules(Enum):
    """Whose rules."""

    LEADERBOARD_1_0 = "1.0"
    LEADERBOARD_2_0 = "2.0"
    LEADERBOARD_2_1 = "2.1"
    BENCH2DRIVE = "bench2drive-0.0.4"


# 1.0, 2.0 and Bench2Drive: what each event multiplies the penalty by.
_FACTORS = MappingProxyType(
    {
        EventKind.COLLISION_PEDESTRIAN: 0.5,
        EventKind.COLLISION_VEHICLE: 0.6,
        EventKind.COLLISION_STATIC: 0.65,
        EventKind.RED_LIGHT: 0.7,
        EventKind.STOP_SIGN: 0.8,
        EventKind.SCENARIO_TIMEOUT: 0.7,
        EventKind.YIELD_TO_EMERGENCY_VEHICLE: 0.7,
    }
)
_MIN_SPEED_SHARE = 0.3  # of the score that a vehicle loses that stands while the traffic moves

# 2.1: what each event adds to the divisor.
_ADDENDS = MappingProxyType(
    {
        EventKind.COLLISION_PEDESTRIAN: 1.0,
        EventKind.COLLISION_VEHICLE: 0.7,
        EventKind.COLLISION_STATIC: 0.6,
        EventKind.RED_LIGHT: 0.4,
        EventKind.STOP_SIGN: 0.25,
        EventKind.SCENARIO_TIMEOUT: 0.4,
        EventKind.YIELD_TO_EMERGENCY_VEHICLE: 0.4,
    }
)
_MIN_SPEED_ADDEND = 0.4

# A later one overrides an earlier one.
_FAILURES = MappingProxyType(
    {
        EventKind.ROUTE_TIMEOUT: "Agent timed out",
        EventKind.ROUTE_DEVIATION: "Agent deviated from the route",
        EventKind.VEHICLE_BLOCKED: "Agent got blocked",
    }
)
_NOT_IN_1_0 = frozenset({EventKind.SCENARIO_TIMEOUT, EventKind.YIELD_TO_EMERGENCY_VEHICLE, EventKind.MIN_SPEED})


@dataclass(frozen=True)
class RouteScore:
    """The score of one route.

    Fields:
        route_id: Its name.
        route_completion: In percent.
        infraction_penalty: 1 = nothing happened; above 1 where the ego outran the traffic (2.0, 2.1).
        driving_score: Their product.
        status: "Perfect" (no event at all; not in 1.0), "Completed", or "Failed", with the reason where known.

    """

    route_id: str
    route_completion: float
    infraction_penalty: float
    driving_score: float
    status: str


@dataclass(frozen=True)
class SetScore:
    """Means over a set of routes.

    Fields:
        rules: Whose.
        routes: How many routes the set has.
        missing: How many of them have no record and count as 0.
        driving_score, route_completion, infraction_penalty: Means over all routes of the set.
        driving_score_ci95: Bootstrap interval over routes; None where the set has one route.
        scores: Of each route with a record.

    """

    rules: Rules
    routes: int
    missing: int
    driving_score: float
    route_completion: float
    infraction_penalty: float
    driving_score_ci95: tuple[float, float] | None
    scores: tuple[RouteScore, ...]


def infraction_penalty(events: Iterable[DrivingEvent], rules: Rules) -> float:
    """What the route completion is multiplied by.

    1.0, 2.0, Bench2Drive: product of one factor per event; outside lanes q %: 1 - q/100; minimum speed p % (2.0):
    1 - 0.3 (1 - p/100). 2.1: (1 - q/100) / (1 + sum of one addend per event), minimum speed p %: 0.4 (1 - p/100).
    Events that end a route cost nothing by themselves. 1.0 knows no minimum speed, scenario timeout and emergency
    vehicle; Bench2Drive counts the minimum speed as efficiency instead.

    Raises:
        InputError: Minimum speeds so far above 100 % that the divisor of 2.1 is not positive.

    """
    kept = known_events(events, rules)
    outside = math.prod(
        1.0 - _percentage(event) / 100.0 for event in kept if event.kind is EventKind.OUTSIDE_ROUTE_LANES
    )
    slowness = [1.0 - _percentage(event) / 100.0 for event in kept if event.kind is EventKind.MIN_SPEED]
    if rules is Rules.LEADERBOARD_2_1:
        addends = [_ADDENDS[event.kind] for event in kept if event.kind in _ADDENDS]
        divisor = 1.0 + math.fsum(addends) + _MIN_SPEED_ADDEND * math.fsum(slowness)
        if divisor <= 0.0:
            msg = (
                "leaderboard 2.1 has no score for so high minimum speeds; it makes no event above 100 %: leave them out"
            )
            raise InputError(msg)
        return outside / divisor
    penalty = outside * math.prod(_FACTORS[event.kind] for event in kept if event.kind in _FACTORS)
    if rules is Rules.LEADERBOARD_2_0:
        penalty *= math.prod(1.0 - _MIN_SPEED_SHARE * slow for slow in slowness)
    return penalty


def known_events(events: Iterable[DrivingEvent], rules: Rules) -> tuple[DrivingEvent, ...]:
    """Those that exist under the rules."""
    unknown = _NOT_IN_1_0 if rules is Rules.LEADERBOARD_1_0 else frozenset[EventKind]()
    return tuple(event for event in events if event.kind not in unknown)


def score_route(record: RouteRecord, rules: Rules) -> RouteScore:
    """The score of one route."""
    penalty = infraction_penalty(record.events, rules)
    score = max(record.completion * penalty, 0.0)
    completion = record.completion
    if rules is not Rules.LEADERBOARD_1_0:
        completion, penalty, score = (round(value, _DECIMALS) for value in (completion, penalty, score))
    return RouteScore(record.route_id, completion, penalty, score, _status(record, rules))


def score_set(records: Sequence[RouteRecord], rules: Rules, routes: int | None = None, seed: int = 0) -> SetScore:
    """The scores of a set of `routes` routes, by default as many as there are records.

    Raises:
        InputError: No routes, more records than routes, or two records of one route.

    """
    total = len(records) if routes is None else routes
    if total < 1 or len(records) > total:
        msg = f"{len(records)} records for a set of {total} routes, wanted 1 or more routes and at most one record each"
        raise InputError(msg)
    names = [record.route_id for record in records]
    if len(set(names)) != len(names):
        msg = f"two records of one route: {sorted({name for name in names if names.count(name) > 1})}"
        raise InputError(msg)
    scores = tuple(score_route(record, rules) for record in records)
    missing = total - len(scores)
    driving = [score.driving_score for score in scores] + [0.0] * missing
    return SetScore(
        rules=rules,
        routes=total,
        missing=missing,
        driving_score=math.fsum(driving) / total,
        route_completion=math.fsum(score.route_completion for score in scores) / total,
        infraction_penalty=math.fsum(score.infraction_penalty for score in scores) / total,
        driving_score_ci95=mean_interval(driving, seed),
        scores=scores,
    )


def _status(record: RouteRecord, rules: Rules) -> str:
    if record.completion >= 100.0:
        perfect = rules is not Rules.LEADERBOARD_1_0 and not record.events
        return "Perfect" if perfect else "Completed"
    kinds = {event.kind for event in record.events}
    reasons = [text for kind, text in _FAILURES.items() if kind in kinds]
    reason = reasons[-1] if reasons else record.failure
    return "Failed" if reason is None else f"Failed - {reason}"


def _percentage(event: DrivingEvent) -> float:
    assert event.percentage is not None  # checked by the event
    return event.percentage
