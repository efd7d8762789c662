"""A plan as a motion: where on its path it is at each time, and how fast. It knows no vehicle."""

from __future__ import annotations

import numpy as np

from wam_ros.control.planned_path import PathPoint, PlannedPath
from wam_ros.core.geometry import SE2, Array
from wam_ros.core.plan import Trajectory

_WINDOW = 15.0  # m along the path, around where the vehicle should be


class PlannedMotion:
    """The smooth motion that a plan's waypoints are samples of.

    Along the path it is the cubic Hermite interpolation of the waypoints' arc lengths in time, with the plan's own
    speeds; they are cut to three times the mean speeds around the waypoint, which makes the arc length never fall nor
    overshoot a stop (Fritsch and Carlson, "Monotone piecewise cubic interpolation", 1980). From t0 to the first
    waypoint the speed changes evenly from the vehicle's to the plan's; where the waypoint is further on than that
    leads, the motion begins ahead of the vehicle: a position error to be made up for calmly, not a leap. After the
    last waypoint it goes on at the last speed.

    Args:
        start: Pose at the plan's t0.
        speed: At t0 [m/s].
        trajectory: Finite, with increasing positive times.

    """

    def __init__(self, start: SE2, speed: float, trajectory: Trajectory) -> None:
        self.path = PlannedPath(start, trajectory.positions)
        self._times: Array = np.concatenate([[0.0], trajectory.times])
        self._steps = np.diff(self._times)
        arcs = self.path.waypoints
        means = np.diff(arcs) / self._steps[1:]
        before = self.path.project(start.x, start.y, float(arcs[0]), _WINDOW).arc_length
        means = np.concatenate([[max(float(arcs[0]) - before, 0.0) / self._steps[0]], means])
        bounds = 3.0 * np.minimum(np.append(means[1:], means[-1]), means)
        self._speeds = np.concatenate([[max(speed, 0.0)], np.clip(trajectory.speeds, 0.0, bounds)])
        begin = arcs[0] - 0.5 * self._steps[0] * (self._speeds[0] + self._speeds[1])
        self._arcs = np.concatenate([[begin], arcs])

    @property
    def end(self) -> float:
        """Arc length of the last waypoint [m]."""
        return float(self._arcs[-1])

    @property
    def duration(self) -> float:
        """Time of the last waypoint after t0 [s]."""
        return float(self._times[-1])

    def distance(self, time: float) -> float:
        """Arc length at a time after t0 [m]."""
        if time >= self.duration:
            return self.end + float(self._speeds[-1]) * (time - self.duration)
        i, u, h = self._piece(time)
        arc, rise = float(self._arcs[i]), float(self._arcs[i + 1] - self._arcs[i])
        v0, v1 = float(self._speeds[i]), float(self._speeds[i + 1])
        return arc + rise * u * u * (3.0 - 2.0 * u) + h * u * (1.0 - u) * (v0 * (1.0 - u) - v1 * u)

    def speed(self, time: float) -> float:
        """Along the path at a time after t0 [m/s], never negative."""
        if time >= self.duration:
            return float(self._speeds[-1])
        i, u, h = self._piece(time)
        mean = float(self._arcs[i + 1] - self._arcs[i]) / h
        v0, v1 = float(self._speeds[i]), float(self._speeds[i + 1])
        return max(6.0 * mean * u * (1.0 - u) + v0 * (1.0 - u) * (1.0 - 3.0 * u) + v1 * u * (3.0 * u - 2.0), 0.0)

    def acceleration(self, time: float, span: float) -> float:
        """Mean acceleration along the path over the `span` seconds from `time` on [m/s^2]."""
        return (self.speed(time + span) - self.speed(time)) / span

    def place(self, pose: SE2, time: float) -> PathPoint:
        """Where a pose stands to the path at a time after t0: the nearest place around the one planned for then."""
        return self.path.project(pose.x, pose.y, self.distance(time), _WINDOW)

    def _piece(self, time: float) -> tuple[int, float, float]:
        """Index of the interval, share of it that has passed, its length [s]."""
        i = int(np.clip(np.searchsorted(self._times, time, side="right") - 1, 0, len(self._steps) - 1))
        h = float(self._steps[i])
        return i, max(time - float(self._times[i]), 0.0) / h, h
