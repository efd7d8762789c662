"""What a controller does between topics: plans, odometry and people in, commands out. It knows no ROS and no clock.

Times called `now_ns` are of a monotonic clock; stamps are of the data's own clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from wam_ros.control.command_guard import CommandGuard
from wam_ros.control.engagement import Engagement, EngagementEvent
from wam_ros.control.patience import Patience
from wam_ros.control.plan_schedule import PlanSchedule
from wam_ros.control.trajectory_controller import TrackingReport, TrajectoryController
from wam_ros.core.ego import EgoState
from wam_ros.core.plan import Plan
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleCommand

_BACKWARDS_NS = NS_PER_S  # odometry older than the last by more than this: time begins anew


@dataclass(frozen=True)
class SessionLimits:
    """How a session waits.

    Fields:
        lockstep: The world waits for the command of each odometry message: wait for the plan that is due.
        plan_timeout: In lockstep, go on with an older plan after this time [s]; sooner while none comes at all.
        odometry_timeout: Without lockstep, silence of this length disengages [s].
        engage_on_start: The first odometry engages.

    """

    lockstep: bool = False
    plan_timeout: float = 2.0
    odometry_timeout: float = 0.5
    engage_on_start: bool = False


@dataclass(frozen=True)
class ControlOutput:
    """What is to be published.

    Fields:
        stamp_ns: Of the newest odometry [ns]; 0 before the first.
        command: None where nothing may be commanded.
        engagement: State and reason.
        tracking: What the command was made from; None without a command.

    """

    stamp_ns: int
    command: VehicleCommand | None
    engagement: Engagement
    tracking: TrackingReport | None = None


class ControlSession:
    """Answers each odometry message with one output; a command is in it while engaged, and never otherwise.

    Args:
        controller: Makes the commands.
        guard: Checks them.
        schedule: Says which plan is followed when.
        limits: How long is waited.
        publish: Takes the outputs.
        clock: Now, in the time of the odometry's stamps [ns]; not asked in lockstep.

    """

    def __init__(
        self,
        controller: TrajectoryController,
        guard: CommandGuard,
        schedule: PlanSchedule,
        limits: SessionLimits,
        publish: Callable[[ControlOutput], None],
        clock: Callable[[], int],
    ) -> None:
        self._controller = controller
        self._guard = guard
        self._schedule = schedule
        self._limits = limits
        self._patience = Patience(limits.plan_timeout)
        self._publish = publish
        self._clock = clock
        self._ego: EgoState | None = None
        self._received_ns = 0
        self._is_waiting = False
        self._started = False
        self.engagement = Engagement()
        self.events: Counter[str] = Counter()
        self.last_event = ""

    def on_plan(self, plan: Plan) -> None:
        """A plan came."""
        self._schedule.add(plan)
        self._patience.heard()
        if self._is_waiting and self._ego is not None:
            plan_due = self._schedule.due(self._ego.stamp_ns)
            if plan_due != "wait":
                self._answer(self._ego, plan_due)

    def on_odometry(self, ego: EgoState, now_ns: int) -> None:
        """The state of the vehicle came: answer it, in lockstep perhaps later."""
        if self._ego is not None and ego.stamp_ns <= self._ego.stamp_ns:
            if self._ego.stamp_ns - ego.stamp_ns <= _BACKWARDS_NS:
                self.count("odometry_refused", f"odometry of {ego.stamp_ns} ns is not newer than the last")
                return
            self.count("time_reset", f"time went back from {self._ego.stamp_ns} ns to {ego.stamp_ns} ns")
            self._forget()
        elif self._is_waiting:
            self._go_on_without("the world went on")
        self._ego, self._received_ns = ego, now_ns
        if self._limits.engage_on_start and not self._started:
            self._started = True
            self._step(EngagementEvent.START)
        due = self._schedule.due(ego.stamp_ns) if self._limits.lockstep else self._schedule.in_effect(ego.stamp_ns)
        if due != "wait":
            self._answer(ego, due)
        elif self.engagement.commanding:
            self._is_waiting = True
        else:
            self._answer(ego, self._schedule.in_effect(ego.stamp_ns))

    def on_event(self, event: EngagementEvent, now_ns: int) -> None:
        """A person engages, disengages, takes over or hands back."""
        self._step(event, now_ns)
        if not self.engagement.commanding:
            self._is_waiting = False
        self._tell()

    def check(self, now_ns: int) -> None:
        """See what did not come in time; to be called often."""
        if self._ego is None:
            return
        silent = (now_ns - self._received_ns) / NS_PER_S
        if self._is_waiting:
            if silent >= self._patience.wait_s:
                self._go_on_without(f"no plan for {self._patience.wait_s:g} s")
        elif self.engagement.commanding and not self._limits.lockstep and silent > self._limits.odometry_timeout:
            why = f"no odometry for {self._limits.odometry_timeout:g} s: nothing is commanded any more; engage anew"
            self.count("odometry_lost", why)
            self._step(EngagementEvent.ODOMETRY_LOST, why=why)
            self._tell()

    def odometry_age_s(self, now_ns: int) -> float | None:
        """Since the last odometry came [s]; None before the first."""
        return None if self._ego is None else (now_ns - self._received_ns) / NS_PER_S

    def count(self, kind: str, text: str) -> None:
        """Note what happened, for the diagnostics."""
        self.events[kind] += 1
        self.last_event = text

    # -- parts

    def _step(self, event: EngagementEvent, now_ns: int | None = None, why: str = "") -> None:
        """Move the engagement; begin anew where it begins."""
        before, ego = self.engagement, self._ego
        age = 0.0 if now_ns is None or self._limits.lockstep else (now_ns - self._received_ns) / NS_PER_S
        plan = None if ego is None else self._schedule.in_effect(ego.stamp_ns)
        self.engagement = before.after(
            event,
            odometry_fresh=ego is not None and age <= self._limits.odometry_timeout,
            plan_fresh=ego is not None and plan is not None and self._controller.is_young(ego, plan),
            why=why,
        )
        if self.engagement.commanding and not before.commanding:
            self._controller.reset()
            self._guard.reset()

    def _answer(self, ego: EgoState, plan: Plan | None) -> None:
        self._is_waiting = False
        if not self.engagement.commanding:
            self._tell()
            return
        wanted = self._controller.control(ego, plan)
        report = self._controller.report
        assert report is not None, "control() makes a report"
        self._step(EngagementEvent.PLAN_FOLLOWED if report.following else EngagementEvent.NO_PLAN, why=report.reason)
        # In lockstep the world's clock stands still until it has this command.
        now_ns = ego.stamp_ns if self._limits.lockstep else self._clock()
        guarded = self._guard.check(ego.stamp_ns, wanted.steering_angle, wanted.speed, wanted.acceleration, now_ns)
        if guarded.interventions:
            self.count("command_braked" if guarded.braked else "command_cut", "; ".join(guarded.interventions))
        self._publish(ControlOutput(ego.stamp_ns, guarded.command, self.engagement, report))

    def _go_on_without(self, why: str) -> None:
        """Answer with what plan there is: the one that is due did not come."""
        assert self._ego is not None
        self._patience.missed()
        self.count("plan_missed", f"the plan due at {self._ego.stamp_ns} ns did not come: {why}")
        self._answer(self._ego, self._schedule.in_effect(self._ego.stamp_ns))

    def _tell(self) -> None:
        self._publish(ControlOutput(0 if self._ego is None else self._ego.stamp_ns, None, self.engagement))

    def _forget(self) -> None:
        self._is_waiting = False
        self._patience.heard()
        self._schedule.reset()
        self._controller.reset()
        self._guard.reset()
