"""A planner of known step times: constant velocity, told to take as long as a decoder would. For benchmarks."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan, PlanStatus
from wam_ros.core.timing import NS_PER_S, Deadline
from wam_ros.planning.constant_velocity import ConstantVelocityPlanner

_FORGET = 0.999  # per step
_WORK = 128  # side of the matrices that a step multiplies: like a network it computes and lets other threads run


class TimedPlanner:
    """Anytime: does up to `steps` steps of `step_s`, and ends when one as long as the longest of late would not fit.

    Args:
        steps: Steps of a full plan.
        step_s: Time of each [s]; it is spent computing.
        stall_every: Each n-th plan's first step takes `stall_s` longer, as if the machine had hiccuped; 0 = none.
        stall_s: That much longer [s].

    """

    name = "timed"
    weights_hash = ""
    provenance = ""
    camera: CanonicalCamera | None = None

    def __init__(self, steps: int, step_s: float, stall_every: int = 0, stall_s: float = 0.0) -> None:
        if steps < 1 or not step_s > 0.0:
            msg = f"{steps} steps of {step_s} s, wanted at least one step of some time"
            raise ConfigError(msg)
        self._inner = ConstantVelocityPlanner()
        self._steps = steps
        self._step_s = step_s
        self._stall_every = stall_every
        self._stall_s = stall_s
        self._plans = 0
        self._longest_s = step_s  # what a step has lately taken at most: on a busy machine more than it should
        self._matrix = np.random.default_rng(0).normal(size=(_WORK, _WORK))

    def warm_up(self) -> None:
        """Let the matrix library load."""
        self._compute(self._step_s)

    def reset(self) -> None:
        """Nothing is remembered of the drive."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        """A constant velocity plan after as many steps as fit; the first is always done."""
        self._plans += 1
        stalls = self._stall_every > 0 and self._plans % self._stall_every == 0
        self._compute(self._step_s + (self._stall_s if stalls else 0.0))
        done = 1
        while done < self._steps and deadline.remaining_s() >= self._longest_s:
            took_s = self._compute(self._step_s)
            self._longest_s = max(took_s, _FORGET * self._longest_s)
            done += 1
        plan = replace(
            self._inner.plan(observation, deadline), planner=self.name, steps_done=done, steps_planned=self._steps
        )
        if done == self._steps:
            return plan
        return plan.with_status(PlanStatus.ANYTIME, f"deadline: {done} of {self._steps} steps")

    def _compute(self, seconds: float) -> float:
        begun_ns = time.monotonic_ns()
        end_ns = begun_ns + round(seconds * NS_PER_S)
        while time.monotonic_ns() < end_ns:
            self._matrix @ self._matrix  # only the time that it takes is wanted
        return (time.monotonic_ns() - begun_ns) / NS_PER_S
