"""One start case: whether it is one (the expert is asked), and how a planner does in it. Knows only a staged world.

The rule of time: the clock begins with the first image taken when there is reason to go - at green the first of the
case, behind a lead the first at which it is 2 m away from where it stood. From then on the vehicle has 2 s to be faster
than 0.5 m/s or 0.5 m further on; the plan delay is within these 2 s. At red it has to stay for 8 s: it fails as soon as
its front bumper is over the stop line. Who touches anybody fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from wam_ros.control import TrajectoryController
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.plan import Trajectory
from wam_ros.core.protocols import Environment, Expert, Planner
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription
from wam_ros.evaluation.start_case import StartCase
from wam_ros.evaluation.start_result import StartResult
from wam_ros.evaluation.start_task import StartKind, StartTask
from wam_ros.planning import Fallback, PlanMonitor
from wam_ros.runtime.checked_planner import CheckedPlanner
from wam_ros.runtime.loop import DriveLoop, DriveTick, LoopSettings

if TYPE_CHECKING:
    from wam_ros.maps.signals import Signal  # it needs carla

LEAD_AWAY = 2.0
"""A lead that is this far from where it stood has left [m]."""
_MOVED_SPEED = 0.5  # m/s
_MOVED_DISTANCE = 0.5  # m
_WITHIN_S = 2.0
_RED_S = 8.0
_PATIENCE_S = 8.0  # for the reason to go
_LOOP = LoopSettings(time_limit=60.0)  # each case ends long before

RULES = {
    "moved": f"> {_MOVED_SPEED} m/s or >= {_MOVED_DISTANCE} m",
    "within_s": _WITHIN_S,
    "clock": f"from the first image at green, or with the lead {LEAD_AWAY} m away; plan delay included",
    "red_s": _RED_S,
    "plan_delay_s": _LOOP.delay,
    "planning_period_s": _LOOP.planning_period,
}
"""For the stamp."""


class StagedWorld(Environment, Protocol):
    """A world set up for one case."""

    @property
    def go(self) -> bool:
        """Whether there is reason to go by now; never at red."""

    @property
    def collided(self) -> bool:
        """Whether the own vehicle has touched anybody."""


@dataclass(frozen=True)
class StartParts:
    """What a case is driven with.

    Fields:
        world: Set up for the case; the caller closes it.
        vehicle: The own one.
        lanes: Of the town.

    """

    world: StagedWorld
    vehicle: VehicleDescription
    lanes: LaneGraph


def is_case(case: StartCase, parts: StartParts, expert: Expert) -> bool:
    """Whether the expert, from standing still until there is reason to go, would do what the case asks.

    No planner has a part in this, so that all planners are given the same cases.
    """
    world = parts.world
    begun_ns = world.reset().stamp_ns
    while case.kind is not StartKind.RED and not world.go:
        now_ns = world.ego().stamp_ns
        if now_ns - begun_ns > _PATIENCE_S * NS_PER_S:
            return False
        world.apply(VehicleCommand(now_ns, 0.0, 0.0, -parts.vehicle.max_deceleration))
    scene = world.scene()
    assert scene is not None, "start cases need the truth of the world"
    plan = expert.plan(scene, parts.lanes, case.planned.route)
    if case.kind is StartKind.RED:
        return _reach(plan, scene.ego) < case.distance
    return _starts(plan, scene.ego)


def drive_start(task: StartTask, case: StartCase, parts: StartParts, planner: Planner, not_cases: int) -> StartResult:
    """Drive the case once.

    Args:
        task: Which.
        case: What was drawn for it.
        parts: What with.
        planner: Asked at 10 Hz.
        not_cases: Draws before this one that were none.

    Raises:
        WamError: What the world or the planner raises.

    """
    vehicle, world = parts.vehicle, parts.world
    watch = StartWatch(case, world, vehicle)
    planner.warm_up()
    checked = CheckedPlanner(planner, PlanMonitor(vehicle), Fallback(vehicle))
    end = DriveLoop(world, checked, TrajectoryController(vehicle), _LOOP, [watch]).run()
    if end.reason != OVER:
        msg = f"{task.id}: ended with {end.reason!r} after {end.duration:.1f} s, before the case was over"
        raise InputError(msg)
    stayed = case.kind is StartKind.RED and not watch.crossed
    return StartResult(
        id=task.id,
        town=task.town_name,
        kind=task.kind.value,
        seed=case.world_seed,
        light=None if case.light is None else case.light.id,
        turn=case.planned.instruction_at(0.0),
        distance_m=round(case.distance, 3),
        moved_s=watch.moved_s,
        crossed=watch.crossed,
        creep_m=round(watch.creep_m, 3),
        collided=world.collided,
        passed=(stayed or watch.moved_s is not None) and not world.collided,
        not_cases=not_cases,
    )


OVER = "the case is over"


class StartWatch:
    """Judges a case as it is driven.

    Args:
        case: Which.
        world: Tells when there is reason to go.
        vehicle: The own one.

    """

    def __init__(self, case: StartCase, world: StagedWorld, vehicle: VehicleDescription) -> None:
        self._case = case
        self._world = world
        self._front = vehicle.wheelbase + vehicle.front_overhang
        self._first: EgoState | None = None
        self._told_to_go: EgoState | None = None
        self.moved_s: float | None = None
        self.crossed: bool | None = None if case.light is None else False
        self.creep_m = 0.0

    def on_tick(self, tick: DriveTick) -> str | None:
        """Look."""
        ego = tick.ego
        self._first = ego if self._first is None else self._first
        if self._told_to_go is None and self._world.go:
            self._told_to_go = ego
        light = self._case.light
        if light is not None:
            self.crossed = self.crossed or _beyond(light, ego, self._front)
        over = self._wait(self._first, ego) if self._told_to_go is None else self._start(self._told_to_go, ego)
        return OVER if over else None

    def _wait(self, first: EgoState, ego: EgoState) -> bool:
        self.creep_m = _driven(first, ego)
        at_red = self._case.kind is StartKind.RED
        return bool(at_red and self.crossed) or _since(first, ego) >= (_RED_S if at_red else _PATIENCE_S)

    def _start(self, told: EgoState, ego: EgoState) -> bool:
        since = _since(told, ego)
        if self.moved_s is None and (ego.speed > _MOVED_SPEED or _driven(told, ego) >= _MOVED_DISTANCE):
            self.moved_s = since
        return since >= _WITHIN_S


def _since(first: EgoState, ego: EgoState) -> float:
    return round((ego.stamp_ns - first.stamp_ns) / NS_PER_S, 3)


def _driven(first: EgoState, ego: EgoState) -> float:
    """How far ahead of its first place it is [m]; not below 0."""
    return max(float((first.pose.inverse() @ ego.pose).x), 0.0)


def _beyond(light: Signal, ego: EgoState, front: float) -> bool:
    """Whether the front bumper is over the stop line, whose left end comes first."""
    left, right = light.stop_line
    onward = np.array([left[1] - right[1], right[0] - left[0]])  # the line's direction to the left, turned right
    bumper = ego.pose.apply([[front, 0.0]])[0]
    return float((bumper - light.stop_line.mean(axis=0)) @ onward) > 0.0


def _reach(plan: Trajectory, ego: EgoState) -> float:
    """The farthest place of a plan [m]."""
    return float(np.linalg.norm(plan.positions - ego.pose.position, axis=1).max())


def _starts(plan: Trajectory, ego: EgoState) -> bool:
    soon = plan.times <= _WITHIN_S - _LOOP.delay
    far = np.linalg.norm(plan.positions - ego.pose.position, axis=1) >= _MOVED_DISTANCE
    return bool((soon & (far | (plan.speeds > _MOVED_SPEED))).any())
