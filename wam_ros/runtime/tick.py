"""One planning tick: what came in, what went out, where the time went."""

from __future__ import annotations

from dataclasses import dataclass, field

from wam_ros.core.errors import ConfigError
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan
from wam_ros.core.timing import NS_PER_MS, NS_PER_S


@dataclass(frozen=True)
class TimeBudget:
    """How the time from receipt of an image to its published plan is shared out.

    Fields:
        total_s: From receipt to publishing.
        guard_margin_s: The guard acts this long before the end; it covers waking up and publishing.
        finish_margin_s: The planner is asked to end this long before the guard acts; it covers the monitor.

    """

    total_s: float = 0.080
    guard_margin_s: float = 0.008
    finish_margin_s: float = 0.004

    def __post_init__(self) -> None:
        if min(self.total_s, self.guard_margin_s, self.finish_margin_s) < 0.0 or self.planner_s <= 0.0:
            msg = (
                f"a budget of {self.total_s * 1e3:g} ms leaves the planner no time after the margins of "
                f"{self.guard_margin_s * 1e3:g} ms and {self.finish_margin_s * 1e3:g} ms; raise budget_ms"
            )
            raise ConfigError(msg)

    def for_late_guard(self, lateness_s: float) -> TimeBudget:
        """The same budget for a machine on which the guard wakes up this late: it acts that much earlier.

        At most half of the planner's time is given up for it.
        """
        extra = min(lateness_s, 0.5 * self.planner_s)
        return TimeBudget(self.total_s, self.guard_margin_s + extra, self.finish_margin_s)

    @property
    def guard_s(self) -> float:
        """From receipt until the guard acts [s]."""
        return self.total_s - self.guard_margin_s

    @property
    def planner_s(self) -> float:
        """From receipt until the planner is asked to be done [s]."""
        return self.guard_s - self.finish_margin_s


@dataclass
class Tick:
    """One image's way through the service. Fields below the line change under the service's lock only.

    Fields:
        number: Order of arrival.
        stamp_ns: Stamp of the image.
        received_ns: Monotonic clock at receipt.
        input_age_s: Age of the image at receipt by the node's clock; None for a tick without an image.
        budget: The time allowed.
        situation: Ego state and route at the stamp, without images, once known.
        waiting_for: What the tick waits for before planning can begin; told if the deadline comes first.

    """

    number: int
    stamp_ns: int
    received_ns: int
    input_age_s: float | None
    budget: TimeBudget
    situation: Observation | None = None
    waiting_for: str = ""
    # ---
    settled: bool = field(default=False)
    started_ns: int | None = None
    planner_s: float | None = None
    monitor_s: float = 0.0
    planned: bool = False
    steps_done: int = 0
    rejected: bool = False

    @property
    def deadline_ns(self) -> int:
        """Monotonic time by which the plan is published."""
        return self.received_ns + round(self.budget.total_s * NS_PER_S)

    def elapsed_ms(self, now_ns: int) -> float:
        """Since receipt [ms]."""
        return (now_ns - self.received_ns) / NS_PER_MS


@dataclass(frozen=True)
class TickResult:
    """A plan to be published, with the tick that it answers."""

    tick: Tick
    plan: Plan
