"""What a planner gives: a trajectory and what is known of its making and its worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array, wrap_angle
from wam_ros.core.timing import NS_PER_S

_SLOW = 0.3  # m/s; below this mean speed a chord says nothing of the heading (facts: KITTI, NAVSIM poses)


class PlanStatus(IntEnum):
    """How a published plan came about; the numbers are those of wam_ros/msg/Trajectory."""

    FULL = 0  # the planner did all its planned steps
    ANYTIME = 1  # complete, but cut by the deadline before the last planned step
    REUSED = 2  # the previous plan moved to now
    STOP = 3  # a comfortable stop


@dataclass(frozen=True, eq=False)
class Trajectory:
    """N waypoints of base_link. Shapes are checked here; whether the values can be driven is the monitor's to say.

    Fields:
        frame_id: Frame of positions and headings: the odometry's.
        stamp_ns: Time t0 from which `times` count [ns]: the input image's stamp.
        times: (N,) [s], waypoint i is at t0 + times[i].
        positions: (N, 2) x, y [m].
        headings: (N,) [rad].
        speeds: (N,) along the heading [m/s].
        accelerations: (N,) along the heading [m/s^2].
        heading_rates: (N,) [rad/s], left positive.

    """

    frame_id: str
    stamp_ns: int
    times: Array
    positions: Array
    headings: Array
    speeds: Array
    accelerations: Array
    heading_rates: Array

    def __post_init__(self) -> None:
        times = frozen_array(self.times, "times", (None,))
        count = len(times)
        if count == 0:
            msg = "trajectory has no waypoints"
            raise InputError(msg)
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "positions", frozen_array(self.positions, "positions", (count, 2)))
        for name in ("headings", "speeds", "accelerations", "heading_rates"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), name, (count,)))

    def __len__(self) -> int:
        return len(self.times)

    @property
    def horizon(self) -> float:
        """Time of the last waypoint after t0 [s]."""
        return float(self.times[-1])

    @classmethod
    def from_waypoints(
        cls, ego: EgoState, times: ArrayLike, positions: ArrayLike, headings: ArrayLike | None = None
    ) -> Trajectory:
        """From waypoints alone; the rest by differences, starting from the ego state.

        Args:
            ego: State at t0; gives frame, stamp and what precedes the first waypoint.
            times: (N,) [s] after t0, increasing.
            positions: (N, 2) [m] in the ego's frame.
            headings: (N,) [rad]; None takes the direction of each chord, held where the vehicle hardly moves.

        Speed at waypoint i is that of the mean over the intervals around it; the last repeats its own interval's.

        """
        at: Array = frozen_array(times, "times", (None,))
        points: Array = frozen_array(positions, "positions", (len(at), 2))
        steps = np.diff(np.concatenate([[0.0], at]))
        chords = np.diff(np.concatenate([[ego.pose.position], points]), axis=0)
        yaws: Array = frozen_array(
            _chord_headings(ego, steps, chords) if headings is None else headings, "headings", (len(at),)
        )
        from_start = np.concatenate([[ego.pose.yaw], yaws])
        turns = np.asarray(wrap_angle(np.diff(from_start)))
        middle = from_start[:-1] + 0.5 * turns
        interval_speeds = (chords[:, 0] * np.cos(middle) + chords[:, 1] * np.sin(middle)) / steps
        speeds = np.append(0.5 * (interval_speeds[:-1] + interval_speeds[1:]), interval_speeds[-1])
        accelerations = np.diff(np.concatenate([[ego.speed], speeds])) / steps
        return cls(ego.frame_id, ego.stamp_ns, at, points, yaws, speeds, accelerations, turns / steps)

    def resampled(self, ego_at_start: EgoState, stamp_ns: int, times: ArrayLike) -> Trajectory:
        """The same motion told from another t0, at other times.

        Args:
            ego_at_start: The state that the trajectory started from, at its own t0.
            stamp_ns: The new t0 [ns], not before the old one.
            times: (M,) wanted waypoint times after the new t0 [s].

        Past its end the motion goes on along the last heading at the last speed.

        """
        new_times: Array = frozen_array(times, "times", (None,))
        shift = (stamp_ns - self.stamp_ns) / NS_PER_S
        if shift < 0.0:
            msg = f"cannot move a trajectory of {self.stamp_ns} ns back to {stamp_ns} ns"
            raise InputError(msg)
        old_times = np.concatenate([[0.0], self.times])
        wanted = new_times + shift

        def at(first: float, values: Array) -> Array:
            return np.asarray(np.interp(wanted, old_times, np.concatenate([[first], values])), dtype=np.float64)

        path = np.concatenate([[ego_at_start.pose.position], self.positions])
        turned = np.unwrap(np.concatenate([[ego_at_start.pose.yaw], self.headings]))
        headings = np.interp(wanted, old_times, turned)
        positions = np.stack([np.interp(wanted, old_times, path[:, axis]) for axis in (0, 1)], axis=1)
        beyond = np.maximum(wanted - old_times[-1], 0.0) * self.speeds[-1]
        positions += beyond[:, None] * np.stack([np.cos(turned[-1:]), np.sin(turned[-1:])], axis=1)
        after_end = wanted > old_times[-1]
        return Trajectory(
            self.frame_id,
            stamp_ns,
            new_times,
            positions,
            np.asarray(wrap_angle(headings)),
            at(ego_at_start.speed, self.speeds),
            np.where(after_end, 0.0, at(ego_at_start.acceleration, self.accelerations)),
            np.where(after_end, 0.0, at(ego_at_start.yaw_rate, self.heading_rates)),
        )


def _chord_headings(ego: EgoState, steps: Array, chords: Array) -> Array:
    headings = np.empty(len(steps))
    held = ego.pose.yaw
    for index, (step, chord) in enumerate(zip(steps, chords)):
        if np.hypot(*chord) >= _SLOW * step:
            held = float(np.arctan2(chord[1], chord[0]))
        headings[index] = held
    return headings


@dataclass(frozen=True, eq=False)
class Candidate:
    """One of several trajectories from one observation; `score` ranks them, higher is better, in [0, 1]."""

    trajectory: Trajectory
    score: float
    confidence: Array | None = None  # (N,) as in Plan


@dataclass(frozen=True, eq=False)
class Plan:
    """A trajectory with its confidence and its history.

    Fields:
        trajectory: The waypoints.
        status: How it came about.
        reason: Why the status is not FULL; empty for FULL.
        planner: Name of the planner that made the waypoints.
        weights_hash: Hash of its weights; empty where it has none.
        waypoint_confidence: (N,) P(|waypoint - true position| <= r) in [0, 1], or None where the planner gives none.
        confidence: P(no infraction within the horizon) in [0, 1], or None.
        calibrated: Whether the confidences went through a map fitted on held-out drives.
        steps_done, steps_planned: Decoding steps; both 1 for planners that do not iterate.
        candidates: Other trajectories of the same observation, best first.

    """

    trajectory: Trajectory
    planner: str
    status: PlanStatus = PlanStatus.FULL
    reason: str = ""
    weights_hash: str = ""
    waypoint_confidence: Array | None = None
    confidence: float | None = None
    calibrated: bool = False
    steps_done: int = 1
    steps_planned: int = 1
    candidates: tuple[Candidate, ...] = ()

    def __post_init__(self) -> None:
        if self.waypoint_confidence is not None:
            values = frozen_array(self.waypoint_confidence, "waypoint confidence", (len(self.trajectory),))
            object.__setattr__(self, "waypoint_confidence", values)
        if not 0 <= self.steps_done <= self.steps_planned:
            msg = f"{self.steps_done} of {self.steps_planned} steps done"
            raise InputError(msg)
        if self.status is not PlanStatus.FULL and not self.reason:
            msg = f"a plan of status {self.status.name} needs a reason"
            raise InputError(msg)

    def with_status(self, status: PlanStatus, reason: str) -> Plan:
        """The same plan under another status."""
        return replace(self, status=status, reason=reason)
