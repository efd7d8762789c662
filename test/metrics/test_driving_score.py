from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wam_ros.core.errors import InputError
from wam_ros.metrics.driving_events import DrivingEvent, EventKind, RouteRecord
from wam_ros.metrics.driving_score import Rules, infraction_penalty, score_route, score_set

# One vehicle, one pedestrian, one red light, 10 % outside lanes, checkpoints at 75 % and 150 % of the traffic's speed.
EXAMPLE = (
    DrivingEvent(EventKind.COLLISION_VEHICLE),
    DrivingEvent(EventKind.COLLISION_PEDESTRIAN),
    DrivingEvent(EventKind.RED_LIGHT),
    DrivingEvent(EventKind.OUTSIDE_ROUTE_LANES, 10.0),
    DrivingEvent(EventKind.MIN_SPEED, 75.0),
    DrivingEvent(EventKind.MIN_SPEED, 150.0),
)
PLAIN = [kind for kind in EventKind if kind not in {EventKind.MIN_SPEED, EventKind.OUTSIDE_ROUTE_LANES}]
TERMINAL = {
    EventKind.ROUTE_TIMEOUT: "Agent timed out",
    EventKind.ROUTE_DEVIATION: "Agent deviated from the route",
    EventKind.VEHICLE_BLOCKED: "Agent got blocked",
}
SLOW_HALF = DrivingEvent(EventKind.MIN_SPEED, 50.0)
OUTSIDE_QUARTER = DrivingEvent(EventKind.OUTSIDE_ROUTE_LANES, 25.0)
EVENTS = st.lists(st.sampled_from([*(DrivingEvent(kind) for kind in PLAIN), SLOW_HALF]), max_size=8)


@pytest.mark.parametrize(
    ("rules", "score"),
    [
        (Rules.LEADERBOARD_1_0, 16.632),
        (Rules.LEADERBOARD_2_0, 17.6923),
        (Rules.LEADERBOARD_2_1, 26.4),
        (Rules.BENCH2DRIVE, 16.632),
    ],
)
def test_the_example_scores_as_in_the_statistics_of_the_leaderboards(rules: Rules, score: float) -> None:
    assert score_route(RouteRecord("1", 88.0, EXAMPLE), rules).driving_score == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize(
    ("event", "in_1_0", "in_2_0", "in_2_1", "in_bench2drive"),
    [
        (DrivingEvent(EventKind.COLLISION_PEDESTRIAN), 0.5, 0.5, 1 / 2.0, 0.5),
        (DrivingEvent(EventKind.COLLISION_VEHICLE), 0.6, 0.6, 1 / 1.7, 0.6),
        (DrivingEvent(EventKind.COLLISION_STATIC), 0.65, 0.65, 1 / 1.6, 0.65),
        (DrivingEvent(EventKind.RED_LIGHT), 0.7, 0.7, 1 / 1.4, 0.7),
        (DrivingEvent(EventKind.STOP_SIGN), 0.8, 0.8, 1 / 1.25, 0.8),
        (DrivingEvent(EventKind.SCENARIO_TIMEOUT), 1.0, 0.7, 1 / 1.4, 0.7),
        (DrivingEvent(EventKind.YIELD_TO_EMERGENCY_VEHICLE), 1.0, 0.7, 1 / 1.4, 0.7),
        (SLOW_HALF, 1.0, 0.85, 1 / 1.2, 1.0),
        (DrivingEvent(EventKind.MIN_SPEED, 0.0), 1.0, 0.7, 1 / 1.4, 1.0),
        (OUTSIDE_QUARTER, 0.75, 0.75, 0.75, 0.75),
        *((DrivingEvent(kind), 1.0, 1.0, 1.0, 1.0) for kind in TERMINAL),
    ],
)
def test_every_event_has_its_price(
    event: DrivingEvent, in_1_0: float, in_2_0: float, in_2_1: float, in_bench2drive: float
) -> None:
    prices = [infraction_penalty([event], rules) for rules in Rules]
    assert prices == pytest.approx([in_1_0, in_2_0, in_2_1, in_bench2drive], abs=1e-15)
    if event.kind is not EventKind.OUTSIDE_ROUTE_LANES:
        twice = [infraction_penalty([event, event], rules) for rules in Rules]
        assert twice == pytest.approx([in_1_0**2, in_2_0**2, 1 / (2 / in_2_1 - 1), in_bench2drive**2], abs=1e-15)


@given(EVENTS, EVENTS)
def test_products_multiply_and_the_sum_of_2_1_adds(some: list[DrivingEvent], more: list[DrivingEvent]) -> None:
    for rules in (Rules.LEADERBOARD_1_0, Rules.LEADERBOARD_2_0, Rules.BENCH2DRIVE):
        both = infraction_penalty([*some, *more], rules)
        assert both == pytest.approx(infraction_penalty(some, rules) * infraction_penalty(more, rules))
    first, second, both = (
        1 / infraction_penalty(events, Rules.LEADERBOARD_2_1) for events in (some, more, [*some, *more])
    )
    assert both - 1 == pytest.approx(first - 1 + second - 1)


