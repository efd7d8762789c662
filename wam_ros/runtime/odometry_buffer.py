"""Recent ego states, and the state at the stamp of an image. Knows nothing of ROS."""

from __future__ import annotations

import bisect
import math
import threading
from dataclasses import dataclass, replace

from wam_ros.core.ego import EgoState, interpolate_ego
from wam_ros.core.errors import InputError
from wam_ros.core.timing import NS_PER_S


@dataclass(frozen=True)
class OdometryLimits:
    """When odometry is good enough.

    Fields:
        max_age_s: The state is moved by constant motion at most this far from the nearest sample.
        max_gap_s: Two samples further apart are not interpolated.
        jump_margin_m: A pose this much further from the last than the speeds explain is a jump.
        jump_speed_factor: Allowance on the distance that the speeds explain.
        acceleration_lag_s: Time constant of the filter that makes the acceleration from the speeds.
        history_s: How long samples are kept.

    """

    max_age_s: float = 0.2
    max_gap_s: float = 0.5
    jump_margin_m: float = 1.5
    jump_speed_factor: float = 1.5
    acceleration_lag_s: float = 0.25
    history_s: float = 3.0


class OdometryBuffer:
    """Keeps the last seconds of ego states in order; may be read from any thread."""

    def __init__(self, limits: OdometryLimits | None = None) -> None:
        self._limits = limits if limits is not None else OdometryLimits()
        self._samples: tuple[EgoState, ...] = ()
        self._measured: tuple[int, float, float] | None = None
        self._lock = threading.Lock()

    @property
    def newest(self) -> EgoState | None:
        """The latest sample."""
        samples = self._samples
        return samples[-1] if samples else None

    def clear(self) -> None:
        """Forget everything: a new time line begins."""
        with self._lock:
            self._samples = ()
            self._measured = None

    def set_acceleration(self, stamp_ns: int, longitudinal: float, lateral: float) -> None:
        """A measured acceleration [m/s^2]; used instead of the filtered one while it is fresh.

        Raises:
            InputError: A value is not finite.

        """
        if not (math.isfinite(longitudinal) and math.isfinite(lateral)):
            msg = f"acceleration ({longitudinal}, {lateral}) is not finite"
            raise InputError(msg)
        self._measured = (stamp_ns, longitudinal, lateral)

    def add(self, sample: EgoState) -> str:
        """Take a sample in; its acceleration is filled in here.

        Returns a text if the pose jumped (everything before it is then forgotten), else "".

        Raises:
            InputError: The stamp does not come after the one before; the sample is dropped.

        """
        with self._lock:
            last = self.newest
            if last is not None and sample.stamp_ns <= last.stamp_ns:
                behind = (last.stamp_ns - sample.stamp_ns) / NS_PER_S
                msg = f"odometry stamp is {behind:.3f} s behind the one before"
                raise InputError(msg)
            jump = self._jump(last, sample)
            if last is None or jump:
                self._samples = (self._with_acceleration(sample, None),)
                return jump
            oldest = sample.stamp_ns - round(self._limits.history_s * NS_PER_S)
            kept = tuple(old for old in self._samples if old.stamp_ns >= oldest)
            self._samples = (*kept, self._with_acceleration(sample, last))
            return ""

    def covers(self, stamp_ns: int) -> bool:
        """Whether a sample at or after this stamp has come."""
        newest = self.newest
        return newest is not None and newest.stamp_ns >= stamp_ns

    def at(self, stamp_ns: int) -> EgoState:
        """The state at a stamp: interpolated, or moved from the nearest sample within `max_age_s`.

        Raises:
            InputError: There is none that is good enough; the text says why.

        """
        samples = self._samples
        if not samples:
            msg = "no odometry"
            raise InputError(msg)
        index = bisect.bisect_left([sample.stamp_ns for sample in samples], stamp_ns)
        if 0 < index < len(samples):
            before, after = samples[index - 1], samples[index]
            gap = (after.stamp_ns - before.stamp_ns) / NS_PER_S
            if gap <= self._limits.max_gap_s:
                return interpolate_ego(before, after, stamp_ns)
        nearest = min(samples[max(index - 1, 0) : index + 1], key=lambda sample: abs(sample.stamp_ns - stamp_ns))
        distance = (stamp_ns - nearest.stamp_ns) / NS_PER_S
        if abs(distance) > self._limits.max_age_s:
            side = "older" if distance > 0.0 else "newer"
            msg = (
                f"stale odometry: the nearest sample is {abs(distance):.3f} s {side} than the image, "
                f"allowed {self._limits.max_age_s:g} s"
            )
            raise InputError(msg)
        return nearest.at(stamp_ns)

    def estimate(self, stamp_ns: int) -> EgoState | None:
        """The best guess of the state at a stamp, however old what it rests on; None if there never was any."""
        try:
            return self.at(stamp_ns)
        except InputError:
            newest = self.newest
            return None if newest is None else newest.at(stamp_ns)

    def _jump(self, last: EgoState | None, sample: EgoState) -> str:
        if last is None:
            return ""
        if last.frame_id != sample.frame_id:
            return f"odometry changed its frame from {last.frame_id!r} to {sample.frame_id!r}"
        elapsed = (sample.stamp_ns - last.stamp_ns) / NS_PER_S
        moved = math.dist((last.pose.x, last.pose.y), (sample.pose.x, sample.pose.y))
        fastest = max(abs(last.speed), abs(sample.speed))
        allowed = fastest * elapsed * self._limits.jump_speed_factor + self._limits.jump_margin_m
        if moved <= allowed:
            return ""
        return f"odometry jumped by {moved:.1f} m within {elapsed:.3f} s at {fastest:.1f} m/s"

    def _with_acceleration(self, sample: EgoState, last: EgoState | None) -> EgoState:
        if self._measured is not None:
            stamp_ns, longitudinal, lateral = self._measured
            if abs(sample.stamp_ns - stamp_ns) <= self._limits.max_age_s * NS_PER_S:
                return replace(sample, acceleration=longitudinal, lateral_acceleration=lateral)
        lateral = sample.speed * sample.yaw_rate  # of a vehicle that does not slip
        if last is None:
            return replace(sample, acceleration=0.0, lateral_acceleration=lateral)
        elapsed = (sample.stamp_ns - last.stamp_ns) / NS_PER_S
        raw = (sample.speed - last.speed) / elapsed
        share = 1.0 - math.exp(-elapsed / self._limits.acceleration_lag_s)
        smooth = last.acceleration + share * (raw - last.acceleration)
        return replace(sample, acceleration=smooth, lateral_acceleration=lateral)
