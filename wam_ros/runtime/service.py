"""The promise of the node: for every image exactly one complete plan, in order, within its budget.

A worker thread plans from the newest image only. A guard thread publishes a replacement when the planner has not
finished in time, since a pass through a network cannot be interrupted; the late plan then only feeds later
replacements. Knows nothing of ROS: images come in as functions that make an observation, plans go out by a callback.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError, PlannerError
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Planner
from wam_ros.core.timing import NS_PER_S, Deadline
from wam_ros.runtime.alarms import AlarmThread
from wam_ros.runtime.tick import Tick, TickResult, TimeBudget

_LATENESS_DECAY = 0.99  # per tick; at 10 Hz what a hiccup adds to the margin has halved after 7 s


class Violation(Protocol):
    """Why a plan is refused."""

    @property
    def text(self) -> str:
        """In words, with value and limit."""


class Monitor(Protocol):
    """Says what is wrong with a plan."""

    def check(self, plan: Plan, observation: Observation) -> Sequence[Violation]:
        """Violations; none = the plan may be published."""


def refusal(violations: Sequence[Violation]) -> str:
    """Why a plan was refused, as told in the plan that replaces it."""
    more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
    return f"monitor: {violations[0].text}{more}"


class Replacements(Protocol):
    """Makes plans where the planner's own cannot be used."""

    def accept(self, plan: Plan, ego: EgoState) -> None:
        """Remember a plan that passed the monitor, with the state it started from."""

    def replacement(self, now: Observation | EgoState, reason: str) -> Plan:
        """A complete plan from what is known of now."""

    def standstill(self, frame_id: str, stamp_ns: int, reason: str) -> Plan:
        """A complete plan to stand at the origin of `frame_id`: nothing is known of the vehicle's state."""

    def reset(self) -> None:
        """Forget the remembered plan."""


@dataclass(frozen=True)
class ServiceHealth:
    """What the diagnostics tell of the service.

    Fields:
        statuses: Published plans by status name.
        superseded: Images that gave way to a newer one before planning began.
        late: Plans that were finished after the guard had acted.
        rejected: Plans that the monitor refused.
        errors: Planner failures.
        busy_s: How long the plan now in work has taken so far; 0 = none in work.
        last_reason: Why the latest plan that was not FULL was not; empty = it was.
        guard_alive: Whether the guard thread runs.
        guard_lateness_s: How late the guard has woken up of late [s]; it acts that much earlier.

    """

    statuses: dict[str, int]
    superseded: int
    late: int
    rejected: int
    errors: int
    busy_s: float
    last_reason: str
    guard_alive: bool
    guard_lateness_s: float


