"""What is published when there is no fresh plan: the previous one moved to now, else a comfortable stop.

It decides nothing about when: the caller says why the fresh plan is missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from wam_ros.core import (
    SE2,
    ConfigError,
    EgoState,
    InputError,
    Observation,
    Plan,
    PlanStatus,
    Polyline,
    Trajectory,
    VehicleDescription,
)
from wam_ros.core.geometry import Array
from wam_ros.core.timing import NS_PER_MS, NS_PER_S
from wam_ros.planning.horizon import Horizon
from wam_ros.planning.limits import MonitorLimits
from wam_ros.planning.monitor import PlanMonitor
from wam_ros.planning.stop import comfortable_stop, is_near, stop_at_times, stopping_distance

NAME = "fallback"
_EDGE = 1e-6  # s; a waypoint this little past another one's time is at that time


@dataclass(frozen=True, eq=False)
class _Accepted:
    """A plan with the ego state it started from."""

    plan: Plan
    ego: EgoState


class Fallback:
    """Remembers the last accepted plan and makes the plan to publish in place of one that is missing.

    `accept`, `reset` and `replacement` may be called from different threads at once: what is remembered is one
    immutable value, swapped as a whole.
    """

    def __init__(
        self,
        vehicle: VehicleDescription,
        horizon: Horizon | None = None,
        limits: MonitorLimits | None = None,
        max_reuse_age_s: float = 1.0,
    ) -> None:
        """Reuse plans up to `max_reuse_age_s` after their own stamp.

        Raises:
            ConfigError: That age is negative or not finite.

        """
        if not (math.isfinite(max_reuse_age_s) and max_reuse_age_s >= 0.0):
            msg = f"max_reuse_age_s = {max_reuse_age_s}, wanted a number of at least 0"
            raise ConfigError(msg)
        self.vehicle = vehicle
        self.horizon = Horizon() if horizon is None else horizon
        self.max_reuse_age_s = max_reuse_age_s
        self._monitor = PlanMonitor(vehicle, limits, self.horizon)
        self._accepted: _Accepted | None = None

    def accept(self, plan: Plan, ego: EgoState) -> None:
        """Remember a plan that passed the monitor, and the ego state at its t0.

        A plan of status REUSED or STOP is not remembered: reused plans would never grow old.
        """
        if plan.status in {PlanStatus.FULL, PlanStatus.ANYTIME}:
            self._accepted = _Accepted(plan, ego)

    def reset(self) -> None:
        """Forget: a new drive begins, or the odometry jumped."""
        self._accepted = None

    def replacement(self, now: Observation | EgoState, reason: str) -> Plan:
        """A complete, finite plan from the ego state of `now`.

        REUSED: the previous plan moved to now, braking comfortably past its end, if it is young enough, in the same
        frame and passes the monitor from here. Its planner, weights hash, steps and overall confidence stay; each
        waypoint's confidence is the lower one of the old waypoints around its time (0 past the old end, of which
        nothing was said). `calibrated` becomes False: the map was fitted for fresh plans.

        STOP: otherwise, a comfortable stop along the previous path or else the route, whichever the ego is near and
        is long enough, without confidences.

        Args:
            now: Ego state, and the route where there is one.
            reason: Why the fresh plan is missing; the plan's own reason starts with it.

        """
        with np.errstate(all="ignore"):  # an absurd ego state overflows on the way; the answer is checked or bounded
            return self._replacement(now if isinstance(now, Observation) else Observation(now.stamp_ns, now), reason)

    def _replacement(self, observation: Observation, reason: str) -> Plan:
        accepted, ego = self._accepted, observation.ego
        why_not = "there is no previous plan"
        if accepted is not None:
            why_not = self._unusable(accepted, ego)
            if not why_not:
                plan = self._moved(accepted, ego, reason)
                violations = self._monitor.check(plan, observation)
                if not violations:
                    return plan
                why_not = "; ".join(violation.text for violation in violations)
        text = f"{reason}; comfortable stop, previous plan not used: {why_not}"
        return self._stop(ego, self._path(accepted, observation), text)

    def standstill(self, frame_id: str, stamp_ns: int, reason: str) -> Plan:
        """A plan to stand at the origin of `frame_id` (base_link), for when no ego state was ever known."""
        ego = EgoState(stamp_ns, frame_id, SE2(0.0, 0.0, 0.0), 0.0)
        return self._stop(ego, None, f"{reason}; standstill, no ego state was ever known")

    def _unusable(self, accepted: _Accepted, ego: EgoState) -> str:
        """Why the accepted plan cannot be moved to the ego's time; empty if it can."""
        path = accepted.plan.trajectory
        if path.frame_id != ego.frame_id:
            return f"it is in frame {path.frame_id!r}, the ego state in {ego.frame_id!r}"
        age_ns = ego.stamp_ns - path.stamp_ns
        if age_ns < 0:
            return f"it is {-age_ns / NS_PER_MS:.0f} ms newer than the ego state"
        if age_ns > self.max_reuse_age_s * NS_PER_S:
            return f"it is {age_ns / NS_PER_MS:.0f} ms old, limit {self.max_reuse_age_s * 1e3:.0f} ms"
        if not all(np.isfinite(values).all() for values in _motion(path)):
            return "it holds values that are not finite"
        return ""

    def _moved(self, accepted: _Accepted, ego: EgoState, reason: str) -> Plan:
        old, stamp_ns = accepted.plan, ego.stamp_ns
        age = (stamp_ns - old.trajectory.stamp_ns) / NS_PER_S
        trajectory = _shifted(old.trajectory, accepted.ego, self.vehicle, stamp_ns, self.horizon.times)
        confidence = old.waypoint_confidence
        if confidence is not None:
            confidence = _shifted_confidence(confidence, old.trajectory.times, self.horizon.times + age)
        return replace(
            old,
            trajectory=trajectory,
            status=PlanStatus.REUSED,
            reason=f"{reason}; previous plan, {age * 1e3:.0f} ms old, moved to now",
            waypoint_confidence=confidence,
            calibrated=False,
            candidates=(),
        )

    def _path(self, accepted: _Accepted | None, observation: Observation) -> Polyline | None:
        """The line to stop along: near the ego and long enough; or None."""
        ego = observation.ego
        lines = []
        if accepted is not None and accepted.plan.trajectory.frame_id == ego.frame_id:
            lines.append(_line(accepted))
        if observation.route is not None:
            lines.append(observation.route.line)
        needed = stopping_distance(ego, self.vehicle)
        for line in lines:
            if line is not None and is_near(line, ego):
                left = line.length - line.project(ego.pose.position).arc_length
                if left >= needed:
                    return line
        return None

    def _stop(self, ego: EgoState, path: Polyline | None, reason: str) -> Plan:
        trajectory = comfortable_stop(ego, self.vehicle, self.horizon, path)
        return Plan(trajectory, NAME, PlanStatus.STOP, reason)


