"""Whether anything may be commanded: engaged by a person, given back by a person, lost with the odometry. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, IntEnum


class EngagementState(IntEnum):
    """The numbers are those of wam_ros/msg/ControllerStatus."""

    DISENGAGED = 0  # nothing is commanded
    ENGAGED = 1  # the plan is followed
    HOLDING = 2  # engaged, but there is no plan to follow: braking, then standing
    OVERRIDDEN = 3  # a person took over; engage anew


class EngagementEvent(Enum):
    """What can happen to an engagement."""

    ENGAGE = "engage"  # a person asks for it
    START = "start"  # as ENGAGE, by whoever started the program, before there is a plan
    DISENGAGE = "disengage"
    TAKEN_OVER = "taken over"  # a person holds the controls
    HANDED_BACK = "handed back"  # a person holds them no more
    PLAN_FOLLOWED = "plan followed"
    NO_PLAN = "no plan"
    ODOMETRY_LOST = "odometry lost"


_COMMANDING = frozenset({EngagementState.ENGAGED, EngagementState.HOLDING})
_WAITING = frozenset({EngagementState.DISENGAGED, EngagementState.OVERRIDDEN})
_WHILE_COMMANDING = {
    EngagementEvent.PLAN_FOLLOWED: EngagementState.ENGAGED,
    EngagementEvent.NO_PLAN: EngagementState.HOLDING,
    EngagementEvent.ODOMETRY_LOST: EngagementState.DISENGAGED,
}


@dataclass(frozen=True)
class Engagement:
    """One state of the machine; `after` gives the next.

    Fields:
        state: Of the four.
        reason: Why.
        held: Whether a person holds the controls: nothing can be engaged meanwhile.

    """

    state: EngagementState = EngagementState.DISENGAGED
    reason: str = "not engaged yet"
    held: bool = False

    @property
    def commanding(self) -> bool:
        """Whether commands go out."""
        return self.state in _COMMANDING

    def after(
        self, event: EngagementEvent, *, odometry_fresh: bool = False, plan_fresh: bool = False, why: str = ""
    ) -> Engagement:
        """The state after an event.

        Args:
            event: What happened.
            odometry_fresh: For ENGAGE and START: whether there is odometry of now.
            plan_fresh: For ENGAGE: whether there is a plan that could be followed now.
            why: For NO_PLAN and ODOMETRY_LOST: the reason to tell.

        """
        match event:
            case EngagementEvent.TAKEN_OVER:
                return Engagement(EngagementState.OVERRIDDEN, "a person took over", held=True)
            case EngagementEvent.HANDED_BACK:
                return replace(self, held=False)
            case EngagementEvent.DISENGAGE:
                return self if self.held else Engagement(EngagementState.DISENGAGED, "disengaged")
            case EngagementEvent.ENGAGE | EngagementEvent.START:
                return self._engaged(event, odometry_fresh=odometry_fresh, plan_fresh=plan_fresh)
            case _:
                return replace(self, state=_WHILE_COMMANDING[event], reason=why) if self.commanding else self

    def _engaged(self, event: EngagementEvent, *, odometry_fresh: bool, plan_fresh: bool) -> Engagement:
        if self.state not in _WAITING:
            return self
        missing = ""
        if self.held:
            missing = "a person holds the controls"
        elif not odometry_fresh:
            missing = "no fresh odometry"
        elif not plan_fresh and event is EngagementEvent.ENGAGE:
            missing = "no fresh plan"
        if missing:
            return replace(self, reason=f"not engaged: {missing}")
        if event is EngagementEvent.START:
            return Engagement(EngagementState.HOLDING, "no plan yet")
        return Engagement(EngagementState.ENGAGED, "")