class PlanningService:
    """Turns ticks into published plans. `publish` is called from several threads, but never from two at once.

    Args:
        planner: Makes the plans, on the worker thread.
        monitor: Checks them.
        replacements: Makes what is published instead.
        publish: Takes each result; called exactly once for each tick, in the order of the ticks.
        estimate_ego: Best guess of the state at a stamp, for ticks whose state was not known in time.
        base_frame: Frame of the vehicle, in which it is told to stand where no state was ever known.
        log: Takes a line about what went wrong inside.

    """

    def __init__(
        self,
        planner: Planner,
        monitor: Monitor,
        replacements: Replacements,
        publish: Callable[[TickResult], None],
        estimate_ego: Callable[[int], EgoState | None],
        base_frame: str,
        log: Callable[[str], None],
    ) -> None:
        self._planner = planner
        self._monitor = monitor
        self._replacements = replacements
        self._publish = publish
        self._estimate_ego = estimate_ego
        self._base_frame = base_frame
        self._log = log
        self._settling = threading.RLock()
        self._open: list[Tick] = []
        self._count = 0
        self._statuses: Counter[str] = Counter()
        self._events: Counter[str] = Counter()
        self._last_reason = ""
        self._newest = threading.Condition()
        self._job: tuple[Tick, Callable[[], Observation]] | None = None
        self._reset_wanted = False
        self._busy_since_ns: int | None = None
        self._lateness_s = 0.0
        self._running = True
        self._guard = AlarmThread("plan guard", lambda err: log(f"in the guard thread: {err!r}"))
        self._worker = threading.Thread(target=self._work, name="planner worker", daemon=True)
        self._worker.start()

    def open(self, stamp_ns: int, budget: TimeBudget, input_age_s: float | None, received_ns: int) -> Tick:
        """Begin a tick: from now on a plan for this stamp will be published within the budget, come what may."""
        budget = budget.for_late_guard(self._lateness_s)
        with self._settling:
            tick = Tick(self._count, stamp_ns, received_ns, input_age_s, budget)
            self._count += 1
            self._open.append(tick)
        due_ns = received_ns + round(budget.guard_s * NS_PER_S)
        self._guard.at(due_ns, lambda: self._on_guard(tick, due_ns))
        return tick

    def submit(self, tick: Tick, observe: Callable[[], Observation]) -> None:
        """Hand the tick to the worker; a tick still waiting there gives way.

        `observe` is called on the worker, so that decoding an image holds nobody up; it may raise InputError.
        """
        with self._newest:
            waiting, self._job = self._job, (tick, observe)
            self._newest.notify()
        if waiting is not None:
            self._events["superseded"] += 1
            self.refuse(waiting[0], "superseded by a newer image while the planner was busy")

    def refuse(self, tick: Tick, reason: str) -> None:
        """Publish a replacement for the tick now."""
        self._settle(tick, lambda: self._replace(tick, reason))

    def alarm(self, when_ns: int, function: Callable[[], None]) -> None:
        """Call `function` on the guard thread at a monotonic time; it must be quick."""
        self._guard.at(when_ns, function)

    def forget(self) -> None:
        """A new drive begins: previous plans and what the planner remembers no longer hold."""
        self._replacements.reset()
        with self._newest:
            self._reset_wanted = True

    def health(self) -> ServiceHealth:
        """What the diagnostics tell."""
        since = self._busy_since_ns
        return ServiceHealth(
            statuses=dict(self._statuses),
            superseded=self._events["superseded"],
            late=self._events["late"],
            rejected=self._events["rejected"],
            errors=self._events["errors"],
            busy_s=0.0 if since is None else (time.monotonic_ns() - since) / NS_PER_S,
            last_reason=self._last_reason,
            guard_alive=self._guard.alive,
            guard_lateness_s=self._lateness_s,
        )

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End both threads; open ticks stay unanswered. False if the planner did not come back in time."""
        with self._newest:
            self._running = False
            self._job = None
            self._newest.notify()
        self._guard.stop(timeout_s)
        with self._settling:
            for tick in self._open:
                tick.settled = True
            self._open.clear()
        self._worker.join(timeout_s)
        return not self._worker.is_alive()

    def _settle(self, tick: Tick, make: Callable[[], Plan]) -> bool:
        """Publish what `make` gives, unless the tick has been answered; older open ticks are answered first."""
        with self._settling:
            if tick.settled:
                return False
            while self._open[0] is not tick:
                older = self._open[0]
                self._answer(older, self._replace(older, "superseded by a newer image"))
            self._answer(tick, make())
            return True

    def _answer(self, tick: Tick, plan: Plan) -> None:
        tick.settled = True
        self._open.remove(tick)
        self._statuses[plan.status.name] += 1
        self._last_reason = plan.reason
        self._publish(TickResult(tick, plan))

    def _replace(self, tick: Tick, reason: str) -> Plan:
        now = tick.situation if tick.situation is not None else self._estimate_ego(tick.stamp_ns)
        if now is None:
            return self._replacements.standstill(self._base_frame, tick.stamp_ns, reason)
        try:
            return self._replacements.replacement(now, reason)
        except Exception as err:  # noqa: BLE001  # the last line of defence: an answer goes out whatever is wrong here
            self._log(f"no replacement could be made: {err!r}")
            return self._replacements.standstill(self._base_frame, tick.stamp_ns, f"{reason}; and {err!r}")

    def _on_guard(self, tick: Tick, due_ns: int) -> None:
        lateness_s = (time.monotonic_ns() - due_ns) / NS_PER_S
        self._lateness_s = max(lateness_s, _LATENESS_DECAY * self._lateness_s)
        if tick.settled:
            return
        elapsed = tick.elapsed_ms(time.monotonic_ns())
        if tick.started_ns is not None:
            reason = f"deadline: the planner had not finished {elapsed:.0f} ms after receipt of the image"
        elif tick.waiting_for:
            reason = f"deadline: {tick.waiting_for}"
        else:
            reason = f"deadline: the planner was still busy with an older image after {elapsed:.0f} ms"
        self.refuse(tick, reason)

    def _work(self) -> None:
        while True:
            with self._newest:
                while self._running and self._job is None:
                    self._newest.wait()
                if self._job is None or not self._running:
                    return
                (tick, observe), self._job = self._job, None
                reset, self._reset_wanted = self._reset_wanted, False
            if tick.settled:
                self._events["superseded"] += 1
                continue
            self._busy_since_ns = tick.started_ns = time.monotonic_ns()
            try:
                if reset:
                    self._planner.reset()
                observation = self._observed(tick, observe)
                if observation is not None:
                    self._plan(tick, observation)
            except PlannerError as err:
                self._failed(tick, str(err))
            except Exception as err:  # noqa: BLE001  # a planner is foreign code: no error of its may end the node
                self._failed(tick, f"{type(err).__name__}: {err}")
            finally:
                self._busy_since_ns = None

    def _observed(self, tick: Tick, observe: Callable[[], Observation]) -> Observation | None:
        try:
            return observe()
        except InputError as err:
            self.refuse(tick, str(err))
            return None

    def _plan(self, tick: Tick, observation: Observation) -> None:
        deadline = Deadline(tick.received_ns + round(tick.budget.planner_s * NS_PER_S))
        begun = time.monotonic_ns()
        plan = self._planner.plan(observation, deadline)
        planned = time.monotonic_ns()
        violations = self._monitor.check(plan, observation)
        tick.planned = not tick.settled
        tick.steps_done = plan.steps_done if tick.planned else 0
        tick.planner_s = (planned - begun) / NS_PER_S
        tick.monitor_s = (time.monotonic_ns() - planned) / NS_PER_S
        if violations:
            tick.rejected = True
            self._events["rejected"] += 1
            in_time = self._settle(tick, lambda: self._replace(tick, refusal(violations)))
        else:
            in_time = self._settle(tick, lambda: plan)
            self._replacements.accept(plan, observation.ego)
        if not in_time:
            self._events["late"] += 1

    def _failed(self, tick: Tick, reason: str) -> None:
        self._events["errors"] += 1
        self._log(f"{self._planner.name}: {reason}")
        self.refuse(tick, f"planner failed: {reason}")
