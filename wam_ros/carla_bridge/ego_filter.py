"""Ego state from GNSS, compass, gyroscope and speedometer, for drives where the simulator does not tell it.

A complementary filter: speed and yaw rate carry the pose on along an arc, each fix and each compass reading pulls it
back by a fixed share. The noise of a fix (about 0.5 m in the leaderboard) thus comes down to a few decimetres.
"""

from __future__ import annotations

import math

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, wrap_angle
from wam_ros.core.timing import NS_PER_S

_POSITION_SHARE = 0.05  # of the way to the fix, per reading
_HEADING_SHARE = 0.05
_LOST = 10.0  # m from the fix beyond which the past is given up


class EgoFilter:
    """Feed it once per tick.

    Args:
        frame_id: Of the map frame.

    """

    def __init__(self, frame_id: str) -> None:
        self._frame_id = frame_id
        self._state: EgoState | None = None

    def reset(self) -> None:
        """Forget where the vehicle was."""
        self._state = None

    def update(
        self,
        stamp_ns: int,
        fix: tuple[float, float],
        heading: float | None,
        speed: float,
        yaw_rate: float,
        accelerations: tuple[float, float],
    ) -> EgoState:
        """The state of base_link now.

        Args:
            stamp_ns: Now [ns].
            fix: Measured x, y of base_link in the map frame [m].
            heading: Measured heading [rad]; None = the compass said nothing.
            speed: Along base_link x [m/s].
            yaw_rate: Left positive [rad/s].
            accelerations: Along base_link x and y [m/s^2].

        """
        before = self._state
        if before is None or math.dist(fix, (before.pose.x, before.pose.y)) > _LOST:
            known = 0.0 if before is None else before.pose.yaw
            pose = SE2(*fix, known if heading is None else heading)
        else:
            pose = self._corrected(self._carried(before, stamp_ns, speed, yaw_rate), fix, heading)
        self._state = EgoState(stamp_ns, self._frame_id, pose, speed, accelerations[0], yaw_rate, 0.0, accelerations[1])
        return self._state

    @staticmethod
    def _carried(before: EgoState, stamp_ns: int, speed: float, yaw_rate: float) -> SE2:
        elapsed = (stamp_ns - before.stamp_ns) / NS_PER_S
        distance, turn = 0.5 * (before.speed + speed) * elapsed, 0.5 * (before.yaw_rate + yaw_rate) * elapsed
        return before.pose @ SE2(distance * math.cos(turn / 2.0), distance * math.sin(turn / 2.0), turn)

    @staticmethod
    def _corrected(pose: SE2, fix: tuple[float, float], heading: float | None) -> SE2:
        x = pose.x + _POSITION_SHARE * (fix[0] - pose.x)
        y = pose.y + _POSITION_SHARE * (fix[1] - pose.y)
        if heading is None:
            return SE2(x, y, pose.yaw)
        turn = _HEADING_SHARE * float(wrap_angle(heading - pose.yaw))
        return SE2(x, y, float(wrap_angle(pose.yaw + turn)))