@given(EVENTS, st.sampled_from(list(Rules)), st.floats(0.0, 100.0))
def test_scores_stay_between_nothing_and_the_completion(
    events: list[DrivingEvent], rules: Rules, completion: float
) -> None:
    score = score_route(RouteRecord("1", completion, (*events, OUTSIDE_QUARTER)), rules)
    assert 0.0 <= score.driving_score <= 0.75 * completion + 1e-6
    assert score.driving_score == pytest.approx(score.infraction_penalty * completion, abs=1e-3)


def test_outrunning_the_traffic_pays_in_2_0_and_2_1() -> None:
    fast = [DrivingEvent(EventKind.MIN_SPEED, 150.0)]
    assert infraction_penalty(fast, Rules.LEADERBOARD_2_0) == pytest.approx(1.15)
    assert infraction_penalty(fast, Rules.LEADERBOARD_2_1) == pytest.approx(1.25)
    with pytest.raises(InputError, match=r"2\.1 has no score for so high minimum speeds"):
        infraction_penalty([DrivingEvent(EventKind.MIN_SPEED, 400.0)], Rules.LEADERBOARD_2_1)


def test_status_tells_perfect_completed_and_why_failed() -> None:
    def status(completion: float, *events: DrivingEvent, failure: str | None = None, rules: Rules) -> str:
        return score_route(RouteRecord("1", completion, events, failure), rules).status

    old, new = Rules.LEADERBOARD_1_0, Rules.LEADERBOARD_2_1
    assert status(100.0, rules=new) == "Perfect"
    assert status(100.0, rules=old) == "Completed"
    assert status(100.0, SLOW_HALF, rules=new) == "Completed"
    assert status(99.9, rules=new) == "Failed"
    assert status(50.0, failure="Agent crashed", rules=new) == "Failed - Agent crashed"
    for kind, text in TERMINAL.items():
        assert status(50.0, DrivingEvent(kind), failure="Agent crashed", rules=new) == f"Failed - {text}"


def test_scores_are_stored_with_six_digits_except_in_1_0() -> None:
    record = RouteRecord("1", 100.0 / 3.0, (DrivingEvent(EventKind.COLLISION_VEHICLE),))
    assert score_route(record, Rules.LEADERBOARD_1_0).driving_score == 20.0
    assert score_route(record, Rules.LEADERBOARD_2_0).route_completion == 33.333333


def test_a_missing_route_counts_as_nothing() -> None:
    records = [RouteRecord("1", 100.0), RouteRecord("2", 50.0), RouteRecord("3", 100.0, EXAMPLE[:2])]
    full, longer = (score_set(records, Rules.LEADERBOARD_2_0, routes) for routes in (None, 6))
    assert (full.driving_score, full.routes, full.missing) == (pytest.approx(60.0), 3, 0)
    assert (longer.driving_score, longer.routes, longer.missing) == (pytest.approx(30.0), 6, 3)
    assert longer.route_completion == pytest.approx(250.0 / 6.0)
    assert longer.infraction_penalty == pytest.approx(2.3 / 6.0)
    assert [score.route_id for score in longer.scores] == ["1", "2", "3"]
    assert full.driving_score_ci95 is not None
    assert longer.driving_score_ci95 is not None
    assert longer.driving_score_ci95[0] < 30.0 < longer.driving_score_ci95[1] < full.driving_score_ci95[1]
    assert score_set(records[:1], Rules.LEADERBOARD_2_0).driving_score_ci95 is None
    assert score_set([], Rules.LEADERBOARD_2_0, 2).driving_score == 0.0


def test_what_is_no_set_of_routes_is_refused() -> None:
    route = RouteRecord("7", 1.0)
    with pytest.raises(InputError, match=r"two records of one route: \['7'\]"):
        score_set([route, route], Rules.LEADERBOARD_2_0)
    with pytest.raises(InputError, match="2 records for a set of 1 routes"):
        score_set([route, RouteRecord("8", 1.0)], Rules.LEADERBOARD_2_0, 1)
    with pytest.raises(InputError, match="0 records for a set of 0 routes"):
        score_set([], Rules.LEADERBOARD_2_0)


def test_what_is_no_event_or_record_is_refused() -> None:
    with pytest.raises(InputError, match=r"red_light: percentage 3\.0, wanted no percentage"):
        DrivingEvent(EventKind.RED_LIGHT, 3.0)
    with pytest.raises(InputError, match="min_speed: percentage None, wanted a percentage"):
        DrivingEvent(EventKind.MIN_SPEED)
    for kind, percentage in ((EventKind.MIN_SPEED, -1.0), (EventKind.OUTSIDE_ROUTE_LANES, 101.0)):
        with pytest.raises(InputError, match="out of range"):
            DrivingEvent(kind, percentage)
    with pytest.raises(InputError, match="percentage is nan"):
        DrivingEvent(EventKind.MIN_SPEED, float("nan"))
    for completion in (-1.0, 100.1, float("nan")):
        with pytest.raises(InputError, match="wanted 0 to 100 percent"):
            RouteRecord("1", completion)
    with pytest.raises(InputError, match="several events outside_route_lanes"):
        RouteRecord("1", 1.0, (OUTSIDE_QUARTER, OUTSIDE_QUARTER))
