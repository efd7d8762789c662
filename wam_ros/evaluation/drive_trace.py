"""How a drive went, tick by tick: the path, the plans, how fast the others were. Observes and decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.core.plan_features import PlanFeatures
from wam_ros.core.scene import ActorKind
from wam_ros.core.timing import NS_PER_S
from wam_ros.evaluation.result import RouteEvent
from wam_ros.evaluation.route_completion import RouteCompletion
from wam_ros.metrics.bench2drive import Motion
from wam_ros.metrics.driving_events import DrivingEvent
from wam_ros.metrics.min_speed import LEADERBOARD_CHECKPOINTS, min_speed_events
from wam_ros.runtime.loop import DriveTick

_PATH_EVERY = 0.5  # s
_MOTION_EVERY = 0.1  # s
AHEAD_S = 4.0
"""After a plan, in which it may go wrong."""
STANDSTILLS = ("stopped_at_green", "blocked")
"""Tiresome, and ends a drive in time, but nothing that the next 4 s of a plan bring about: no infraction of its."""
_TRAFFIC = (ActorKind.VEHICLE, ActorKind.BICYCLE)
_FEWEST = 3  # samples of motion that comfort can be told of


class DriveTrace:
    """Keeps a drive.

    Args:
        completion: Of the route; it must be told of each tick before.
        tick_s: Of the world [s].

    """

    def __init__(self, completion: RouteCompletion, tick_s: float) -> None:
        self._completion = completion
        self._path_stride = max(round(_PATH_EVERY / tick_s), 1)
        self._motion_stride = max(round(_MOTION_EVERY / tick_s), 1)
        self._begun_ns: int | None = None
        self._progress: list[float] = []
        self._speeds: list[float] = []
        self._traffic: list[float] = []
        self._motion: list[tuple[float, float, float, float]] = []
        self._confidence: list[tuple[float, float, PlanFeatures]] = []
        self.path: list[tuple[float, float, float, float]] = []
        self.steps: Counter[str] = Counter()

    def on_tick(self, tick: DriveTick) -> None:
        """Note what is now."""
        ego = tick.ego
        self._begun_ns = ego.stamp_ns if self._begun_ns is None else self._begun_ns
        time_s = (ego.stamp_ns - self._begun_ns) / NS_PER_S
        self._progress.append(self._completion.arc_length)
        self._speeds.append(ego.speed)
        others = [] if tick.scene is None else [one.speed for one in tick.scene.actors if one.kind in _TRAFFIC]
        self._traffic.append(float(np.mean(others)) if others else float("nan"))
        if tick.index % self._path_stride == 0:
            figures = (time_s, ego.pose.x, ego.pose.y, ego.speed)
            self.path.append(tuple(round(value, 2) for value in figures))  # type: ignore[arg-type]  # four of them
        if tick.index % self._motion_stride == 0:
            cos, sin = np.cos(ego.pose.yaw), np.sin(ego.pose.yaw)
            along, across = ego.acceleration, ego.lateral_acceleration
            x, y = along * cos - across * sin, along * sin + across * cos
            self._motion.append((float(x), float(y), ego.pose.yaw, ego.yaw_rate))
        if tick.answer is not None and tick.answer.planned:
            self.steps[str(tick.answer.steps_done)] += 1
            plan = tick.answer.plan
            if plan.confidence is not None and plan.waypoint_confidence is not None and not tick.answer.rejected:
                features = PlanFeatures.of(plan.trajectory, plan.waypoint_confidence)
                self._confidence.append((time_s, plan.confidence, features))

    def motion(self) -> Motion | None:
        """At 10 Hz; None where the drive was too short."""
        if len(self._motion) < _FEWEST:
            return None
        values: Array = np.array(self._motion)
        return Motion(values[:, :2], values[:, 2], values[:, 3])

    def min_speed_events(
        self, route_length: float, checkpoints: int = LEADERBOARD_CHECKPOINTS, *, all_checkpoints: bool = False
    ) -> tuple[DrivingEvent, ...]:
        """Against the traffic that the world's truth shows; see `metrics.min_speed`."""
        return min_speed_events(
            self._progress, self._speeds, self._traffic, route_length, checkpoints, all_checkpoints=all_checkpoints
        )

    def confidence(
        self, events: Sequence[RouteEvent], end_s: float, *, goal: bool
    ) -> tuple[list[tuple[float, float, int]], list[list[float]]]:
        """(time, confidence, whether we did wrong in the next 4 s) of plans for which that is known; their features.

        Beyond the goal nothing goes wrong; a drive that ended otherwise tells nothing of what would have come.
        """
        wrong = [event.time_s for event in events if event.at_fault and event.kind not in STANDSTILLS]
        told, known = [], []
        for time_s, overall, features in self._confidence:
            bad = any(time_s < at <= time_s + AHEAD_S for at in wrong)
            if bad or goal or time_s + AHEAD_S <= end_s:
                told.append((round(time_s, 2), round(overall, 4), int(bad)))
                known.append([round(value, 4) for value in features])
        return told, known
