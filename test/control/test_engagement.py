from __future__ import annotations

import itertools

import pytest

from wam_ros.control import Engagement, EngagementEvent, EngagementState

S, E = EngagementState, EngagementEvent
# Every state that can be: a person holds the controls only in OVERRIDDEN.
D, N, H, O, OH = (
    Engagement(S.DISENGAGED, "d"),
    Engagement(S.ENGAGED, "n"),
    Engagement(S.HOLDING, "h"),
    Engagement(S.OVERRIDDEN, "o"),
    Engagement(S.OVERRIDDEN, "oh", held=True),
)
ALL = (D, N, H, O, OH)
# Next state by event, for ALL in that order; ENGAGE and START with everything fresh.
TABLE = {
    E.ENGAGE: (S.ENGAGED, S.ENGAGED, S.HOLDING, S.ENGAGED, S.OVERRIDDEN),
    E.START: (S.HOLDING, S.ENGAGED, S.HOLDING, S.HOLDING, S.OVERRIDDEN),
    E.DISENGAGE: (S.DISENGAGED, S.DISENGAGED, S.DISENGAGED, S.DISENGAGED, S.OVERRIDDEN),
    E.TAKEN_OVER: (S.OVERRIDDEN,) * 5,
    E.HANDED_BACK: (S.DISENGAGED, S.ENGAGED, S.HOLDING, S.OVERRIDDEN, S.OVERRIDDEN),
    E.PLAN_FOLLOWED: (S.DISENGAGED, S.ENGAGED, S.ENGAGED, S.OVERRIDDEN, S.OVERRIDDEN),
    E.NO_PLAN: (S.DISENGAGED, S.HOLDING, S.HOLDING, S.OVERRIDDEN, S.OVERRIDDEN),
    E.ODOMETRY_LOST: (S.DISENGAGED, S.DISENGAGED, S.DISENGAGED, S.OVERRIDDEN, S.OVERRIDDEN),
}


def test_the_table_is_complete() -> None:
    assert TABLE.keys() == set(E)
    assert {one.state for one in ALL} == set(S)


@pytest.mark.parametrize("event", E)
@pytest.mark.parametrize("index", range(len(ALL)))
def test_every_event_in_every_state(event: EngagementEvent, index: int) -> None:
    after = ALL[index].after(event, odometry_fresh=True, plan_fresh=True, why="because")
    assert after.state == TABLE[event][index]
    assert after.held == (event is E.TAKEN_OVER or (ALL[index].held and event is not E.HANDED_BACK))
    assert after.commanding == (after.state in {S.ENGAGED, S.HOLDING})
    if not after.commanding:
        assert after.reason


@pytest.mark.parametrize("before", [D, O], ids=["disengaged", "overridden"])
@pytest.mark.parametrize(("odometry", "plan"), itertools.product([True, False], repeat=2))
def test_what_engaging_needs(before: Engagement, odometry: bool, plan: bool) -> None:
    engaged = before.after(E.ENGAGE, odometry_fresh=odometry, plan_fresh=plan)
    assert engaged.commanding == (odometry and plan)
    started = before.after(E.START, odometry_fresh=odometry, plan_fresh=plan)
    assert started.commanding == odometry, "at the start there is no plan yet: the brake is held"
    if not odometry:
        assert (engaged.reason, started.reason) == ("not engaged: no fresh odometry",) * 2
    elif not plan:
        assert engaged.reason == "not engaged: no fresh plan"


def test_override_needs_handing_back_and_engaging_anew() -> None:
    taken = N.after(E.TAKEN_OVER)
    refused = taken.after(E.ENGAGE, odometry_fresh=True, plan_fresh=True)
    assert (refused.state, refused.reason) == (S.OVERRIDDEN, "not engaged: a person holds the controls")
    back = taken.after(E.HANDED_BACK)
    assert back.after(E.PLAN_FOLLOWED).state is S.OVERRIDDEN
    assert back.after(E.ENGAGE, odometry_fresh=True, plan_fresh=True).state is S.ENGAGED


def test_reasons_are_told() -> None:
    assert N.after(E.NO_PLAN, why="plan is 2 s old").reason == "plan is 2 s old"
    assert N.after(E.ODOMETRY_LOST, why="no odometry for 1 s").reason == "no odometry for 1 s"
    assert H.after(E.PLAN_FOLLOWED).reason == ""
    assert Engagement().reason == "not engaged yet"


def test_the_numbers_are_those_of_the_message() -> None:
    pytest.importorskip("rclpy")
    from wam_ros.msg import ControllerStatus

    assert {state.name: int(state) for state in S} == {name: getattr(ControllerStatus, name) for name in S.__members__}
