"""Drives one route and judges it. World, planner and pictures are handed in; nothing here reads files or processes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import numpy as np

from wam_ros.control import TrajectoryController
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.protocols import Environment, Planner
from wam_ros.core.timing import Deadline
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.evaluation.drive_trace import DriveTrace
from wam_ros.evaluation.event_log import EventLog
from wam_ros.evaluation.moments import Moments, Picture
from wam_ros.evaluation.outline import simplified
from wam_ros.evaluation.result import SCORES, Moment, Outcome, RouteResult
from wam_ros.evaluation.route_completion import RouteCompletion, RouteTimeout
from wam_ros.evaluation.route_task import RouteTask
from wam_ros.evaluation.step_time_table import StepTimeTable
from wam_ros.evaluation.timed_answers import TimedAnswers
from wam_ros.evaluation.virtual_clock import VirtualClock
from wam_ros.metrics.bench2drive import comfort, efficiency, is_success
from wam_ros.metrics.driving_events import DrivingEvent, RouteRecord
from wam_ros.metrics.driving_score import Rules, score_route
from wam_ros.metrics.infractions import InfractionDetector
from wam_ros.metrics.min_speed import BENCH2DRIVE_CHECKPOINTS
from wam_ros.planning import Fallback, PlanMonitor
from wam_ros.planning.route_planner import PlannedRoute
from wam_ros.runtime.loop import DriveEnd, DriveLoop, LoopSettings
from wam_ros.runtime.observers import DriveLog

_RULES = {
    "1.0": Rules.LEADERBOARD_1_0,
    "2.0": Rules.LEADERBOARD_2_0,
    "2.1": Rules.LEADERBOARD_2_1,
    "bench2drive": Rules.BENCH2DRIVE,
}
assert tuple(_RULES) == SCORES
_REASONS = 20  # most frequent ones that are told
_FIGURE = re.compile(r"-?\d+(?:\.\d+)?")
_NO_LIMIT = 1e6  # s; the route's own time limit ends the drive


@dataclass(frozen=True)
class RouteSettings:
    """How routes are driven and when they end.

    Fields:
        loop: Planning period and plan delay; its time limit is not used.
        budget_ms: Of a plan on the virtual clock; None = each plan has all the time it wants and takes none.
        step_times: What work takes on the virtual clock; all zeros by default.
        stop_at_collision: End at the first collision of our own fault.
        blocked_after: Standing so long ends the drive [s].

    """

    loop: LoopSettings = field(default_factory=lambda: LoopSettings(time_limit=_NO_LIMIT))
    budget_ms: float | None = None
    step_times: StepTimeTable = field(default_factory=StepTimeTable)
    stop_at_collision: bool = False
    blocked_after: float = 180.0


@dataclass(frozen=True)
class RouteParts:
    """What a route is driven with.

    Fields:
        environment: The world, with its truth; the caller closes it.
        planner: Ready, not yet warmed up.
        vehicle: The own one.
        lanes: Of the town.
        planned: The route.
        picture: Draws the moments of events; None = none are drawn.

    """

    environment: Environment
    planner: Planner
    vehicle: VehicleDescription
    lanes: LaneGraph
    planned: PlannedRoute
    picture: Picture | None = None


def drive_route(task: RouteTask, parts: RouteParts, settings: RouteSettings) -> RouteResult:
    """Drive once, from the start to the goal or whatever else ends it.

    Raises:
        WamError: What the world or the planner raises.

    """
    vehicle, lanes, route = parts.vehicle, parts.lanes, parts.planned.route
    clock = None if settings.budget_ms is None else VirtualClock(settings.step_times)
    answers = TimedAnswers(parts.planner, PlanMonitor(vehicle), Fallback(vehicle), clock)
    moments = None if parts.picture is None else Moments(parts.picture)
    detector = InfractionDetector(vehicle, lanes, route, blocked_after=settings.blocked_after)
    log, events = DriveLog(), EventLog(detector, moments, stop_at_collision=settings.stop_at_collision)
    completion = RouteCompletion(route, vehicle)
    trace = DriveTrace(completion, parts.environment.tick_s)
    parts.planner.warm_up()
    end = DriveLoop(
        parts.environment,
        answers,
        TrajectoryController(vehicle),
        settings.loop,
        [completion, RouteTimeout(completion, lanes), trace, log, events],
        _deadlines(clock, settings.budget_ms),
        answers.plan_time,
    ).run()
    judged = _Judged(task, parts.planned, end, completion, trace, events)
    return judged.result(log, answers, settings, () if moments is None else moments.moments)


def _deadlines(clock: VirtualClock | None, budget_ms: float | None) -> Callable[[], Deadline]:
    if clock is None or budget_ms is None:
        return Deadline.unlimited
    return partial(clock.deadline, budget_ms)


@dataclass(frozen=True)
class _Judged:
    """A finished drive."""

    task: RouteTask
    planned: PlannedRoute
    end: DriveEnd
    completion: RouteCompletion
    trace: DriveTrace
    events: EventLog

    @property
    def outcome(self) -> Outcome:
        return cast("Outcome", self.end.reason)

    @property
    def percent(self) -> float:
        """The world's goal counts as the leaderboard's: it lies 5 m before the end, which is under 99 % below 500 m."""
        return 100.0 if self.outcome == "goal" else self.completion.percent

    def record(self, min_speed: Sequence[DrivingEvent]) -> RouteRecord:
        happened = self.events.driving_events(self.outcome)
        return RouteRecord(self.task.id, self.percent, (*happened, *min_speed))

    def result(
        self, log: DriveLog, answers: TimedAnswers, settings: RouteSettings, moments: Sequence[Moment]
    ) -> RouteResult:
        length = self.planned.length
        slow = self.trace.min_speed_events(length)
        compared = self.trace.min_speed_events(length, BENCH2DRIVE_CHECKPOINTS, all_checkpoints=True)
        leaderboard, bench2drive = self.record(slow), self.record(compared)
        motion = self.trace.motion()
        duration, driven = self.end.duration, log.distance
        confidence, features = self.trace.confidence(self.events.events, duration, goal=self.outcome == "goal")
        delay, wall = settings.loop.delay, [round(value, 2) for value in answers.wall_ms]
        virtual = None if settings.budget_ms is None else [round(1e3 * value, 3) for value in answers.virtual_s]
        return RouteResult(
            id=self.task.id,
            town=self.task.town_name,
            traffic_seed=self.task.traffic_seed,
            route_seed=self.task.route_seed,
            outcome=self.outcome,
            length_m=round(length, 2),
            route_completion=round(self.percent, 4),
            duration_s=round(duration, 3),
            driven_m=round(driven, 2),
            mean_speed=round(driven / duration, 3) if duration else 0.0,
            scores={
                name: score_route(bench2drive if name == "bench2drive" else leaderboard, rules).driving_score
                for name, rules in _RULES.items()
            },
            success=is_success(bench2drive),
            efficiency=efficiency(bench2drive),
            comfort=None if motion is None else comfort(motion),
            min_speed=tuple(event.percentage for event in slow if event.percentage is not None),
            events=tuple(self.events.events),
            plans=self.end.plans,
            late_plans=sum(took > delay + 1e-9 for took in answers.virtual_s),
            plan_ms=plan_ms(wall),
            plan_times_ms=wall,
            virtual_times_ms=virtual,
            statuses=dict(log.statuses),
            reasons=_kinds(log.reasons),
            steps=dict(self.trace.steps),
            confidence=confidence,
            features=features,
            route=simplified(self.planned.route.line.points),
            path=self.trace.path,
            moments=moments,
        )


def _kinds(reasons: Mapping[str, int]) -> dict[str, int]:
    """Reasons that differ in figures only are one."""
    kinds: Counter[str] = Counter()
    for text, count in reasons.items():
        kinds[_FIGURE.sub("#", text)] += count
    return dict(kinds.most_common(_REASONS))


def plan_ms(times: Sequence[float]) -> dict[str, float] | None:
    """Percentiles of times of plans [ms]; None where there are none."""
    if not times:
        return None
    return {f"p{share}": round(float(np.percentile(times, share)), 3) for share in (50, 99)}
