"""Observers of the loop: what happened, how far the drive has come, where the vehicle was. None of them decides."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable

from wam_ros.core.ego import EgoState
from wam_ros.core.observation import Route
from wam_ros.metrics.infractions import Infraction, InfractionDetector
from wam_ros.runtime.loop import DriveTick


class InfractionLog:
    """Keeps what the detector finds.

    Args:
        detector: Fresh, for this drive.
        stop_at_fault: Whether a collision of our own fault ends the drive.

    """

    def __init__(self, detector: InfractionDetector, *, stop_at_fault: bool = False) -> None:
        self._detector = detector
        self._stop_at_fault = stop_at_fault
        self.infractions: list[Infraction] = []

    def on_tick(self, tick: DriveTick) -> str | None:
        """Look at the truth of this tick."""
        if tick.scene is None:
            return None
        found = self._detector.update(tick.scene)
        self.infractions += found
        collided = any(infraction.at_fault and "collision" in infraction.kind for infraction in found)
        return "collision" if self._stop_at_fault and collided else None


class DriveLog:
    """Keeps where the vehicle was at each tick, and how the plans came about."""

    def __init__(self) -> None:
        self.path: list[EgoState] = []
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def on_tick(self, tick: DriveTick) -> None:
        """Note the state."""
        self.path.append(tick.ego)
        if tick.answer is not None:
            self.statuses[tick.answer.plan.status.name] += 1
            if tick.answer.plan.reason:
                self.reasons[tick.answer.plan.reason] += 1

    @property
    def distance(self) -> float:
        """Driven so far [m]."""
        points = [state.pose for state in self.path]
        return math.fsum(math.hypot(a.x - b.x, a.y - b.y) for a, b in itertools.pairwise(points))


class RouteProgress:
    """Follows how far along its route the vehicle is.

    Args:
        route: The route.
        tell: Called now and then with a text for people.
        every: Ticks between two texts.

    """

    def __init__(self, route: Route, tell: Callable[[str], None] = lambda _text: None, every: int = 20) -> None:
        self._route = route
        self._tell = tell
        self._every = every
        self._begun_ns: int | None = None
        self.arc_length = 0.0

    def on_tick(self, tick: DriveTick) -> None:
        """Project the vehicle onto the route, near where it was."""
        position = tick.ego.pose.position
        self._begun_ns = tick.ego.stamp_ns if self._begun_ns is None else self._begun_ns
        self.arc_length = self._route.line.project(position, near=self.arc_length).arc_length
        if tick.index % self._every:
            return
        plan = tick.followed
        status = "no plan in effect yet" if plan is None else f"{plan.status.name} {plan.reason[:50]}"
        elapsed = (tick.ego.stamp_ns - self._begun_ns) * 1e-9
        share = 100.0 * self.arc_length / self._route.line.length
        self._tell(
            f"{elapsed:6.1f} s  route {share:3.0f} % of {self._route.line.length:.0f} m"
            f"  {tick.ego.speed * 3.6:4.0f} km/h  {status}"
        )
