"""The loop that drives any world in process: read, decide, write. Observers record; the loop does not.

The ROS nodes do the same over topics. Nothing here measures or waits for the wall clock except to tell where it went.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from wam_ros.control.plan_schedule import PlanSchedule
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import ConfigError
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Controller, Environment
from wam_ros.core.scene import Scene
from wam_ros.core.timing import NS_PER_S, Deadline
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.runtime.checked_planner import Answer, CheckedPlanner

_SAME_TIME = 1e-3  # s


@dataclass(frozen=True)
class LoopSettings:
    """How often is planned, and when a plan takes effect.

    Fields:
        planning_period: Between observations that are planned for [s], a whole number of the world's ticks.
        plan_delay: The plan of the image at t is followed from t + plan_delay on [s]; None = one planning period.
        time_limit: Simulated time after which the drive ends [s].

    """

    planning_period: float = 0.1
    plan_delay: float | None = None
    time_limit: float = 600.0

    def __post_init__(self) -> None:
        if not self.planning_period > 0.0 or not self.time_limit > 0.0 or self.delay < 0.0:
            msg = (
                f"planning period {self.planning_period} s, plan delay {self.delay} s, time limit {self.time_limit} s: "
                "wanted positive, and a delay of 0 or more"
            )
            raise ConfigError(msg)

    @property
    def delay(self) -> float:
        """When a plan takes effect after its image [s]."""
        return self.planning_period if self.plan_delay is None else self.plan_delay


@dataclass(frozen=True, eq=False)
class DriveTick:
    """One tick of the world, as observers are told of it before the command acts.

    Fields:
        index: Number of the tick, from 0.
        observation: What was seen; its images are empty at ticks without a due camera.
        scene: The truth, where the world knows it.
        answer: The plan made at this tick, or None: planning was not due.
        followed: The plan that the command follows, or None: none is in effect yet.
        command: What the vehicle is told.

    """

    index: int
    observation: Observation
    scene: Scene | None
    answer: Answer | None
    followed: Plan | None
    command: VehicleCommand

    @property
    def ego(self) -> EgoState:
        """The own vehicle at this tick."""
        return self.observation.ego


@dataclass(frozen=True)
class DriveEnd:
    """How a drive ended.

    Fields:
        reason: "goal" or whatever else the world ended with, "time limit", or "stopped by NAME", an observer.
        duration: Simulated time [s].
        ticks: Ticks of the world.
        plans: Plans made.
        parts_s: Wall time by part of the loop [s].

    """

    reason: str
    duration: float
    ticks: int
    plans: int
    parts_s: dict[str, float] = field(default_factory=dict)


class DriveObserver(Protocol):
    """Is told what happens; may end the drive."""

    def on_tick(self, tick: DriveTick) -> str | None:
        """After the decision, before the command acts; a text ends the drive with that reason."""


class DriveLoop:
    """Drives a world with a planner and a controller until the world, the time limit or an observer ends it.

    Args:
        environment: The world; its clock stands still while we think.
        planner: Answers each observation that is planned for.
        controller: Follows the plan that is in effect.
        settings: Periods and limits.
        observers: Told of each tick, in order.
        deadline: Makes each plan's deadline; plans of unlimited time do not depend on the machine's load.
        plan_time: What the latest plan took in the world's time [s], asked after each. What exceeds the plan delay
            makes the plan take effect that much later, and no image is planned for before it is done.

    Raises:
        ConfigError: The planning period is no whole number of the world's ticks.

    """

    def __init__(
        self,
        environment: Environment,
        planner: CheckedPlanner,
        controller: Controller,
        settings: LoopSettings | None = None,
        observers: Sequence[DriveObserver] = (),
        deadline: Callable[[], Deadline] = Deadline.unlimited,
        plan_time: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._environment = environment
        self._planner = planner
        self._controller = controller
        self._settings = LoopSettings() if settings is None else settings
        self._observers = tuple(observers)
        self._deadline = deadline
        self._plan_time = plan_time
        self._took = 0.0
        self._plans = 0
        self._parts: defaultdict[str, float] = defaultdict(float)
        _require_whole(self._settings.planning_period, environment.tick_s)

    def run(self) -> DriveEnd:
        """Drive once, from a reset to the end.

        Raises:
            WamError: What the world raises.

        """
        with self._timed("reset"):
            observation = self._environment.reset()
            self._planner.reset()
            self._controller.reset()
        schedule = PlanSchedule(self._settings.delay, self._settings.planning_period)
        self._plans, self._took, index = 0, 0.0, 0
        begun_ns = observation.stamp_ns
        planned_ns: int | None = None
        has_cameras = bool(observation.images)
        while True:
            due = self._is_due(observation, planned_ns) and bool(observation.images) is has_cameras
            planned_ns = observation.stamp_ns if due else planned_ns
            tick = self._decide(index, observation, schedule, due=due)
            reason = self._tell(tick)
            elapsed = (observation.stamp_ns - begun_ns) / NS_PER_S
            if reason is None and elapsed >= self._settings.time_limit:
                reason = "time limit"
            if reason is not None:
                return self._end(reason, elapsed, index)
            with self._timed("world"):
                going = self._environment.apply(tick.command)
            index += 1
            if not going:
                return self._end("goal", elapsed + self._environment.tick_s, index)
            with self._timed("observe"):
                observation = self._environment.observe()

    def _is_due(self, observation: Observation, planned_ns: int | None) -> bool:
        """Whether the planner is free and a planning period has gone by; worlds add up their time in floats."""
        if planned_ns is None:
            return True
        slack = 0.5 * self._environment.tick_s
        wanted = max(self._settings.planning_period - slack, self._took - _SAME_TIME)
        return (observation.stamp_ns - planned_ns) / NS_PER_S >= wanted

    def _decide(self, index: int, observation: Observation, schedule: PlanSchedule, *, due: bool) -> DriveTick:
        with self._timed("scene"):
            scene = self._environment.scene()
        answer = None
        if due:
            with self._timed("plan"):
                answer = self._planner.answer(observation, self._deadline())
            self._took = self._plan_time()
            schedule.add(answer.plan, self._took)
            self._plans += 1
        with self._timed("control"):
            followed = schedule.in_effect(observation.stamp_ns)
            command = self._controller.control(observation.ego, followed)
        return DriveTick(index, observation, scene, answer, followed, command)

    def _tell(self, tick: DriveTick) -> str | None:
        with self._timed("observers"):
            reasons = [observer.on_tick(tick) for observer in self._observers]
        return next((reason for reason in reasons if reason is not None), None)

    def _end(self, reason: str, duration: float, ticks: int) -> DriveEnd:
        return DriveEnd(reason, duration, ticks, self._plans, dict(self._parts))

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._parts[part] += time.perf_counter() - begun


def _require_whole(planning_period: float, tick: float) -> None:
    ticks = round(planning_period / tick)
    if ticks < 1 or abs(ticks * tick - planning_period) > 1e-6:
        msg = f"planning period {planning_period} s is no whole number of the world's ticks of {tick} s"
        raise ConfigError(msg)
