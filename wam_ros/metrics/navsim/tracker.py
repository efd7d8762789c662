"""The LQR tracker that follows the reference poses: acceleration and steering rate for a batch of vehicles.

Formulae of nuPlan's tracker as NAVSIM batches it: look ahead 1 s, hold both inputs, weigh the errors at its end.
"""

from __future__ import annotations

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.layout import DT, HEADING, STEERING, STEPS, VX, WHEELBASE, X, Y
from wam_ros.metrics.navsim.profiles import curvature_profile, speed_profile
from wam_ros.metrics.navsim.reference_poses import displacements

_HORIZON = 10  # steps
_SPEED_WEIGHT = 10.0
_LATERAL_WEIGHT = 1.0
_HEADING_WEIGHT = 10.0
_INPUT_WEIGHT = 1.0
_STOPPING_SPEED = 0.2  # m/s
_STOPPING_GAIN = 0.5  # 1/s

_TIMES = np.arange(_HORIZON) * DT  # (10,) s


class Tracker:
    """Follows reference poses (N, 41, 3); `command` is a pure function of the step and the states."""

    def __init__(self, poses: Array) -> None:
        forward, turns = displacements(poses)
        self._x, self._y, self._heading = (np.ascontiguousarray(column) for column in np.moveaxis(poses, 2, 0))
        self._cos, self._sin = np.cos(self._heading), np.sin(self._heading)
        self._speeds = speed_profile(forward)
        curvatures = curvature_profile(turns, self._speeds)
        # The last curvature is held, so that every look-ahead is a plain slice.
        self._curvatures = np.concatenate([curvatures, np.repeat(curvatures[:, -1:], _HORIZON, axis=1)], axis=1)

    def command(self, step: int, states: Array) -> tuple[Array, Array]:
        """Acceleration (N,) [m/s^2] and steering rate (N,) [rad/s] wanted at a step 0 .. 39 in states (N, 11)."""
        speed = states[:, VX]
        wanted = self._speeds[:, min(step + _HORIZON, STEPS - 1)]
        lookahead = _HORIZON * DT
        gain = lookahead * _SPEED_WEIGHT / (lookahead * _SPEED_WEIGHT * lookahead + _INPUT_WEIGHT)
        stopping = (wanted <= _STOPPING_SPEED) & (speed <= _STOPPING_SPEED)
        acceleration = np.where(stopping, _STOPPING_GAIN, gain) * (wanted - speed)
        rate = self._steering_rate(step, states, acceleration)
        return acceleration, np.where(stopping, 0.0, rate)

    def _steering_rate(self, step: int, states: Array, acceleration: Array) -> Array:
        """Rate u = -(B'Q e) / (B'Q B + 1), with e the errors after 1 s of no input, B the effect of a unit input.

        lateral' = v heading_error, heading_error' = v (steering / wheelbase - kappa), steering' = u; 10 Euler steps.
        """
        dx, dy = states[:, X] - self._x[:, step], states[:, Y] - self._y[:, step]
        lateral = dy * self._cos[:, step] - dx * self._sin[:, step]
        turned = states[:, HEADING] - self._heading[:, step]
        heading = np.arctan2(np.sin(turned), np.cos(turned))

        moved = (states[:, VX, None] + acceleration[:, None] * _TIMES) * DT  # (N, 10) m per step
        bend = states[:, STEERING, None] / WHEELBASE - self._curvatures[:, step : step + _HORIZON]
        turns = np.cumsum(moved * bend, axis=1)
        unit_turns = np.cumsum(moved * (_TIMES / WHEELBASE), axis=1)
        # A step moves sideways by the heading error before it, hence the shift by one.
        lateral = lateral + moved.sum(axis=1) * heading + (moved[:, 1:] * turns[:, :-1]).sum(axis=1)
        unit_lateral = (moved[:, 1:] * unit_turns[:, :-1]).sum(axis=1)
        heading_end = heading + turns[:, -1]
        heading_end = np.arctan2(np.sin(heading_end), np.cos(heading_end))
        unit_heading = unit_turns[:, -1]
        pull = _LATERAL_WEIGHT * unit_lateral * lateral + _HEADING_WEIGHT * unit_heading * heading_end
        effect = _LATERAL_WEIGHT * unit_lateral**2 + _HEADING_WEIGHT * unit_heading**2
        rate: Array = -pull / (effect + _INPUT_WEIGHT)
        return rate
