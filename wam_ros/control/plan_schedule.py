"""Which plan is followed when: the plan of the image at t takes effect at t + delay, or later where it took longer.

It knows no clock and no vehicle.

The loop in process and the node `controller` both ask here, so that they drive the same path.
"""

from __future__ import annotations

import bisect
import math
from typing import Literal

from wam_ros.core.errors import ConfigError
from wam_ros.core.plan import Plan
from wam_ros.core.timing import NS_PER_MS, NS_PER_S

_SAME_TIME_NS = NS_PER_MS  # stamps this close together are the same tick: worlds add up their time in floats


class PlanSchedule:
    """Plans by the stamps of their images.

    Args:
        delay: From an image to the moment its plan takes effect [s].
        period: Between planned images [s]; only `due` needs it.

    Raises:
        ConfigError: The delay is negative, the period is not positive, or one of them is not finite.

    """

    def __init__(self, delay: float, period: float = 0.1) -> None:
        if not (math.isfinite(delay) and delay >= 0.0 and math.isfinite(period) and period > 0.0):
            msg = f"plan delay {delay} s, planning period {period} s: wanted a delay of 0 or more, a period above 0"
            raise ConfigError(msg)
        self._delay_ns = round(delay * NS_PER_S)
        self._period_ns = round(period * NS_PER_S)
        self._stamps: list[int] = []
        self._ready_ns: list[int] = []  # when each takes effect
        self._plans: list[Plan] = []
        self._first_ns: int | None = None

    def reset(self) -> None:
        """Forget all plans: a new drive begins."""
        self._stamps.clear()
        self._ready_ns.clear()
        self._plans.clear()
        self._first_ns = None

    def add(self, plan: Plan, took: float = 0.0) -> None:
        """Remember a plan that took so long [s] to make.

        Of two with the same stamp the later one counts. The order of arrival does not matter.
        """
        stamp_ns = plan.trajectory.stamp_ns
        ready_ns = stamp_ns + max(self._delay_ns, round(took * NS_PER_S))
        index = bisect.bisect_left(self._stamps, stamp_ns)
        if index < len(self._stamps) and self._stamps[index] == stamp_ns:
            self._plans[index], self._ready_ns[index] = plan, ready_ns
        else:
            self._stamps.insert(index, stamp_ns)
            self._ready_ns.insert(index, ready_ns)
            self._plans.insert(index, plan)

    def in_effect(self, stamp_ns: int) -> Plan | None:
        """The newest plan in effect at `stamp_ns`: its image is at least `delay` old, or what it took. None = no such.

        Older plans are forgotten: ask in order of time.
        """
        ready = [index for index, ready_ns in enumerate(self._ready_ns) if ready_ns <= stamp_ns + _SAME_TIME_NS]
        if not ready:
            return None
        newest = ready[-1]
        del self._stamps[:newest], self._ready_ns[:newest], self._plans[:newest]
        return self._plans[0]

    def due(self, stamp_ns: int) -> Plan | Literal["wait"] | None:
        """The plan to follow at `stamp_ns` in lockstep.

        A plan whose image lies in (stamp - delay - period, stamp - delay]; "wait" while it has not come; None before
        the first stamp ever asked for plus `delay`, when no plan can be due.
        """
        if self._first_ns is None:
            self._first_ns = stamp_ns
        if stamp_ns - self._delay_ns + _SAME_TIME_NS < self._first_ns:
            return None
        plan = self.in_effect(stamp_ns)
        oldest_ns = stamp_ns - self._delay_ns - self._period_ns + _SAME_TIME_NS
        if plan is None or plan.trajectory.stamp_ns <= oldest_ns:
            return "wait"
        return plan