def _motion(path: Trajectory) -> tuple[Array, ...]:
    return (path.times, path.positions, path.headings, path.speeds, path.accelerations, path.heading_rates)


def _line(accepted: _Accepted) -> Polyline | None:
    try:
        points = np.concatenate([[accepted.ego.pose.position], accepted.plan.trajectory.positions])
        return Polyline(points)
    except InputError:  # it stands or is not finite: no line to follow
        return None


def _shifted(old: Trajectory, start: EgoState, vehicle: VehicleDescription, stamp_ns: int, times: Array) -> Trajectory:
    """`old` from another t0; past its end it brakes comfortably from its last waypoint."""
    moved = old.resampled(start, stamp_ns, times)
    past = times + (stamp_ns - old.stamp_ns) / NS_PER_S - old.horizon
    beyond = past > _EDGE
    if not beyond.any():
        return moved
    end = EgoState(
        stamp_ns,
        old.frame_id,
        SE2(float(old.positions[-1, 0]), float(old.positions[-1, 1]), float(old.headings[-1])),
        speed=float(old.speeds[-1]),
        acceleration=float(old.accelerations[-1]),
        yaw_rate=float(old.heading_rates[-1]),
    )
    tail = stop_at_times(end, vehicle, past[beyond])

    def joined(name: str) -> Array:
        return np.concatenate([getattr(moved, name)[~beyond], getattr(tail, name)])

    return Trajectory(
        frame_id=old.frame_id,
        stamp_ns=stamp_ns,
        times=times,
        positions=joined("positions"),
        headings=joined("headings"),
        speeds=joined("speeds"),
        accelerations=joined("accelerations"),
        heading_rates=joined("heading_rates"),
    )


def _shifted_confidence(confidence: Array, times: Array, wanted: Array) -> Array:
    """The lower confidence of the waypoints around each wanted time; 0 past the last one."""
    after = np.searchsorted(times, wanted - _EDGE)
    before = np.searchsorted(times, wanted + _EDGE, side="right") - 1
    last = len(times) - 1
    lower = np.minimum(confidence[np.clip(after, 0, last)], confidence[np.clip(before, 0, last)])
    return np.where(after > last, 0.0, lower)
