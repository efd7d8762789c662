"""One observation, one plan that may be driven: planner, monitor and fallback in a row, without clock or threads.

What the planning service does in time, this does step by step: replays and the loop in process share it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError, PlannerError
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Planner
from wam_ros.core.timing import Deadline
from wam_ros.planning.canonical_view import CanonicalView
from wam_ros.runtime.service import Monitor, Replacements, refusal


@dataclass(frozen=True, eq=False)
class Answer:
    """The plan that answers one observation.

    Fields:
        plan: What is to be driven.
        planned: Whether the planner made a plan.
        rejected: Whether the monitor refused that plan.
        steps_done: Decoding steps of the planner's plan; 0 = it made none.

    """

    plan: Plan
    planned: bool
    rejected: bool
    steps_done: int = 0


class CheckedPlanner:
    """A planner whose plans are checked and, where they cannot be driven, replaced.

    Args:
        planner: Makes the plans.
        monitor: Checks them.
        fallback: Makes what is driven instead.

    """

    def __init__(self, planner: Planner, monitor: Monitor, fallback: Replacements) -> None:
        self.planner = planner
        self._monitor = monitor
        self._fallback = fallback
        self._view = CanonicalView(planner.camera)

    def reset(self) -> None:
        """Forget what was remembered between observations: a new drive begins."""
        self.planner.reset()
        self._fallback.reset()

    def answer(self, observation: Observation, deadline: Deadline | None = None) -> Answer:
        """The plan for an observation whose images are as the camera took them; no deadline = unlimited time."""
        images = {name: self._view(name, image) for name, image in observation.images.items()}
        try:
            plan = self.planner.plan(
                replace(observation, images=images), Deadline.unlimited() if deadline is None else deadline
            )
        except (InputError, PlannerError) as err:
            return self.replaced(observation, f"planner failed: {err}")
        violations = self._monitor.check(plan, observation)
        if violations:
            instead = self._fallback.replacement(observation, refusal(violations))
            return Answer(instead, planned=True, rejected=True, steps_done=plan.steps_done)
        self._fallback.accept(plan, observation.ego)
        return Answer(plan, planned=True, rejected=False, steps_done=plan.steps_done)

    def replaced(self, now: Observation | EgoState, reason: str) -> Answer:
        """The answer where the planner cannot be asked."""
        return Answer(self._fallback.replacement(now, reason), planned=False, rejected=False)

    def standstill(self, frame_id: str, stamp_ns: int, reason: str) -> Answer:
        """The answer where nothing is known of the vehicle's state."""
        return Answer(self._fallback.standstill(frame_id, stamp_ns, reason), planned=False, rejected=False)
