"""The monitor: may this plan be driven from here? It looks at the plan, the ego and the route; it sees no obstacles.

How the motion is derived. The waypoints are taken as a tracker takes them: as positions at times, joined to the
ego's position, heading and speed at t0. With the signed arc length f(t) along the chords, and t0 as a double knot
(position and speed are known there), divided differences give

    speed         f[t_k, t_k+1]
    acceleration  2 f[t_k-1, t_k, t_k+1],           at the start 2 f[t0, t0, t_1] = 2 (u_1 - v0) / t_1
    jerk          6 f[t_k-1, .., t_k+2],            at the start 6 f[t0, t0, t_1, t_2].

By Peano's theorem each is a weighted mean (B-spline kernel, de Boor, "A Practical Guide to Splines", ch. IX) of the
true derivative over its span, so a motion within the limits never exceeds them however coarse the sampling; a short
peak between waypoints may stay unseen. The ego's acceleration is left out: it is filtered from odometry and too noisy
to refuse a plan on. Across the path the same holds for

    turn of the chords at waypoint k                theta_k,  at the start twice the angle from the ego's heading
    curvature                                       theta_k / mean chord length
    lateral acceleration                            curvature u_k u_k+1.

An error e of a position changes the turn by e / chord, so the curvature's tolerance grows with e / chord^2: near
standstill, where positions say nothing of the curvature, there is no false alarm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from wam_ros.core import EgoState, Observation, Plan, Trajectory, VehicleDescription, wrap_angle
from wam_ros.core.geometry import Array
from wam_ros.planning.horizon import Horizon
from wam_ros.planning.limits import MonitorLimits


class Violation(NamedTuple):
    """One reason to refuse a plan: the check's name, and the value, the limit and the waypoint in words."""

    check: str
    text: str


class PlanMonitor:
    """Checks plans against one vehicle's limits.

    The checks, by name, in their order: frame, stamp, horizon, finite, confidence, time, start, speed, reverse,
    acceleration, jerk, curvature, lateral_acceleration, declared_speed, declared_heading, route.
    What follows frame, stamp, horizon, finite or time is only looked at when these hold. When `start` fails, the rest
    is derived from the waypoints alone.
    """

    def __init__(
        self, vehicle: VehicleDescription, limits: MonitorLimits | None = None, horizon: Horizon | None = None
    ) -> None:
        """With tolerances `limits` and wanted waypoints `horizon`; None takes the defaults."""
        self.vehicle = vehicle
        self.limits = MonitorLimits() if limits is None else limits
        self.horizon = Horizon() if horizon is None else horizon

    def check(self, plan: Plan, observation: Observation) -> tuple[Violation, ...]:
        """Everything that is wrong with `plan` for the ego and route of `observation`; empty = accepted.

        No value in the plan's arrays makes it raise. The plan's candidates are not looked at.
        """
        with np.errstate(all="ignore"):  # absurd numbers overflow on the way to being refused
            return (
                self._form(plan, observation)
                or self._numbers(plan)
                or self._times(plan.trajectory)
                or self._motion(plan.trajectory, observation)
            )

    def _form(self, plan: Plan, observation: Observation) -> tuple[Violation, ...]:
        path, ego, wanted = plan.trajectory, observation.ego, self.horizon
        found = []
        if path.frame_id != ego.frame_id:
            found.append(Violation("frame", f"plan in frame {path.frame_id!r}, ego state in {ego.frame_id!r}"))
        if path.stamp_ns != observation.stamp_ns:
            found.append(Violation("stamp", f"plan of {path.stamp_ns} ns, observation of {observation.stamp_ns} ns"))
        if len(path) != wanted.steps:
            found.append(Violation("horizon", f"{len(path)} waypoints, wanted {wanted.steps}"))
        return tuple(found)

    def _numbers(self, plan: Plan) -> tuple[Violation, ...]:
        path = plan.trajectory
        found = []
        for name in ("times", "positions", "headings", "speeds", "accelerations", "heading_rates"):
            bad = np.flatnonzero(~np.isfinite(getattr(path, name).reshape(len(path), -1)).all(axis=1))
            if len(bad):
                value = getattr(path, name)[bad[0]].tolist()
                found.append(Violation("finite", f"{name} of waypoint {bad[0] + 1} is {value}"))
        values = [] if plan.waypoint_confidence is None else list(enumerate(plan.waypoint_confidence.tolist(), 1))
        overall = [] if plan.confidence is None else [(0, plan.confidence)]
        for index, value in overall + values:
            if not 0.0 <= value <= 1.0:
                whose = f"of waypoint {index}" if index else "of the plan"
                found.append(Violation("confidence", f"confidence {whose} is {value}, wanted in [0, 1]"))
                break
        return tuple(found)

    def _times(self, path: Trajectory) -> tuple[Violation, ...]:
        steps = np.diff(path.times, prepend=0.0)
        if not (steps > 0.0).all():
            index = int(np.argmin(steps > 0.0))
            text = f"time of waypoint {index + 1} is {path.times[index]:g} s, not after the one before"
            return (Violation("time", text),)
        off = np.abs(path.times - self.horizon.times)
        worst = int(np.argmax(off))
        if not off[worst] <= self.limits.time_tolerance:
            text = f"time of waypoint {worst + 1} is {path.times[worst]:g} s, wanted {self.horizon.times[worst]:g} s"
            return (Violation("horizon", text),)
        return ()

    def _motion(self, path: Trajectory, observation: Observation) -> tuple[Violation, ...]:
        car, tolerance, ego = self.vehicle, self.limits, observation.ego
        start = _start(path, ego, car, tolerance)
        motion = _derive(path, None if start else ego, tolerance.position_noise)
        found = [
            *start,
            *_above("speed", "m/s", np.abs(motion.speeds), car.max_speed + tolerance.speed, motion.first),
            *_above("speed", "m/s declared", np.abs(path.speeds), car.max_speed + tolerance.speed, 1),
            *_reverse(motion, ego, tolerance),
            *self._acceleration(motion),
            *_above("jerk", "m/s^3", np.abs(motion.jerks), car.max_jerk + tolerance.jerk, motion.first),
            *_above(
                "curvature",
                "1/m",
                np.abs(motion.curvatures),
                car.max_curvature * (1.0 + tolerance.curvature_share) + motion.curvature_noise,
                motion.first - 1,
            ),
            *_above(
                "lateral_acceleration",
                "m/s^2",
                np.abs(motion.lateral_accelerations),
                car.max_lateral_acceleration + tolerance.lateral_acceleration,
                motion.first - 1,
            ),
            *_declared(path, motion, car, tolerance),
        ]
        if observation.route is not None:
            line = observation.route.line
            off = line.distances(np.concatenate([path.positions, [ego.pose.position]]))
            found += _above("route", "m off the route", off[:-1], tolerance.route_distance + off[-1], 1)
        return tuple(_first_of_each(found))

    def _acceleration(self, motion: _Motion) -> list[Violation]:
        # Along the direction of motion: whoever drives in reverse brakes with a positive acceleration.
        along, slack = motion.accelerations * motion.direction, self.limits.acceleration
        return [
            *_above("acceleration", "m/s^2", along, self.vehicle.max_acceleration + slack, motion.first),
            *_above("acceleration", "m/s^2 braking", -along, self.vehicle.max_deceleration + slack, motion.first),
        ]


