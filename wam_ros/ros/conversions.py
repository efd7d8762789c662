"""Core types to messages: pure functions, no node, no clock. The way back is core/from_messages.py."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from nav_msgs.msg import Path
from std_msgs.msg import Header

from wam_ros.core.geometry import Array
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.core.timing import NS_PER_S
from wam_ros.msg import Trajectory as TrajectoryMessage
from wam_ros.msg import TrajectoryCandidate, TrajectoryCandidates, TrajectoryPoint


def stamp_from_ns(stamp_ns: int) -> Any:
    """Nanoseconds as a builtin_interfaces/Time."""
    return Time(sec=stamp_ns // NS_PER_S, nanosec=stamp_ns % NS_PER_S)


def trajectory_points(trajectory: Trajectory, confidence: Array | None, z: float) -> list[Any]:
    """Waypoints as wam_ros/TrajectoryPoint, at height z [m]."""
    points = []
    for index, time in enumerate(trajectory.times):
        x, y = trajectory.positions[index]
        half = 0.5 * float(trajectory.headings[index])
        whole_ns = round(float(time) * NS_PER_S)
        points.append(
            TrajectoryPoint(
                time_from_start=Duration(sec=whole_ns // NS_PER_S, nanosec=whole_ns % NS_PER_S),
                pose=Pose(
                    position=Point(x=float(x), y=float(y), z=z),
                    orientation=Quaternion(z=math.sin(half), w=math.cos(half)),
                ),
                velocity=float(trajectory.speeds[index]),
                acceleration=float(trajectory.accelerations[index]),
                heading_rate=float(trajectory.heading_rates[index]),
                confidence=math.nan if confidence is None else float(confidence[index]),
            )
        )
    return points


def header_of(trajectory: Trajectory) -> Any:
    """Stamp and frame of a trajectory."""
    return Header(stamp=stamp_from_ns(trajectory.stamp_ns), frame_id=trajectory.frame_id)


def trajectory_message(plan: Plan, z: float = 0.0) -> Any:
    """A plan as wam_ros/Trajectory; budget, latency and input age are the sender's to fill in."""
    return TrajectoryMessage(
        header=header_of(plan.trajectory),
        points=trajectory_points(plan.trajectory, plan.waypoint_confidence, z),
        confidence=math.nan if plan.confidence is None else plan.confidence,
        calibrated=plan.calibrated,
        status=int(plan.status),
        reason=plan.reason,
        steps_done=plan.steps_done,
        steps_planned=plan.steps_planned,
        planner=plan.planner,
        weights_hash=plan.weights_hash,
    )


def candidates_message(plan: Plan, z: float = 0.0) -> Any:
    """A plan's candidates as wam_ros/TrajectoryCandidates."""
    return TrajectoryCandidates(
        header=header_of(plan.trajectory),
        candidates=[
            TrajectoryCandidate(points=trajectory_points(c.trajectory, c.confidence, z), score=c.score)
            for c in plan.candidates
        ],
        planner=plan.planner,
        weights_hash=plan.weights_hash,
    )


def path_message(trajectory: Trajectory, points: Sequence[Any]) -> Any:
    """A trajectory and its points, as made by `trajectory_points`, as nav_msgs/Path; each pose has its own stamp."""
    header = header_of(trajectory)
    poses = [
        PoseStamped(
            header=Header(
                stamp=stamp_from_ns(trajectory.stamp_ns + round(float(time) * NS_PER_S)), frame_id=header.frame_id
            ),
            pose=point.pose,
        )
        for time, point in zip(trajectory.times, points)
    ]
    return Path(header=header, poses=poses)
