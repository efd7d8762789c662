"""The one place that says which value of a plan goes into which field of wam_ros/Trajectory and wam_ros/PlanTiming.

Plain mappings, so that messages of the rosbags library and of ROS can both be made from them or compared with them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from wam_ros.bags.definitions import message_from_fields
from wam_ros.core.errors import InputError
from wam_ros.core.from_messages import pose_from_message, stamp_to_ns
from wam_ros.core.geometry import Array
from wam_ros.core.plan import Plan, PlanStatus, Trajectory
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


def plan_from_message(message: Any) -> Plan:
    """A wam_ros/Trajectory as plan, without candidates; what 32 bits rounded off stays off.

    Raises:
        InputError: It has no waypoints, or a value of it is impossible.

    """
    points = message.points
    try:
        status = PlanStatus(int(message.status))
    except ValueError as err:
        msg = f"trajectory of status {message.status}, known: {', '.join(f'{s.name} = {s.value}' for s in PlanStatus)}"
        raise InputError(msg) from err
    poses = [pose_from_message(point.pose) for point in points]
    flat = [pose.to_se2() for pose in poses]
    trajectory = Trajectory(
        frame_id=message.header.frame_id,
        stamp_ns=stamp_to_ns(message.header.stamp),
        times=np.array([stamp_to_ns(point.time_from_start) / NS_PER_S for point in points]),
        positions=np.array([[pose.x, pose.y] for pose in flat]).reshape(-1, 2),
        headings=np.array([pose.yaw for pose in flat]),
        speeds=np.array([point.velocity for point in points]),
        accelerations=np.array([point.acceleration for point in points]),
        heading_rates=np.array([point.heading_rate for point in points]),
    )
    confidence = np.array([point.confidence for point in points], dtype=np.float64)
    return Plan(
        trajectory,
        message.planner,
        status,
        message.reason,
        message.weights_hash,
        None if np.isnan(confidence).all() else confidence,
        None if math.isnan(message.confidence) else float(message.confidence),
        bool(message.calibrated),
        int(message.steps_done),
        int(message.steps_planned),
    )


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
