"""A path that the bicycle can drive: arcs of equal length from a pose. A motion along it makes a trajectory."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.plan import Trajectory
from wam_ros.planning.speed_profile import Motion


@dataclass(frozen=True, eq=False)
class BicyclePath:
    """Arcs of the rear axle, one after the other.

    Fields:
        start: Pose at arc length 0.
        step: Length of each arc [m], negative for a path driven in reverse.
        curvatures: (K,) of each arc [1/m], left positive.

    """

    start: SE2
    step: float
    curvatures: Array
    _nodes: Array = field(init=False)  # (K + 1, 3) x, y, heading at the start of each arc, not wrapped

    def __post_init__(self) -> None:
        headings = self.start.yaw + np.concatenate([[0.0], np.cumsum(self.curvatures * self.step)])
        steps = _chords(headings[:-1], self.curvatures, self.step)
        positions = self.start.position + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        object.__setattr__(self, "_nodes", np.column_stack([positions, headings]))

    def poses(self, arc_lengths: ArrayLike) -> Array:
        """(M, 3) x, y [m] and heading [rad] at signed arc lengths [m]; the last arc has no end."""
        s = np.asarray(arc_lengths, dtype=np.float64)
        index = self._index(s)
        rest, curvatures, nodes = s - index * self.step, self.curvatures[index], self._nodes[index]
        positions = nodes[:, :2] + _chords(nodes[:, 2], curvatures, rest)
        return np.column_stack([positions, nodes[:, 2] + curvatures * rest])

    def curvature(self, arc_lengths: ArrayLike) -> Array:
        """(M,) at signed arc lengths [1/m]."""
        bent: Array = self.curvatures[self._index(np.asarray(arc_lengths, dtype=np.float64))]
        return bent

    def trajectory(self, ego: EgoState, times: Array, motion: Motion) -> Trajectory:
        """Waypoints at `times` (N,) after the ego's stamp [s], for a motion (N,) along the path."""
        poses = self.poses(motion.distances)
        return Trajectory(
            frame_id=ego.frame_id,
            stamp_ns=ego.stamp_ns,
            times=times,
            positions=poses[:, :2],
            headings=wrap_angle(poses[:, 2]),
            speeds=motion.speeds,
            accelerations=motion.accelerations,
            heading_rates=self.curvature(motion.distances) * motion.speeds,
        )

    def _index(self, s: Array) -> Array:
        index: Array = np.clip(np.floor(s / self.step), 0, len(self.curvatures) - 1).astype(np.intp)
        return index


def _chords(headings: Array, curvatures: Array, lengths: Array | float) -> Array:
    """(K, 2) from the start to the end of each arc [m]."""
    half = 0.5 * curvatures * lengths
    chord = lengths * np.sinc(half / np.pi)
    return np.column_stack([chord * np.cos(headings + half), chord * np.sin(headings + half)])
