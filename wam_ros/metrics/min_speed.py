"""The ego's speed against the traffic's at checkpoints of a route, as CARLA's leaderboards measure it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array
from wam_ros.metrics.driving_events import DrivingEvent, EventKind

LEADERBOARD_CHECKPOINTS = 4
BENCH2DRIVE_CHECKPOINTS = 20

_DECIMALS = 2
_NEARLY_DONE = 0.95  # of the route; from there its end is a checkpoint


def min_speed_events(
    progress: ArrayLike,
    ego_speed: ArrayLike,
    traffic_speed: ArrayLike,
    route_length: float,
    checkpoints: int = LEADERBOARD_CHECKPOINTS,
    *,
    all_checkpoints: bool = False,
) -> tuple[DrivingEvent, ...]:
    """The events of a drive.

    Each time the progress since the last checkpoint exceeds its share of the route, the mean speed of the ego since
    then is told in percent of the traffic's (100 where there was none, or it stood), and once more at the end if the
    drive came beyond 95 % of the route.

    Args:
        progress: (T,) along the route at each tick [m], never falling.
        ego_speed: (T,) [m/s].
        traffic_speed: (T,) mean over the other vehicles [m/s]; NaN where there are none, such ticks do not count.
        route_length: [m].
        checkpoints: How many shares the route has: 4 in leaderboards, 20 in Bench2Drive.
        all_checkpoints: Whether values of 100 % and above are events too, as in Bench2Drive.

    Raises:
        InputError: The series differ in length, or the progress falls.

    """
    along: Array = frozen_array(progress, "progress", (None,))
    own: Array = frozen_array(ego_speed, "ego speed", (len(along),))
    others: Array = frozen_array(traffic_speed, "traffic speed", (len(along),))
    if not (np.diff(along) >= 0.0).all():
        msg = "progress falls or is not a number, wanted the farthest point reached so far"
        raise InputError(msg)
    values = []
    first, passed = 0, 0.0
    for tick, reached in enumerate(along):
        if reached - passed > route_length / checkpoints:
            values.append(_percentage(own[first:tick], others[first:tick]))
            first, passed = tick, float(reached)
    if len(along) and along[-1] / route_length > _NEARLY_DONE:
        values.append(_percentage(own[first:], others[first:]))
    return _events(values, all_checkpoints=all_checkpoints)


def _percentage(own: Array, others: Array) -> float:
    counted = ~np.isnan(others)
    traffic = float(others[counted].sum())
    return round(float(own[counted].sum()) / traffic * 100.0, _DECIMALS) if traffic else 100.0


def _events(values: Sequence[float], *, all_checkpoints: bool) -> tuple[DrivingEvent, ...]:
    return tuple(DrivingEvent(EventKind.MIN_SPEED, value) for value in values if all_checkpoints or value < 100.0)
