"""The way that a vehicle's front bumper took: the rest of the body follows it, so that it turns about no bumper."""

from __future__ import annotations

import math
from bisect import bisect_right

_SPACING = 0.1  # m between kept points
_JUMP = 3.0  # m in one step that no vehicle drives
_KEPT = 200  # points at least; at 0.1 m that is more than any vehicle is long
_AXLES = 0.2  # share of the length from either bumper to its axle


class Trail:
    """Points that the front bumper passed, for a body of `length` [m].

    Both axles lie on the trail and the middle of the body between them: a body in a turn cuts it by less than 0.2 m.
    """

    def __init__(self, length: float, points: list[tuple[float, float]]) -> None:
        """Begin with points in order of travel, the last at the front bumper."""
        self._length = length
        self._points: list[tuple[float, float]] = []
        self._arc: list[float] = []
        for point in points:
            self._append(point)
        self._front = points[-1]

    def move(self, x: float, y: float) -> bool:
        """The front bumper is here now; False if that is no way to drive, and a new trail is due."""
        if math.hypot(x - self._front[0], y - self._front[1]) > _JUMP:
            return False
        self._front = (x, y)
        last = self._points[-1]
        if math.hypot(x - last[0], y - last[1]) >= _SPACING:
            self._append(self._front)
            if len(self._points) > 2 * _KEPT:
                del self._points[:_KEPT]
                del self._arc[:_KEPT]
        return True

    def pose(self) -> tuple[float, float, float]:
        """x, y [m] of the middle of the body and its heading [rad]."""
        front = self._behind(_AXLES * self._length)
        rear = self._behind((1.0 - _AXLES) * self._length)
        yaw = math.atan2(front[1] - rear[1], front[0] - rear[0])
        return 0.5 * (front[0] + rear[0]), 0.5 * (front[1] + rear[1]), yaw

    def _behind(self, distance: float) -> tuple[float, float]:
        last = self._points[-1]
        tip = math.hypot(self._front[0] - last[0], self._front[1] - last[1])
        wanted = self._arc[-1] + tip - distance
        index = min(max(bisect_right(self._arc, wanted) - 1, 0), len(self._arc) - 2)
        (x, y), (end_x, end_y) = self._points[index], self._points[index + 1]
        share = (wanted - self._arc[index]) / (self._arc[index + 1] - self._arc[index])
        return x + share * (end_x - x), y + share * (end_y - y)

    def _append(self, point: tuple[float, float]) -> None:
        if not self._points:
            self._arc.append(0.0)
        else:
            last = self._points[-1]
            self._arc.append(self._arc[-1] + math.hypot(point[0] - last[0], point[1] - last[1]))
        self._points.append(point)
