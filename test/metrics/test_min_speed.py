from __future__ import annotations

import math

import numpy as np
import pytest

from wam_ros.core.errors import InputError
from wam_ros.metrics.min_speed import BENCH2DRIVE_CHECKPOINTS, min_speed_events

METRES = np.arange(0.0, 101.0)  # one metre per tick, 100 m of route
TICKS = len(METRES)


def percentages(ego: object, traffic: object, *, every: bool = True, checkpoints: int = 4) -> list[float | None]:
    ego_speed, traffic_speed = np.broadcast_to(ego, TICKS), np.broadcast_to(traffic, TICKS)  # type: ignore[call-overload]
    events = min_speed_events(METRES, ego_speed, traffic_speed, 100.0, checkpoints, all_checkpoints=every)
    return [event.percentage for event in events]


def test_each_checkpoint_tells_the_share_and_the_end_is_one() -> None:
    # A checkpoint lies more than 25 m after the last one: at 26, 52 and 78 m, and the end.
    assert percentages(6.0, 8.0) == [75.0] * 4
    assert len(percentages(6.0, 8.0, checkpoints=BENCH2DRIVE_CHECKPOINTS)) == 17


def test_each_stretch_counts_alone() -> None:
    ego = np.full(TICKS, 4.0)
    ego[26:52] = 12.0
    assert percentages(ego, 8.0) == [50.0, 150.0, 50.0, 50.0]
    assert percentages(ego, 8.0, every=False) == [50.0, 50.0, 50.0]


def test_speeds_are_means_of_both_and_rounded() -> None:
    traffic = np.where(METRES % 2 == 0, 3.0, 6.0)
    assert percentages(1.0, traffic)[:1] == [22.22]


def test_no_traffic_or_traffic_that_stands_is_no_reproach() -> None:
    assert percentages(5.0, math.nan) == percentages(5.0, 0.0) == [100.0] * 4
    traffic = np.full(TICKS, 10.0)
    traffic[:20] = math.nan
    ego = np.full(TICKS, 5.0)
    ego[:20] = 50.0
    assert percentages(ego, traffic) == [50.0] * 4


def test_an_unfinished_route_has_no_end() -> None:
    events = min_speed_events(METRES[:60], np.full(60, 1.0), np.full(60, 2.0), 100.0)
    assert len(events) == 2
    assert min_speed_events([], [], [], 100.0) == ()


def test_progress_that_falls_is_refused() -> None:
    with pytest.raises(InputError, match="progress falls"):
        min_speed_events([0.0, 2.0, 1.0], np.zeros(3), np.zeros(3), 100.0)
    with pytest.raises(InputError, match="ego speed: shape"):
        min_speed_events([0.0, 2.0, 1.0], np.zeros(2), np.zeros(3), 100.0)
