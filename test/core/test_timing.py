from __future__ import annotations

import math

from wam_ros.core import Deadline


def test_a_deadline_counts_down_on_its_clock() -> None:
    now = [1_000_000_000]
    deadline = Deadline.after(0.5, clock=lambda: now[0])
    assert deadline.remaining_s() == 0.5
    now[0] += 400_000_000
    assert abs(deadline.remaining_s() - 0.1) < 1e-9
    assert not deadline.expired
    assert deadline.earlier(0.2).expired
    now[0] += 100_000_000
    assert deadline.expired


def test_no_limit() -> None:
    assert Deadline.unlimited().remaining_s() == math.inf
    assert not Deadline.unlimited().earlier(1e9).expired
