"""Decides after each pass how many units it commits, from the time left. Knows no model and no tensor.

With n passes left, this one included, the schedule says how many units to commit now. n is what the settings still
want, what the units still allow, and what fits into the time left:

    n = 1 + min(wanted, open - 1, fit),  fit = 0 if time left < p99, else 1 + floor((time left - p99) / p50)

with the percentiles of a step's time, computed anew after each pass. So a further pass is started only if a step of
p99 length would end in time, while the commits are spread over as many passes as usual steps give: hiccups do not add
up. With n = 1 everything is committed, and nothing is ever left undecided. For the same sequence of step times a later
deadline never gives fewer passes: both n and the schedule's rest grow with it (not so with early commits, which save
steps on purpose).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from wam_ros.core.timing import NS_PER_S, Deadline
from wam_ros.decoding.schedule import MaskSchedule
from wam_ros.decoding.step_times import StepTimes

_ROUNDING = 1e-6  # of a pass: an exact number of them fits


@dataclass(frozen=True)
class StepDecision:
    """What is to be done with the pass that has just ended.

    Fields:
        commit: Units to commit, at least 1.
        late: Whether these are all that is open because there is no time for the passes that were still wanted.

    """

    commit: int
    late: bool


class StepController:
    """Counts passes and open units of one answer against its deadline.

    Attributes:
        open_units: Units not committed yet.
        steps_done: Passes made.
        steps_planned: Passes that the settings want; fewer after an early commit.
        step_times: What was known of step times and what was measured since. A step lasts from one decision to the
            next, so nothing of the loop is left out.

    """

    def __init__(
        self, units: int, steps: int, schedule: MaskSchedule, deadline: Deadline, step_times: StepTimes
    ) -> None:
        self.open_units = units
        self.steps_done = 0
        self.steps_planned = steps
        self.step_times = step_times
        self._units = units
        self._schedule = schedule
        self._deadline = deadline
        self._step_began_ns: int | None = None
        self._cut = False

    def start(self) -> None:
        """The first pass begins now. It is made whatever the time."""
        self._step_began_ns = self._deadline.clock()

    def decide(self) -> StepDecision:
        """Call once after each pass, once its results are there."""
        assert self._step_began_ns is not None, "start comes before the first decision"
        assert self.open_units > 0, "nothing left to decide"
        self._deadline.worked("pass", self.open_units)
        now_ns = self._deadline.clock()
        self.step_times = self.step_times.observed((now_ns - self._step_began_ns) / NS_PER_S)
        self._step_began_ns = now_ns
        self.steps_done += 1
        wanted = min(self.steps_planned - self.steps_done, self.open_units - 1)
        fit = self._passes_that_fit(now_ns)
        self._cut |= fit < wanted
        commit = self._schedule.commits(self.open_units, self._units, 1 + min(wanted, fit))
        self.open_units -= commit
        return StepDecision(commit, late=fit == 0 and wanted > 0)

    def commit_early(self, more: int) -> None:
        """`more` units are committed beyond the decision.

        Passes that lose their units are then no longer planned; those that time has taken before still count as such.

        """
        assert 0 <= more <= self.open_units, f"{more} more of {self.open_units} units"
        self.open_units -= more
        if not self._cut:
            self.steps_planned = min(self.steps_planned, self.steps_done + self.open_units)

    def _passes_that_fit(self, now_ns: int) -> int:
        if self._deadline.at_ns is None:
            return self._units
        left = (self._deadline.at_ns - now_ns) / NS_PER_S
        last, usual = self.step_times.p99, self.step_times.p50
        if left <= 0.0 or left < last:
            return 0
        return self._units if usual <= 0.0 else min(self._units, 1 + math.floor((left - last) / usual + _ROUNDING))
