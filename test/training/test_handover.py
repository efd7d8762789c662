"""Who drives: shares and seeds, a learner that stands or strays, and when it gets the wheel back."""

from __future__ import annotations

import numpy as np
import pytest

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2
from wam_ros.core.polyline import Polyline
from wam_ros.training.handover import Handover

ROUTE = Polyline(np.array([[0.0, 0.0], [2000.0, 0.0]]))
STEP = 0.1  # s


def _drive(
    handover: Handover,
    seconds: float,
    x: float = 0.0,
    y: float = 0.0,
    *,
    speed: float = 8.0,
    way: float = 6.0,
    begin: float = 0.0,
) -> list[bool]:
    """Whether the learner drives, at each step of a straight drive."""
    turns = []
    for number in range(round(seconds / STEP)):
        now = begin + STEP * number
        ego = EgoState(round(now * 1e9), "map", SE2(x + speed * STEP * number, y, 0.0), speed)
        turns.append(handover.learner_drives(ego, lambda: way))
    return turns


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_expert_has_its_share_of_the_time_in_stretches(share: float) -> None:
    turns = np.concatenate([_drive(Handover(share, seed, ROUTE), 200.0) for seed in range(8)])
    assert 1.0 - turns.mean() == pytest.approx(share, abs=0.06)
    assert np.diff(turns.astype(int)).astype(bool).sum() <= 8 * 200.0 / 3.0


def test_the_seed_decides_and_a_reset_begins_anew() -> None:
    handover = Handover(0.5, 3, ROUTE)
    first = _drive(handover, 100.0)
    handover.reset()
    assert _drive(handover, 100.0) == first
    assert _drive(Handover(0.5, 4, ROUTE), 100.0) != first


def test_a_learner_that_stands_is_driven_on_by_10_m() -> None:
    handover = Handover(0.0, 1, ROUTE)
    turns = _drive(handover, 8.0, speed=0.0)
    assert turns[0]
    assert turns.index(False) * STEP == pytest.approx(6.1, abs=0.11)
    assert not any(turns[turns.index(False) :])
    back = _drive(handover, 4.0, speed=5.0, begin=8.0)
    assert back.index(True) * STEP * 5.0 == pytest.approx(10.0, abs=1.0)
    assert all(back[back.index(True) :])


def test_who_stands_where_the_expert_stands_blocks_nobody() -> None:
    assert all(_drive(Handover(0.0, 1, ROUTE), 100.0, speed=0.0, way=0.5))


def test_a_learner_off_the_route_is_brought_back() -> None:
    handover = Handover(0.0, 1, ROUTE)
    assert all(_drive(handover, 5.0, y=4.5))
    away = _drive(handover, 5.0, y=6.0, begin=5.0)
    assert away.index(False) * STEP == pytest.approx(2.1, abs=0.11)
    assert not any(_drive(handover, 5.0, y=2.0, begin=10.0))
    assert all(_drive(handover, 5.0, y=1.0, begin=15.0))
    assert not handover.given_up


def test_a_rescue_that_fails_is_given_up() -> None:
    handover = Handover(0.0, 1, ROUTE)
    _drive(handover, 60.0, y=8.0)
    assert not handover.given_up
    _drive(handover, 5.0, y=8.0, begin=60.0)
    assert handover.given_up
