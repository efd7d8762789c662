"""A checked planner whose plans are timed: on the wall clock for the report, on a virtual clock for the drive."""

from __future__ import annotations

import time

from wam_ros.core.observation import Observation
from wam_ros.core.protocols import Planner
from wam_ros.core.timing import Deadline
from wam_ros.evaluation.virtual_clock import VirtualClock
from wam_ros.planning import Fallback, PlanMonitor
from wam_ros.runtime.checked_planner import Answer, CheckedPlanner


class TimedAnswers(CheckedPlanner):
    """Answers as a `CheckedPlanner` does, and notes how long each took.

    Args:
        planner, monitor, fallback: As there.
        clock: The virtual clock of the deadlines; None = there is none.

    """

    def __init__(
        self, planner: Planner, monitor: PlanMonitor, fallback: Fallback, clock: VirtualClock | None = None
    ) -> None:
        super().__init__(planner, monitor, fallback)
        self._clock = clock
        self.wall_ms: list[float] = []
        self.virtual_s: list[float] = []

    def answer(self, observation: Observation, deadline: Deadline | None = None) -> Answer:
        """As a `CheckedPlanner` does."""
        begun = time.perf_counter()
        if self._clock is not None:
            self._clock.begin_plan()
        answer = super().answer(observation, deadline)
        if self._clock is not None:
            self.virtual_s.append(self._clock.end_plan())
        self.wall_ms.append((time.perf_counter() - begun) * 1e3)
        return answer

    def plan_time(self) -> float:
        """Virtual time of the latest plan [s]; 0 without a virtual clock."""
        return self.virtual_s[-1] if self.virtual_s else 0.0
