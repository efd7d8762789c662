"""What the vehicle drives when it tracks the proposals: a kinematic bicycle in Euler steps with lagging actuators.

NAVSIM scores this motion, never the proposals themselves. The lags, the order of the updates and the missing limits
on speed and acceleration are the benchmark's.
"""

from __future__ import annotations

import math

import numpy as np

from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.metrics.navsim.layout import (
    AX,
    AY,
    DT,
    HEADING,
    STATE_SIZE,
    STATES,
    STEERING,
    STEERING_RATE,
    STEPS,
    VX,
    WHEELBASE,
    YAW_ACCELERATION,
    YAW_RATE,
    X,
    Y,
)
from wam_ros.metrics.navsim.reference_poses import reference_poses
from wam_ros.metrics.navsim.scenario import StartState
from wam_ros.metrics.navsim.tracker import Tracker

_ACCELERATION_SHARE = DT / (DT + 0.2)
_STEERING_SHARE = DT / (DT + 0.05)
_MAX_STEERING = math.pi / 3.0


def simulate(proposals: Array, proposal_dt: float, start: StartState) -> Array:
    """States (N, 41, 11), columns of `layout`, that follow proposals (N, T, 3) in the ego frame from the start."""
    tracker = Tracker(reference_poses(proposals, proposal_dt, start))
    states = np.empty((STATES, len(proposals), STATE_SIZE))
    states[0] = start_states(start, len(proposals))
    states[1:] = 0.0
    for step in range(STEPS):
        acceleration, steering_rate = tracker.command(step, states[step])
        _advance(states[step], acceleration, steering_rate, states[step + 1])
    return np.ascontiguousarray(states.transpose(1, 0, 2))


def start_states(start: StartState, count: int) -> Array:
    """The start as states (count, 11), all alike; rates are 0 as in NAVSIM."""
    states = np.zeros((count, STATE_SIZE))
    states[:, [X, Y, HEADING, VX, AX, AY, STEERING]] = (
        start.x,
        start.y,
        start.heading,
        start.vx,
        start.ax,
        start.ay,
        start.steering,
    )
    return states


def _advance(now: Array, acceleration: Array, steering_rate: Array, after: Array) -> None:
    """Fill the states (N, 11) one step later; position and heading move with the old speed and steering."""
    speed, heading, steering = now[:, VX], now[:, HEADING], now[:, STEERING]
    real = now[:, AX] + _ACCELERATION_SHARE * (acceleration - now[:, AX])
    turned = _STEERING_SHARE * (DT * steering_rate)
    after[:, X] = now[:, X] + speed * np.cos(heading) * DT
    after[:, Y] = now[:, Y] + speed * np.sin(heading) * DT
    after[:, HEADING] = wrap_angle(heading + speed * np.tan(steering) / WHEELBASE * DT)
    after[:, VX] = speed + real * DT
    after[:, AX] = real
    after[:, STEERING] = (steering + turned).clip(-_MAX_STEERING, _MAX_STEERING)
    after[:, STEERING_RATE] = turned / DT  # before the limit, as NAVSIM reports it
    after[:, YAW_RATE] = after[:, VX] * np.tan(after[:, STEERING]) / WHEELBASE
    after[:, YAW_ACCELERATION] = (after[:, YAW_RATE] - now[:, YAW_RATE]) / DT
