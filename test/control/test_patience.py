from __future__ import annotations

from wam_ros.control.patience import Patience


def test_it_halves_with_each_miss_and_has_an_end():
    patience = Patience(2.0)
    waits = []
    for _ in range(8):
        waits.append(patience.wait_s)
        patience.missed()
    assert waits == [2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.05, 0.05]


def test_whoever_is_heard_is_waited_for_again():
    patience = Patience(2.0)
    patience.missed()
    patience.heard()
    assert patience.wait_s == 2.0


def test_the_least_wait_is_never_above_the_full_one():
    assert Patience(0.01).wait_s == 0.01