class _Motion(NamedTuple):
    """What N waypoints say of the motion. With the ego all arrays are (N,) but jerks (N-1,)."""

    first: int  # number of the waypoint that the first speed leads to: 1 with the ego's state, 2 without
    direction: int  # 1 forward, -1 in reverse
    lengths: Array  # of the chords [m]
    bearings: Array  # of the chords in the direction of the vehicle's front [rad]
    turns: Array  # at the start of each chord [rad]; without the ego, from the second chord on
    speeds: Array
    accelerations: Array
    jerks: Array
    curvatures: Array
    curvature_noise: Array
    lateral_accelerations: Array


def _derive(path: Trajectory, ego: EgoState | None, noise: float) -> _Motion:
    """The motion by the formulas of the module's text; without the ego from the first waypoint on."""
    times, positions, headings = path.times, path.positions, path.headings
    if ego is not None:
        times = np.concatenate([[0.0], times])
        positions = np.concatenate([[ego.pose.position], positions])
        headings = np.concatenate([[ego.pose.yaw], headings])
    steps, chords = np.diff(times), np.diff(positions, axis=0)
    lengths = np.hypot(chords[:, 0], chords[:, 1])
    middle = headings[:-1] + 0.5 * wrap_angle(np.diff(headings))
    forward = chords[:, 0] * np.cos(middle) + chords[:, 1] * np.sin(middle) >= 0.0
    signed = np.where(forward, lengths, -lengths)
    bearings = np.arctan2(chords[:, 1], chords[:, 0]) + np.where(forward, 0.0, np.pi)
    speeds = signed / steps
    bends = wrap_angle(np.diff(bearings))
    before, after = lengths[:-1], lengths[1:]
    flows = speeds[:-1] * speeds[1:]
    accelerations = 2.0 * np.diff(speeds) / (times[2:] - times[:-2])
    spans = times[3:] - times[:-3]
    if ego is not None:
        bends = np.concatenate([wrap_angle(2.0 * (bearings[:1] - ego.pose.yaw)), bends])
        before, after = np.concatenate([lengths[:1], before]), np.concatenate([lengths[:1], after])
        flows = np.concatenate([speeds[:1] ** 2, flows])
        accelerations = np.concatenate([2.0 * (speeds[:1] - ego.speed) / steps[:1], accelerations])
        spans = np.concatenate([times[2:3] - times[:1], spans])
    mean, shorter = 0.5 * (before + after), np.minimum(before, after)
    moved = mean > 0.0
    curvatures = np.where(moved, bends / np.where(moved, mean, 1.0), 0.0)
    return _Motion(
        first=1 if ego is not None else 2,
        direction=1 if speeds.sum() >= 0.0 else -1,
        lengths=lengths,
        bearings=bearings,
        turns=bends,
        speeds=speeds,
        accelerations=accelerations,
        jerks=3.0 * np.diff(accelerations) / spans,
        curvatures=curvatures,
        # A chord that two wrong positions can make by themselves has no direction.
        curvature_noise=np.where(shorter > 2.0 * noise, noise * (1.0 / before + 1.0 / after) / mean, np.inf),
        lateral_accelerations=curvatures * flows,
    )


