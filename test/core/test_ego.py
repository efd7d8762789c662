from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wam_ros.core import SE2, EgoState, InputError, interpolate_ego

SECOND = 1_000_000_000


def ego(stamp_s: float = 0.0, pose: SE2 | None = None, speed: float = 10.0, yaw_rate: float = 0.0) -> EgoState:
    return EgoState(round(stamp_s * SECOND), "odom", pose or SE2(0.0, 0.0, 0.0), speed, yaw_rate=yaw_rate)


def test_straight_motion() -> None:
    later = ego().at(2 * SECOND)
    assert (later.pose.x, later.pose.y) == (pytest.approx(20.0), 0.0)
    assert later.stamp_ns == 2 * SECOND


def test_a_full_circle_ends_where_it_began() -> None:
    rate = 0.5
    later = ego(yaw_rate=rate).at(round(2.0 * math.pi / rate * SECOND))
    assert (later.pose.x, later.pose.y) == (pytest.approx(0.0, abs=1e-6), pytest.approx(0.0, abs=1e-6))


@given(st.floats(-1.0, 1.0), st.floats(0.0, 20.0), st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_motion_in_two_parts_is_motion_in_one(rate: float, speed: float, first: float, second: float) -> None:
    start = ego(speed=speed, yaw_rate=rate)
    middle = round(first * SECOND)
    end = middle + round(second * SECOND)
    one, two = start.at(end), start.at(middle).at(end)
    assert one.pose.x == pytest.approx(two.pose.x, abs=1e-5)
    assert one.pose.y == pytest.approx(two.pose.y, abs=1e-5)


def test_interpolation_takes_the_short_way_round() -> None:
    a, b = ego(0.0, SE2(0, 0, math.pi - 0.1)), ego(1.0, SE2(4, 2, -math.pi + 0.1), speed=12.0)
    middle = interpolate_ego(a, b, SECOND // 2)
    assert abs(middle.pose.yaw) == pytest.approx(math.pi, abs=1e-9)
    assert (middle.pose.x, middle.pose.y, middle.speed) == (2.0, 1.0, 11.0)
    start = interpolate_ego(a, b, 0)
    assert (start.pose.x, start.speed, start.pose.yaw) == (0.0, 10.0, pytest.approx(a.pose.yaw))
    end = interpolate_ego(a, b, SECOND)
    assert (end.pose.x, end.speed, end.pose.yaw) == (4.0, 12.0, pytest.approx(b.pose.yaw))


def test_interpolation_refuses_other_frames_and_times() -> None:
    other = EgoState(SECOND, "map", SE2(0, 0, 0), 0.0)
    with pytest.raises(InputError, match="changed its frame from 'odom' to 'map'"):
        interpolate_ego(ego(), other, 0)
    with pytest.raises(InputError, match="is not between"):
        interpolate_ego(ego(), ego(1.0), 2 * SECOND)


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(InputError, match="speed is inf"):
        ego(speed=math.inf)
    with pytest.raises(InputError, match="empty frame_id"):
        EgoState(0, "", SE2(0, 0, 0), 0.0)
