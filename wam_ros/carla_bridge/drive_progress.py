"""How far a drive has come: progress along the route, the goal, collisions begun."""

from __future__ import annotations

from wam_ros.carla_bridge.measurement import CollisionEvent, Measurement
from wam_ros.core.timing import NS_PER_S
from wam_ros.planning.route_planner import PlannedRoute

_GOAL_MARGIN = 5.0  # m before the route's end at which the goal is reached
_SAME_TOUCH_S = 1.0  # touches of the same thing with less time between them are one collision


class DriveProgress:
    """Takes each measurement in order.

    Fields:
        planned: The route, or None.
        progress: Driven along it [m]; never gets less.

    """

    def __init__(self, planned: PlannedRoute | None) -> None:
        self.planned = planned
        self.progress = 0.0
        self._collisions: list[CollisionEvent] = []
        self._touched: dict[int, int] = {}  # actor id -> stamp of the last touch

    def take(self, measurement: Measurement) -> None:
        """Go on to a measurement."""
        if self.planned is not None:
            found = self.planned.route.line.project(measurement.ego.pose.position, near=self.progress, window=20.0)
            self.progress = max(self.progress, found.arc_length)
        for event in measurement.collisions:
            before = self._touched.get(event.other_id)
            self._touched[event.other_id] = event.stamp_ns
            if before is None or event.stamp_ns - before > _SAME_TOUCH_S * NS_PER_S:
                self._collisions.append(event)

    @property
    def collisions(self) -> tuple[CollisionEvent, ...]:
        """Collisions begun so far."""
        return tuple(self._collisions)

    @property
    def instruction(self) -> str | None:
        """Where to go at the next junction; None without a route."""
        return None if self.planned is None else self.planned.instruction_at(self.progress)

    @property
    def goal_reached(self) -> bool:
        """Whether the end of the route is reached."""
        return self.planned is not None and self.progress >= self.planned.length - _GOAL_MARGIN
