from __future__ import annotations

import math

import pytest

from test.runtime.parts import MS, SECOND, ego_at
from wam_ros.core import SE2, EgoState, InputError
from wam_ros.runtime import OdometryBuffer, OdometryLimits


def filled(count: int = 10, speed: float = 5.0) -> OdometryBuffer:
    buffer = OdometryBuffer()
    for index in range(count):
        assert not buffer.add(ego_at(index * 100 * MS, x=speed * 0.1 * index, speed=speed))
    return buffer


def test_states_between_samples_are_interpolated() -> None:
    assert filled().at(250 * MS).pose.x == pytest.approx(1.25)
    assert filled().at(300 * MS).pose.x == pytest.approx(1.5)


def test_beyond_the_newest_the_state_is_moved_a_little() -> None:
    buffer = filled()
    assert not buffer.covers(1000 * MS)
    assert buffer.at(1000 * MS).pose.x == pytest.approx(5.0)
    with pytest.raises(InputError, match=r"stale odometry: the nearest sample is 0.600 s older"):
        buffer.at(1500 * MS)
    estimate = buffer.estimate(1500 * MS)
    assert estimate is not None
    assert estimate.pose.x == pytest.approx(7.5)


def test_no_odometry() -> None:
    with pytest.raises(InputError, match="no odometry"):
        OdometryBuffer().at(0)
    assert OdometryBuffer().estimate(0) is None


def test_old_stamps_are_refused_and_old_samples_dropped() -> None:
    buffer = filled(60)
    with pytest.raises(InputError, match=r"odometry stamp is 0\.100 s behind"):
        buffer.add(ego_at(5800 * MS))
    with pytest.raises(InputError, match="newer than the image"):
        buffer.at(1 * SECOND)


def test_a_gap_is_not_interpolated() -> None:
    buffer = OdometryBuffer()
    buffer.add(ego_at(0))
    buffer.add(ego_at(2 * SECOND, x=10.0))
    assert buffer.at(100 * MS).pose.x == pytest.approx(0.5)  # moved from the first
    with pytest.raises(InputError, match="stale odometry"):
        buffer.at(1 * SECOND)


def test_a_jump_is_told_and_the_past_forgotten() -> None:
    buffer = filled()
    text = buffer.add(ego_at(1000 * MS, x=25.0))
    assert text == "odometry jumped by 20.5 m within 0.100 s at 5.0 m/s"
    assert buffer.at(950 * MS).pose.x == pytest.approx(25.0 - 0.25)
    other = EgoState(1100 * MS, "map", SE2(25.5, 0, 0), 5.0)
    assert "changed its frame from 'odom' to 'map'" in buffer.add(other)


def test_acceleration_is_filtered_from_the_speeds() -> None:
    buffer = OdometryBuffer(OdometryLimits(acceleration_lag_s=0.2))
    for index in range(40):
        t = 0.05 * index
        buffer.add(ego_at(index * 50 * MS, x=t * t, speed=2.0 * t))
    newest = buffer.newest
    assert newest is not None
    assert newest.acceleration == pytest.approx(2.0, abs=0.01)


def test_measured_acceleration_wins_while_fresh() -> None:
    buffer = filled()
    buffer.set_acceleration(1000 * MS, 1.5, -0.5)
    buffer.add(ego_at(1000 * MS, x=5.0))
    newest = buffer.newest
    assert newest is not None
    assert (newest.acceleration, newest.lateral_acceleration) == (1.5, -0.5)
    for index in range(11, 16):
        buffer.add(ego_at(index * 100 * MS, x=0.5 * index))
    newest = buffer.newest
    assert newest is not None
    assert newest.acceleration < 1.5
    with pytest.raises(InputError, match="is not finite"):
        buffer.set_acceleration(0, math.nan, 0.0)


def test_lateral_acceleration_of_a_turn() -> None:
    buffer = OdometryBuffer()
    buffer.add(EgoState(0, "odom", SE2(0, 0, 0), 4.0, yaw_rate=0.5))
    assert buffer.at(0).lateral_acceleration == pytest.approx(2.0)
