"""Time that goes on by the work done, as a stored table has it: the anytime decoder on any machine, under any load."""

from __future__ import annotations

from wam_ros.core.timing import NS_PER_MS, NS_PER_S, Deadline
from wam_ros.evaluation.step_time_table import StepTimeTable

ENCODE, PASS = "encode", "pass"
"""The pieces of work that a planner tells its deadline of."""


class VirtualClock:
    """A monotonic clock [ns] for deadlines, that goes on only by the work it is told of."""

    def __init__(self, table: StepTimeTable) -> None:
        self._table = table
        self._now_ns = 0
        self._begun_ns = 0
        self._passes = 0

    def __call__(self) -> int:
        """Now [ns]."""
        return self._now_ns

    def begin_plan(self) -> None:
        """A plan's work begins."""
        self._begun_ns, self._passes = self._now_ns, 0

    def worked(self, work: str, units: int) -> None:
        """Go on by what this piece of work takes; see `core.timing.WorkListener`."""
        if work == ENCODE:
            self._advance(self._table.encode_ms)
        elif work == PASS:
            self._advance(self._table.of_step(units) if self._passes else self._table.first_pass_ms)
            self._passes += 1
        else:
            msg = f"a planner did {work!r}, wanted {ENCODE!r} or {PASS!r}"
            raise AssertionError(msg)

    def end_plan(self) -> float:
        """What the plan took in all [s], the rest included."""
        self._advance(self._table.rest_ms)
        return (self._now_ns - self._begun_ns) / NS_PER_S

    def deadline(self, budget_ms: float) -> Deadline:
        """A deadline by this clock, from now; the rest of the plan is kept in reserve."""
        reserve_s = self._table.rest_ms / 1e3
        return Deadline.after(budget_ms / 1e3, self, self.worked).earlier(reserve_s)

    def _advance(self, milliseconds: float) -> None:
        self._now_ns += round(milliseconds * NS_PER_MS)
