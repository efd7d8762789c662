"""What went wrong on a route, as it goes, and which of it ends the drive."""

from __future__ import annotations

from wam_ros.core.timing import NS_PER_S
from wam_ros.evaluation.moments import Moments
from wam_ros.evaluation.result import RouteEvent
from wam_ros.metrics.driving_events import DrivingEvent, EventKind, events_of
from wam_ros.metrics.infractions import Infraction, InfractionDetector
from wam_ros.runtime.loop import DriveTick

_ENDS = {"blocked": "blocked", "route_deviation": "deviation"}


class EventLog:
    """Asks the detector at each tick.

    Args:
        detector: Fresh, for this drive.
        moments: Draws what is found.
        stop_at_collision: Whether a collision of our own fault ends the drive; CARLA's rules go on.

    """

    def __init__(
        self, detector: InfractionDetector, moments: Moments | None = None, *, stop_at_collision: bool = False
    ) -> None:
        self._detector = detector
        self._moments = moments
        self._stop_at_collision = stop_at_collision
        self._begun_ns: int | None = None
        self._found: list[Infraction] = []
        self.events: list[RouteEvent] = []

    def on_tick(self, tick: DriveTick) -> str | None:
        """Look at the truth of this tick."""
        assert tick.scene is not None, "an evaluation needs the truth of the world"
        self._begun_ns = tick.ego.stamp_ns if self._begun_ns is None else self._begun_ns
        if self._moments is not None:
            self._moments.on_tick(tick)
        reason = None
        for found in self._detector.update(tick.scene):
            event = _event(found, (found.stamp_ns - self._begun_ns) / NS_PER_S)
            self._found.append(found)
            self.events.append(event)
            if self._moments is not None:
                self._moments.offer(event, tick)
            collided = found.kind.startswith("collision") and found.at_fault
            reason = "collision" if collided and self._stop_at_collision else _ENDS.get(found.kind, reason)
        return reason

    def driving_events(self, outcome: str) -> tuple[DrivingEvent, ...]:
        """What CARLA's scores take of it; the minimum speed is not among them."""
        timeout = (DrivingEvent(EventKind.ROUTE_TIMEOUT),) if outcome == "time limit" else ()
        return (*events_of(self._found, self._detector.summary.metres), *timeout)


def _event(found: Infraction, time_s: float) -> RouteEvent:
    x, y = (round(float(value), 2) for value in found.position)
    value = round(float(found.value), 3)
    return RouteEvent(found.kind, round(time_s, 3), x, y, found.at_fault, found.actor_id, found.detail, value)
