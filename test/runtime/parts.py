"""Small real parts for the tests of the runtime: planners of known behaviour and a monitor that takes everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from wam_ros.core import (
    SE2,
    CanonicalCamera,
    Deadline,
    EgoState,
    Observation,
    Plan,
    PlanStatus,
    Trajectory,
)
from wam_ros.planning import Violation
from wam_ros.runtime import PlanningService, Tick, TickResult, TimeBudget

TIMES = 0.5 * np.arange(1, 9)
MS = 1_000_000
SECOND = 1_000_000_000


def ego_at(stamp_ns: int, x: float = 0.0, speed: float = 5.0) -> EgoState:
    return EgoState(stamp_ns, "odom", SE2(x, 0.0, 0.0), speed)


def plan_from(ego: EgoState, planner: str = "test") -> Plan:
    ahead = np.stack([ego.speed * TIMES, np.zeros(8)], axis=1)
    return Plan(Trajectory.from_waypoints(ego, TIMES, ego.pose.apply(ahead)), planner)


class ScriptedPlanner:
    """Does what it is told for each observation, then gives a straight plan."""

    name = "scripted"
    weights_hash = ""
    provenance = ""
    camera: CanonicalCamera | None = None

    def __init__(self, act: Callable[[Observation], None] = lambda _: None) -> None:
        self.act = act
        self.seen: list[int] = []
        self.resets = 0

    def warm_up(self) -> None:
        pass

    def reset(self) -> None:
        self.resets += 1

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        self.seen.append(observation.stamp_ns)
        self.act(observation)
        return plan_from(observation.ego)


class Lenient:
    """A monitor that refuses what `refuse` holds."""

    def __init__(self) -> None:
        self.refuse: list[str] = []

    def check(self, plan: Plan, observation: Observation) -> Sequence[Violation]:
        return [Violation("test", text) for text in self.refuse]


class Recording:
    """Replacements that say what they were asked."""

    def __init__(self) -> None:
        self.accepted: list[int] = []
        self.resets = 0

    def accept(self, plan: Plan, ego: EgoState) -> None:
        self.accepted.append(plan.trajectory.stamp_ns)

    def replacement(self, now: Observation | EgoState, reason: str) -> Plan:
        ego = now.ego if isinstance(now, Observation) else now
        return plan_from(ego, "replacement").with_status(PlanStatus.STOP, reason)

    def standstill(self, frame_id: str, stamp_ns: int, reason: str) -> Plan:
        ego = EgoState(stamp_ns, frame_id, SE2(0.0, 0.0, 0.0), 0.0)
        return plan_from(ego, "standstill").with_status(PlanStatus.STOP, reason)

    def reset(self) -> None:
        self.resets += 1


class Desk:
    """A service with the parts above; collects results with the time at which they were published."""

    def __init__(self, planner: ScriptedPlanner, estimate: EgoState | None = None) -> None:
        self.monitor = Lenient()
        self.replacements = Recording()
        self.results: list[tuple[TickResult, int]] = []
        self.logged: list[str] = []
        self._arrived = threading.Condition()
        self.service = PlanningService(
            planner,
            self.monitor,
            self.replacements,
            self._publish,
            lambda _: estimate,
            "base_link",
            self.logged.append,
        )

    def _publish(self, result: TickResult) -> None:
        with self._arrived:
            self.results.append((result, time.monotonic_ns()))
            self._arrived.notify_all()

    def image(self, stamp_ns: int, budget: TimeBudget | None = None) -> Tick:
        tick = self.service.open(stamp_ns, budget or TimeBudget(), 0.0, time.monotonic_ns())
        tick.situation = situation = Observation(stamp_ns, ego_at(stamp_ns))
        self.service.submit(tick, lambda: situation)
        return tick

    def wait_for(self, count: int, timeout_s: float = 5.0) -> list[TickResult]:
        with self._arrived:
            self._arrived.wait_for(lambda: len(self.results) >= count, timeout_s)
        assert len(self.results) >= count, f"{len(self.results)} of {count} results came"
        return [result for result, _ in self.results]
