"""What is known of the own vehicle at one moment."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2, require_finite, wrap_angle
from wam_ros.core.timing import NS_PER_S

_STRAIGHT = 1e-6  # rad; below this turn an arc is drawn as a straight line


@dataclass(frozen=True)
class EgoState:
    """Motion of base_link (centre of the rear axle).

    Fields:
        stamp_ns: Time of the state [ns].
        frame_id: The odometry's frame, in which `pose` is given.
        pose: Pose of base_link in that frame.
        speed: Along base_link x [m/s], negative in reverse.
        acceleration: Along base_link x [m/s^2].
        yaw_rate: [rad/s], left positive.
        lateral_speed: Along base_link y [m/s], left positive.
        lateral_acceleration: Along base_link y [m/s^2], left positive.
        z: Height of base_link in the frame [m]; the planners work in the plane.

    """

    stamp_ns: int
    frame_id: str
    pose: SE2
    speed: float
    acceleration: float = 0.0
    yaw_rate: float = 0.0
    lateral_speed: float = 0.0
    lateral_acceleration: float = 0.0
    z: float = 0.0

    def __post_init__(self) -> None:
        if not self.frame_id:
            msg = "ego state has an empty frame_id"
            raise InputError(msg)
        require_finite(
            speed=self.speed,
            acceleration=self.acceleration,
            yaw_rate=self.yaw_rate,
            lateral_speed=self.lateral_speed,
            lateral_acceleration=self.lateral_acceleration,
            z=self.z,
        )

    def at(self, stamp_ns: int) -> EgoState:
        """The state moved to another time along an arc of constant speed and yaw rate."""
        elapsed = (stamp_ns - self.stamp_ns) / NS_PER_S
        turn = self.yaw_rate * elapsed
        if abs(turn) < _STRAIGHT:
            forward, left = self.speed * elapsed, 0.0
        else:
            radius = self.speed / self.yaw_rate
            forward, left = radius * math.sin(turn), radius * (1.0 - math.cos(turn))
        left += self.lateral_speed * elapsed
        return EgoState(
            stamp_ns,
            self.frame_id,
            self.pose @ SE2(forward, left, turn),
            self.speed,
            self.acceleration,
            self.yaw_rate,
            self.lateral_speed,
            self.lateral_acceleration,
            self.z,
        )


def interpolate_ego(before: EgoState, after: EgoState, stamp_ns: int) -> EgoState:
    """The state at a time between two others, linear in each value, with headings taken the short way.

    Raises:
        InputError: The frames differ or the time is not between the two.

    """
    if before.frame_id != after.frame_id:
        msg = f"odometry changed its frame from {before.frame_id!r} to {after.frame_id!r}"
        raise InputError(msg)
    if not before.stamp_ns <= stamp_ns <= after.stamp_ns:
        msg = f"time {stamp_ns} ns is not between {before.stamp_ns} ns and {after.stamp_ns} ns"
        raise InputError(msg)
    span = after.stamp_ns - before.stamp_ns
    share = (stamp_ns - before.stamp_ns) / span if span else 0.0

    def mix(a: float, b: float) -> float:
        return a + share * (b - a)

    turn = float(wrap_angle(after.pose.yaw - before.pose.yaw))
    return EgoState(
        stamp_ns,
        before.frame_id,
        SE2(
            mix(before.pose.x, after.pose.x),
            mix(before.pose.y, after.pose.y),
            float(wrap_angle(before.pose.yaw + share * turn)),
        ),
        mix(before.speed, after.speed),
        mix(before.acceleration, after.acceleration),
        mix(before.yaw_rate, after.yaw_rate),
        mix(before.lateral_speed, after.lateral_speed),
        mix(before.lateral_acceleration, after.lateral_acceleration),
        mix(before.z, after.z),
    )
