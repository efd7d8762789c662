"""Comfort of simulated states: C of v1, history comfort (HC) and extended comfort (EC) of v2."""

from __future__ import annotations

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.boxes import BoolArray
from wam_ros.metrics.navsim.layout import (
    AX,
    AY,
    HEADING,
    REAR_AXLE_TO_CENTER,
    STATE_SIZE,
    VX,
    YAW_ACCELERATION,
    YAW_RATE,
    X,
    Y,
)
from wam_ros.metrics.navsim.savitzky_golay import smooth

# Bounds of nuPlan, all exclusive.
_LON_ACCELERATION = (-4.05, 2.40)  # m/s^2
_LAT_ACCELERATION = 4.89  # m/s^2
_JERK = 8.37  # m/s^3, of the magnitude of the acceleration
_LON_JERK = 4.13  # m/s^3
_YAW_ACCELERATION = 1.93  # rad/s^2
_YAW_RATE = 0.95  # rad/s

# Largest root mean square differences to the previous frame, inclusive.
_EC_ACCELERATION = 0.7  # m/s^2
_EC_JERK = 0.5  # m/s^3
_EC_YAW_RATE = 0.1  # rad/s
_EC_YAW_ACCELERATION = 0.1  # rad/s^2

_HISTORY_STEP_US = 100_000
_US_PER_S = 1e6


def comfort(states: Array) -> Array:
    """C (N,) in {0, 1} of states (N, 41, 11): all bounds hold, with one fit over the whole motion."""
    whole = states.shape[1]
    return _comfortable(states, states[..., AX], acceleration_window=whole, jerk_window=whole)


def history_comfort(states: Array, past: Array | None) -> Array:
    """HC (N,) in {0, 1} of states (N, 41, 11) with what was driven before, `past` (H, 11), in front.

    Without a past every motion counts as comfortable, as in NAVSIM. The longitudinal acceleration is that of the
    box's centre with the sign of nuPlan's shift, ax + r (yaw_rate^2 + yaw_acceleration).
    """
    if past is None:
        return np.ones(len(states))
    padded = np.concatenate([np.broadcast_to(past, (len(states), *past.shape)), states], axis=1)
    turning = padded[..., YAW_RATE] ** 2 + padded[..., YAW_ACCELERATION]
    lon_acceleration = padded[..., AX] + REAR_AXLE_TO_CENTER * turning
    return _comfortable(padded, lon_acceleration, acceleration_window=8, jerk_window=15)


def past_states(ego_past: Array) -> Array:
    """States (H, 11) every 0.1 s from ego_past (K, 7): t, x, y, heading, vx, ax, ay.

    The last 0.1 s before the last row are left out and yaw rates are 0, both as in NAVSIM, which then treats the
    series as if it had no gap.
    """
    knot_us = np.round(ego_past[:, 0] * _US_PER_S)
    sample_us = np.arange(knot_us[0], knot_us[-1], _HISTORY_STEP_US)[:-1]
    states = np.zeros((len(sample_us), STATE_SIZE))
    columns = ego_past[:, 1:].copy()
    columns[:, 2] = np.unwrap(columns[:, 2])
    for target, source in zip((X, Y, HEADING, VX, AX, AY), columns.T):
        states[:, target] = np.interp(sample_us, knot_us, source)
    return states


def extended_comfort(states: Array, previous: Array, age_steps: int) -> Array:
    """EC (N,) in {0, 1}: states (N, 41, 11) differ little from those of the frame `age_steps` steps before.

    Compared are the samples that both frames cover.
    """
    now, then = (_features(part) for part in (states[:, :-age_steps], previous[:, age_steps:]))
    limits = (_EC_ACCELERATION, _EC_JERK, _EC_YAW_RATE, _EC_YAW_ACCELERATION)
    differences = np.array([np.sqrt(np.mean((mine - other) ** 2, axis=1)) for mine, other in zip(now, then)])
    return np.where((differences <= np.array(limits)[:, None]).all(axis=0), 1.0, 0.0)


def _features(states: Array) -> tuple[Array, Array, Array, Array]:
    magnitude = smooth(_magnitude(states), 8, 2)
    heading = _unwrapped(states[..., HEADING])
    return magnitude, smooth(magnitude, 15, 2, 1), smooth(heading, 5, 2, 1), smooth(heading, 5, 2, 2)


def _comfortable(states: Array, lon_acceleration: Array, acceleration_window: int, jerk_window: int) -> Array:
    heading = _unwrapped(states[..., HEADING])
    jerk, lon_jerk = (
        smooth(smooth(values, 8, 2), jerk_window, 2, 1) for values in (_magnitude(states), lon_acceleration)
    )
    within = (
        _between(smooth(lon_acceleration, acceleration_window, 2), *_LON_ACCELERATION)
        & _between(smooth(states[..., AY], acceleration_window, 2), -_LAT_ACCELERATION, _LAT_ACCELERATION)
        & _between(jerk, -_JERK, _JERK)
        & _between(lon_jerk, -_LON_JERK, _LON_JERK)
        & _between(smooth(heading, 5, 3, 2), -_YAW_ACCELERATION, _YAW_ACCELERATION)
        & _between(smooth(heading, 5, 2, 1), -_YAW_RATE, _YAW_RATE)
    )
    return np.where(within, 1.0, 0.0)


def _magnitude(states: Array) -> Array:
    magnitude: Array = np.hypot(states[..., AX], states[..., AY])
    return magnitude


def _unwrapped(heading: Array) -> Array:
    """Headings (N, K) without jumps of a whole turn."""
    turns = np.zeros_like(heading)
    turns[:, 1:] = np.cumsum(np.round(np.diff(heading, axis=1) / (2.0 * np.pi)), axis=1)
    unwrapped: Array = heading - 2.0 * np.pi * turns
    return unwrapped


def _between(values: Array, low: float, high: float) -> BoolArray:
    within: BoolArray = np.logical_and.reduce((values > low) & (values < high), axis=1)
    return within
