"""Plans to the messages that only the node sends: pure functions, no node, no clock.

All other messages of core types are made by core/to_messages.py; the way back is core/from_messages.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Path

from wam_ros.core.plan import Plan, Trajectory
from wam_ros.core.timing import NS_PER_S
from wam_ros.msg import TrajectoryCandidate, TrajectoryCandidates
from wam_ros.ros.message_types import MESSAGES


def header_of(trajectory: Trajectory) -> Any:
    """Stamp and frame of a trajectory."""
    return MESSAGES.header(trajectory.stamp_ns, trajectory.frame_id)


def candidates_message(plan: Plan, z: float = 0.0) -> Any:
    """A plan's candidates as wam_ros/TrajectoryCandidates."""
    return TrajectoryCandidates(
        header=header_of(plan.trajectory),
        candidates=[
            TrajectoryCandidate(points=MESSAGES.trajectory_points(c.trajectory, c.confidence, z), score=c.score)
            for c in plan.candidates
        ],
        planner=plan.planner,
        weights_hash=plan.weights_hash,
    )


def path_message(trajectory: Trajectory, points: Sequence[Any]) -> Any:
    """A trajectory and its points, as made by `trajectory_points`, as nav_msgs/Path; each pose has its own stamp."""
    poses = [
        PoseStamped(
            header=MESSAGES.header(trajectory.stamp_ns + round(float(time) * NS_PER_S), trajectory.frame_id),
            pose=point.pose,
        )
        for time, point in zip(trajectory.times, points)
    ]
    return Path(header=header_of(trajectory), poses=poses)
