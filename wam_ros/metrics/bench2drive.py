"""Bench2Drive 0.0.4: driving score, success rate, efficiency and comfort of a set of routes.

Its "multi-ability" table is left out: it needs the scenario type of each route and, for failed routes with traffic
signs, the junctions of CARLA's town maps, neither of which is part of a route's record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array
from wam_ros.metrics.bootstrap import mean_interval
from wam_ros.metrics.driving_events import EventKind, RouteRecord
from wam_ros.metrics.driving_score import Rules, SetScore, score_set
from wam_ros.metrics.savitzky_golay import savitzky_golay

ROUTES = 220
"""Routes of the benchmark."""

_MAX_EFFICIENCY = 1000.0  # percent; checkpoints above it are left out
_CHUNK = 20  # samples
_STEP = 0.1  # s
_WINDOW = 7
_DEGREE = 2

# Bounds of comfort, all exclusive.
_LON_ACCELERATION = (-4.05, 2.40)  # m/s^2
_LAT_ACCELERATION = 4.89  # m/s^2
_JERK = 8.37  # m/s^3, of the magnitude of the acceleration
_LON_JERK = 4.13  # m/s^3
_YAW_RATE = 0.95  # meant as rad/s; the bound of 1.93 on what is called yaw acceleration is above and never binds


@dataclass(frozen=True, eq=False)
class Motion:
    """How the vehicle moved on one route, one sample per tick of the benchmark's agents.

    The benchmark takes samples as 0.1 s apart whatever the tick is; sample at 10 Hz for physical jerks.

    Fields:
        acceleration: (T, 2) [m/s^2], map axes.
        heading: (T,) [rad].
        yaw_rate: (T,) [rad/s].

    """

    acceleration: Array
    heading: Array
    yaw_rate: Array

    def __post_init__(self) -> None:
        count = len(self.heading)
        object.__setattr__(self, "acceleration", frozen_array(self.acceleration, "acceleration", (count, 2)))
        object.__setattr__(self, "heading", frozen_array(self.heading, "heading", (count,)))
        object.__setattr__(self, "yaw_rate", frozen_array(self.yaw_rate, "yaw rate", (count,)))
        if count <= _DEGREE:
            msg = f"motion: {count} samples, wanted at least {_DEGREE + 1}"
            raise InputError(msg)
        if not all(np.isfinite(values).all() for values in (self.acceleration, self.heading, self.yaw_rate)):
            msg = "motion: not all samples are finite numbers"
            raise InputError(msg)


@dataclass(frozen=True)
class Bench2DriveScores:
    """The benchmark's table.

    Fields:
        driving: Driving score (0 to 100) and its parts, as leaderboard 2.0 without the minimum speed.
        success_rate: Share of the routes that reached the goal with no event but minimum speed.
        success_rate_ci95: Bootstrap interval over routes; None where the set has one route.
        efficiency: Mean speed in percent of the traffic's; None where no route passed a checkpoint.
        comfort: Share of comfortable stretches; None where no motion is known.

    """

    driving: SetScore
    success_rate: float
    success_rate_ci95: tuple[float, float] | None
    efficiency: float | None
    comfort: float | None


def score_bench2drive(
    records: Sequence[RouteRecord],
    motions: Mapping[str, Motion] | None = None,
    routes: int = ROUTES,
    seed: int = 0,
) -> Bench2DriveScores:
    """The table of a set of routes.

    Args:
        records: Of the routes that were driven. Driving score and success rate are divided by `routes`, whatever
            their number; efficiency and comfort are means over the routes that have them.
        motions: By route id.
        routes: Of the set; 220 unless it is another set than the benchmark's.
        seed: Of the bootstrap.

    Raises:
        InputError: More records than routes, two of one route, or a motion of a route without a record.

    """
    driving = score_set(records, Rules.BENCH2DRIVE, routes, seed)
    motions = {} if motions is None else motions
    strangers = sorted(set(motions) - {record.route_id for record in records})
    if strangers:
        msg = f"motions of routes without a record: {strangers}"
        raise InputError(msg)
    successes = [float(is_success(record)) for record in records] + [0.0] * driving.missing
    efficiencies = [value for value in map(efficiency, records) if value is not None]
    return Bench2DriveScores(
        driving=driving,
        success_rate=math.fsum(successes) / routes,
        success_rate_ci95=mean_interval(successes, seed),
        efficiency=_mean(efficiencies),
        comfort=_mean([comfort(motion) for motion in motions.values()]),
    )


def is_success(record: RouteRecord) -> bool:
    """Whether the goal was reached and nothing happened on the way; the minimum speed does not matter."""
    return record.completion >= 100.0 and all(event.kind is EventKind.MIN_SPEED for event in record.events)


def efficiency(record: RouteRecord) -> float | None:
    """Mean of the speeds at the route's checkpoints, in percent of the traffic's; can exceed 100.

    Checkpoints above 1000 % (the traffic stood) are left out; None where none is left.
    """
    speeds = [
        event.percentage
        for event in record.events
        if event.kind is EventKind.MIN_SPEED and event.percentage is not None
    ]
    return _mean([speed for speed in speeds if speed <= _MAX_EFFICIENCY])


def comfort(motion: Motion) -> float:
    """Share of the stretches of 20 samples on which all bounds of comfort hold.

    An incomplete stretch at the end is dropped; a route of at most 20 samples is one stretch.
    """
    count = len(motion.heading)
    if count <= _CHUNK:
        return float(_is_comfortable(motion, slice(0, count)))
    firsts = range(0, count - _CHUNK + 1, _CHUNK)
    return sum(_is_comfortable(motion, slice(first, first + _CHUNK)) for first in firsts) / len(firsts)


def _is_comfortable(motion: Motion, stretch: slice) -> bool:
    acceleration, heading = motion.acceleration[stretch], motion.heading[stretch]
    cos, sin = np.cos(heading), np.sin(heading)
    lon = _smooth(acceleration[:, 0] * cos + acceleration[:, 1] * sin)
    lat = _smooth(acceleration[:, 1] * cos - acceleration[:, 0] * sin)
    magnitude = _smooth(np.hypot(acceleration[:, 0], acceleration[:, 1]))
    # CARLA tells degrees per second and the benchmark compares them with its bound unconverted.
    yaw_rate = _smooth(_unwrapped(np.degrees(motion.yaw_rate[stretch])))
    return (
        _between(lon, *_LON_ACCELERATION)
        and _between(lat, -_LAT_ACCELERATION, _LAT_ACCELERATION)
        and _between(_smooth(magnitude, 1), -_JERK, _JERK)
        and _between(_smooth(lon, 1), -_LON_JERK, _LON_JERK)
        and _between(yaw_rate, -_YAW_RATE, _YAW_RATE)
    )


def _smooth(values: Array, derivative: int = 0) -> Array:
    return savitzky_golay(values, _WINDOW, _DEGREE, derivative, step=_STEP)


def _unwrapped(rates: Array) -> Array:
    """Rates (T,) treated as if they were angles [rad]: jumps of about 2 pi are taken out, as in the benchmark."""
    turns = np.concatenate([[0.0], np.cumsum(np.round(np.diff(rates) / (2.0 * np.pi)))])
    unwrapped: Array = rates - 2.0 * np.pi * turns
    return unwrapped


def _between(values: Array, low: float, high: float) -> bool:
    return bool(((values > low) & (values < high)).all())


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
