"""The one place that says which value of a plan goes into which field of wam_ros/Trajectory and wam_ros/PlanTiming.

Plain mappings, so that messages of the rosbags library and of ROS can both be made from them or compared with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from wam_ros.bags.definitions import message_from_fields
from wam_ros.core.geometry import Array
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.core.timing import NS_PER_S

TRAJECTORY_TYPE = "wam_ros/msg/Trajectory"
TIMING_TYPE = "wam_ros/msg/PlanTiming"


@dataclass(frozen=True)
class PlanTimes:
    """Where the time went; NaN = not measured, as in a replay without a clock.

    Fields:
        budget_ms: Allowed from receipt to publishing [ms].
        latency_ms: Taken [ms].
        input_age_ms: Of the image at receipt [ms].
        overrun_ms: Latency minus budget [ms].
        wait_ms, planner_ms, monitor_ms: Parts of the latency [ms].

    """

    budget_ms: float = math.nan
    latency_ms: float = math.nan
    input_age_ms: float = math.nan
    overrun_ms: float = math.nan
    wait_ms: float = math.nan
    planner_ms: float = math.nan
    monitor_ms: float = math.nan


NOT_MEASURED = PlanTimes()


def trajectory_fields(plan: Plan, times: PlanTimes = NOT_MEASURED, z: float = 0.0) -> dict[str, Any]:
    """The fields of wam_ros/Trajectory; waypoints are at height z [m]."""
    return {
        "header": _header(plan.trajectory),
        "points": _points(plan.trajectory, plan.waypoint_confidence, z),
        "confidence": math.nan if plan.confidence is None else float(plan.confidence),
        "calibrated": plan.calibrated,
        "status": int(plan.status),
        "reason": plan.reason,
        "steps_done": plan.steps_done,
        "steps_planned": plan.steps_planned,
        "budget_ms": times.budget_ms,
        "latency_ms": times.latency_ms,
        "input_age_ms": times.input_age_ms,
        "planner": plan.planner,
        "weights_hash": plan.weights_hash,
    }


def timing_fields(plan: Plan, times: PlanTimes, *, planned: bool, rejected: bool, steps_done: int) -> dict[str, Any]:
    """The fields of wam_ros/PlanTiming of a replay, which has no clock: times of receipt and publishing are 0."""
    return {
        "header": _header(plan.trajectory),
        "received_ns": 0,
        "published_ns": 0,
        "budget_ms": times.budget_ms,
        "overrun_ms": times.overrun_ms,
        "wait_ms": times.wait_ms,
        "planner_ms": times.planner_ms,
        "monitor_ms": times.monitor_ms,
        "planned": planned,
        "rejected": rejected,
        "steps_done": steps_done,
        "superseded": 0,
    }


def trajectory_message(plan: Plan, times: PlanTimes = NOT_MEASURED, z: float = 0.0) -> Any:
    """A plan as wam_ros/Trajectory of the rosbags library."""
    return message_from_fields(TRAJECTORY_TYPE, trajectory_fields(plan, times, z))


def _header(trajectory: Trajectory) -> dict[str, Any]:
    return {"stamp": _time(trajectory.stamp_ns), "frame_id": trajectory.frame_id}


def _time(nanoseconds: int) -> dict[str, int]:
    return {"sec": nanoseconds // NS_PER_S, "nanosec": nanoseconds % NS_PER_S}


def _points(trajectory: Trajectory, confidence: Array | None, z: float) -> list[dict[str, Any]]:
    points = []
    for index, time in enumerate(trajectory.times):
        x, y = trajectory.positions[index]
        half = 0.5 * float(trajectory.headings[index])
        points.append(
            {
                "time_from_start": _time(round(float(time) * NS_PER_S)),
                "pose": {
                    "position": {"x": float(x), "y": float(y), "z": z},
                    "orientation": {"x": 0.0, "y": 0.0, "z": math.sin(half), "w": math.cos(half)},
                },
                "velocity": float(trajectory.speeds[index]),
                "acceleration": float(trajectory.accelerations[index]),
                "heading_rate": float(trajectory.heading_rates[index]),
                "confidence": math.nan if confidence is None else float(confidence[index]),
            }
        )
    return points
