from __future__ import annotations

import pytest

from wam_ros.runtime.pace import Pace

TICK = 0.05


class Wall:
    """Time that passes as it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def driven(factor: float, work: list[float]) -> tuple[Pace, float]:
    """Wait for each tick, then work that long [s]; the pace, and the time that all took."""
    wall = Wall()
    pace, begun = Pace(TICK, wall), wall.now
    for took in work:
        wall.now += max(pace.left(factor), 0.0)
        wall.now += took
        pace.ticked()
    return pace, wall.now - begun


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_ticks_come_at_their_factor_whatever_is_done_within_them(factor: float) -> None:
    """The bug that it is for: the time of the work came on top, and real time ran at 0.8 of it."""
    pace, took = driven(factor, [0.01] * 100)
    assert took == pytest.approx(100 * TICK / factor, abs=0.011)
    assert pace.factor == pytest.approx(factor, rel=1e-6)


def test_a_short_delay_is_made_up_for_a_long_one_is_not() -> None:
    usual = [0.01] * 20
    _, whole = driven(1.0, usual)
    _, short = driven(1.0, [*usual[:10], 0.09, *usual[11:]])
    assert short == pytest.approx(whole)
    pace, long = driven(1.0, [*usual[:10], 1.0, *usual[11:]])
    assert long == pytest.approx(whole + 1.0 - 0.01, abs=2 * TICK)
    assert pace.factor < 0.6  # and no burst of ticks after it


def test_who_is_slower_than_the_pace_waits_no_more() -> None:
    pace, took = driven(1.0, [0.08] * 50)
    assert took == pytest.approx(50 * 0.08, abs=TICK)
    assert pace.factor == pytest.approx(TICK / 0.08, rel=0.02)


def test_the_factor_is_unknown_before_the_first_tick() -> None:
    assert Pace(TICK, Wall()).factor == 0.0
