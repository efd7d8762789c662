"""Proposals to the 10 Hz poses that the tracker follows, as NAVSIM interpolates them."""

from __future__ import annotations

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.layout import DT, STATES, STEPS
from wam_ros.metrics.navsim.scenario import StartState


def reference_poses(proposals: Array, proposal_dt: float, start: StartState) -> Array:
    """World poses (N, 41, 3) x, y, heading (unwrapped) at t = 0, 0.1 .. 4 s of proposals (N, T, 3) in the ego frame.

    The start is put in front; x, y and the unwrapped heading are linear in between and stay at the last pose after
    it.
    """
    count, poses = proposals.shape[:2]
    cos, sin = np.cos(start.heading), np.sin(start.heading)
    knots = np.empty((count, poses + 1, 3))
    knots[:, 0] = start.x, start.y, start.heading
    knots[:, 1:, 0] = cos * proposals[..., 0] - sin * proposals[..., 1] + start.x
    knots[:, 1:, 1] = sin * proposals[..., 0] + cos * proposals[..., 1] + start.y
    knots[:, 1:, 2] = start.heading + proposals[..., 2]
    knots[..., 2] = np.unwrap(knots[..., 2], axis=1)

    knot_times = np.arange(poses + 1) * proposal_dt
    times = np.minimum(np.arange(STATES) * DT, knot_times[-1])
    after = np.searchsorted(knot_times, times).clip(1, poses)
    share = (times - knot_times[after - 1]) / proposal_dt
    before = knots[:, after - 1]
    sampled: Array = before + share[:, None] * (knots[:, after] - before)
    return sampled


def displacements(poses: Array) -> tuple[Array, Array]:
    """Of poses (N, 41, 3): metres moved along the heading of the earlier pose (N, 40), and its turn (N, 40) [rad]."""
    moved = np.diff(poses, axis=1)
    headings = poses[:, :STEPS, 2]
    forward = np.cos(headings) * moved[..., 0] + np.sin(headings) * moved[..., 1]
    return forward, np.arctan2(np.sin(moved[..., 2]), np.cos(moved[..., 2]))