def _start(path: Trajectory, ego: EgoState, car: VehicleDescription, tolerance: MonitorLimits) -> list[Violation]:
    """Whether the ego can be at the first waypoint by its time: hardest braking or driving, hardest turning."""
    time = float(path.times[0])
    away, cos, sin = path.positions[0] - ego.pose.position, np.cos(ego.pose.yaw), np.sin(ego.pose.yaw)
    ahead, aside = cos * away[0] + sin * away[1], cos * away[1] - sin * away[0]
    direction = -1.0 if ego.speed < 0.0 else 1.0
    speed = abs(ego.speed)
    braked = min(time, speed / car.max_deceleration)
    least = speed * braked - 0.5 * car.max_deceleration * braked**2
    most = speed * time + 0.5 * car.max_acceleration * time**2
    along = direction * ahead
    sideways = 0.5 * time**2 * (car.max_lateral_acceleration + abs(ego.lateral_acceleration))
    sideways += abs(ego.lateral_speed) * time
    off = max(least - along, along - most, abs(aside) - sideways)
    if off <= tolerance.start_distance:
        return []
    text = (
        f"waypoint 1 is {ahead:.2f} m ahead and {aside:.2f} m aside, {off:.2f} m beyond what the ego reaches "
        f"in {time:g} s from {ego.speed:.2f} m/s, limit {tolerance.start_distance:g} m"
    )
    return [Violation("start", text)]


def _reverse(motion: _Motion, ego: EgoState, tolerance: MonitorLimits) -> list[Violation]:
    """Only an ego that drives in reverse may go on so, no faster than it does (or its acceleration soon makes it)."""
    allowed = max(-(ego.speed + 0.5 * min(ego.acceleration, 0.0)), 0.0) if ego.speed < 0.0 else 0.0
    return _above("reverse", "m/s backwards", -motion.speeds, allowed + tolerance.reverse_speed, motion.first)


def _declared(path: Trajectory, motion: _Motion, car: VehicleDescription, tolerance: MonitorLimits) -> list[Violation]:
    """Declared speeds and headings against those of the chords before and after each waypoint."""
    count = len(motion.speeds)
    if count == 0:
        return []
    declared, headings = path.speeds[-count:], path.headings[-count:]
    following = np.append(motion.speeds[1:], motion.speeds[-1])
    limits = np.full(count, tolerance.declared_speed)
    # After the last waypoint there is no chord: its speed may differ by what braking makes of the last interval.
    limits[-1] += 0.5 * car.max_deceleration * (path.times[-1] - (path.times[-2] if len(path) > 1 else 0.0))
    off = np.abs(declared - 0.5 * (motion.speeds + following))
    first = len(path) - count + 1
    found = _above("declared_speed", "m/s off the positions'", off, limits, first)

    turns = np.abs(np.append(motion.turns[-(count - 1) :], motion.turns[-1:]) if count > 1 else motion.turns)
    turns = turns if len(turns) == count else np.zeros(count)
    shortest = np.minimum(motion.lengths, np.append(motion.lengths[1:], motion.lengths[-1]))
    limits = tolerance.declared_heading + 0.5 * turns + 2.0 * tolerance.position_noise / shortest
    off = np.abs(wrap_angle(headings - motion.bearings))
    # The heading is that of the chord before, turned on by half the bend at the waypoint.
    return found + _above("declared_heading", "rad off the positions'", off, limits, first)


def _above(check: str, unit: str, values: Array, limits: Array | float, first: int) -> list[Violation]:
    """The worst value that is not within its limit (a NaN never is); `first` numbers the waypoints."""
    if (values <= limits).all():
        return []
    limits = np.broadcast_to(limits, values.shape)
    excess = np.where(values <= limits, -np.inf, np.nan_to_num(values - limits, nan=np.inf))
    worst = int(np.argmax(excess))
    where = f"waypoint {first + worst}" if first + worst else "the start"
    return [Violation(check, f"{check} {values[worst]:.3g} {unit} at {where}, limit {limits[worst]:.3g}")]


def _first_of_each(found: list[Violation]) -> list[Violation]:
    return list({violation.check: violation for violation in reversed(found)}.values())[::-1]
