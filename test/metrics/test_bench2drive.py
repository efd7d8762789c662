from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import ArrayLike

from wam_ros.core.errors import InputError
from wam_ros.metrics.bench2drive import ROUTES, Motion, comfort, efficiency, is_success, score_bench2drive
from wam_ros.metrics.driving_events import DrivingEvent, EventKind, RouteRecord

DEGREE = math.pi / 180.0


def speeds(*percentages: float) -> tuple[DrivingEvent, ...]:
    return tuple(DrivingEvent(EventKind.MIN_SPEED, percentage) for percentage in percentages)


def motion(*, lon: ArrayLike = 0.0, lat: ArrayLike = 0.0, yaw_rate: ArrayLike = 0.0, count: int = 20) -> Motion:
    """On a heading of 0.4 rad, from accelerations along and across it."""
    cos, sin = math.cos(0.4), math.sin(0.4)
    along, across = np.broadcast_to(lon, count), np.broadcast_to(lat, count)
    acceleration = np.stack([along * cos - across * sin, along * sin + across * cos], axis=1)
    return Motion(acceleration, np.full(count, 0.4), np.array(np.broadcast_to(yaw_rate, count), dtype=np.float64))


def test_success_needs_the_goal_and_nothing_but_minimum_speeds() -> None:
    assert is_success(RouteRecord("1", 100.0))
    assert is_success(RouteRecord("1", 100.0, speeds(20.0, 300.0)))
    assert not is_success(RouteRecord("1", 99.0))
    for kind in set(EventKind) - {EventKind.MIN_SPEED}:
        percentage = 0.0 if kind is EventKind.OUTSIDE_ROUTE_LANES else None
        assert not is_success(RouteRecord("1", 100.0, (DrivingEvent(kind, percentage),)))


def test_efficiency_is_the_mean_of_the_checkpoints_below_1000_percent() -> None:
    assert efficiency(RouteRecord("1", 50.0, speeds(50.0, 150.0, 1000.0, 1000.1))) == pytest.approx(400.0)
    assert efficiency(RouteRecord("1", 50.0, speeds(2000.0))) is None
    assert efficiency(RouteRecord("1", 50.0)) is None


def test_the_table_divides_by_220_routes_and_averages_what_is_known() -> None:
    records = [
        RouteRecord("1", 100.0, speeds(50.0)),
        RouteRecord("2", 100.0, (*speeds(100.0, 200.0), DrivingEvent(EventKind.COLLISION_VEHICLE))),
        RouteRecord("3", 40.0),
    ]
    scores = score_bench2drive(records, {"1": motion(), "3": motion(lon=5.0)})
    assert scores.driving.routes == ROUTES == 220
    assert scores.driving.driving_score == pytest.approx((100.0 + 60.0 + 40.0) / 220.0)
    assert scores.success_rate == pytest.approx(1.0 / 220.0)
    assert scores.success_rate_ci95 is not None
    assert scores.success_rate_ci95[0] <= scores.success_rate <= scores.success_rate_ci95[1]
    assert scores.efficiency == pytest.approx((50.0 + 150.0) / 2.0)
    assert scores.comfort == pytest.approx(0.5)
    smaller = score_bench2drive(records, routes=4)
    assert (smaller.success_rate, smaller.driving.driving_score) == (0.25, pytest.approx(50.0))
    assert smaller.comfort is None
    assert score_bench2drive(records[2:]).efficiency is None


def test_a_motion_without_a_route_is_refused() -> None:
    with pytest.raises(InputError, match=r"routes without a record: \['9'\]"):
        score_bench2drive([RouteRecord("1", 1.0)], {"9": motion()})


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (motion(lon=2.39), motion(lon=2.41)),
        (motion(lon=-4.04), motion(lon=-4.06)),
        (motion(lat=4.88), motion(lat=4.9)),
        (motion(lat=-4.88), motion(lat=-4.9)),
        (motion(yaw_rate=0.94 * DEGREE), motion(yaw_rate=0.96 * DEGREE)),
        (motion(yaw_rate=-0.94 * DEGREE), motion(yaw_rate=-0.96 * DEGREE)),
        # A constant jerk of 4.12 or 4.14 m/s^3, and of 8.36 or 8.38 across.
        (motion(lon=-4.0 + 0.412 * np.arange(15), count=15), motion(lon=-4.0 + 0.414 * np.arange(15), count=15)),
        (motion(lat=0.836 * np.arange(5), count=5), motion(lat=0.838 * np.arange(5), count=5)),
    ],
)
def test_each_bound_decides_alone(good: Motion, bad: Motion) -> None:
    assert (comfort(good), comfort(bad)) == (1.0, 0.0)


def test_comfort_is_a_share_of_stretches_and_the_tail_does_not_count() -> None:
    lon = np.zeros(79)
    lon[30] = 30.0
    lon[65] = 30.0
    assert comfort(motion(lon=lon, count=79)) == pytest.approx(2.0 / 3.0)
    assert comfort(motion(lon=lon[:59], count=59)) == pytest.approx(1.0 / 2.0)
    assert comfort(motion(lon=np.append(np.zeros(19), 30.0))) == 0.0
    assert comfort(motion(lon=3.0, count=7)) == 0.0


def test_a_jump_of_the_yaw_rate_of_2_pi_degrees_per_second_is_not_seen() -> None:
    rates = np.zeros(20)
    rates[10:] = 2.0 * math.pi * DEGREE
    assert comfort(motion(yaw_rate=rates)) == 1.0
    rates[10:] = math.pi * 0.9 * DEGREE
    assert comfort(motion(yaw_rate=rates)) == 0.0


def test_a_fit_over_seven_samples_hides_a_spike() -> None:
    # In its middle the fit of degree 2 over 7 samples weighs a sample 7/21.
    spike = np.zeros(20)
    spike[10] = 2.3 * 3.0 / 7.0
    assert comfort(motion(lon=spike)) == 1.0
    lat = np.zeros(20)
    lat[10] = 3.0 * 4.95
    assert comfort(motion(lat=lat)) == 0.0


def test_motions_that_cannot_be_smoothed_are_refused() -> None:
    with pytest.raises(InputError, match="2 samples, wanted at least 3"):
        motion(count=2)
    with pytest.raises(InputError, match="acceleration: shape"):
        Motion(np.zeros((4, 2)), np.zeros(5), np.zeros(5))
    with pytest.raises(InputError, match="not all samples are finite"):
        motion(lon=math.nan)
