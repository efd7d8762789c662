"""The simplest planner: go on as now. It looks at nothing but the ego's pose and speed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from wam_ros.core import CanonicalCamera, Deadline, Observation, Plan, Trajectory
from wam_ros.planning.horizon import Horizon


@dataclass(frozen=True)
class ConstantVelocityPlanner:
    """Straight ahead at the current speed; a reverse speed stays what it is."""

    horizon: Horizon = field(default_factory=Horizon)
    name: str = "constant_velocity"
    weights_hash: str = ""
    provenance: str = ""

    @property
    def camera(self) -> CanonicalCamera | None:
        """It takes no image."""
        return None

    def warm_up(self) -> None:
        """Nothing is slow the first time."""

    def reset(self) -> None:
        """Nothing is remembered."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:  # noqa: ARG002  # it takes microseconds
        """The straight line through the ego's pose."""
        ego, times = observation.ego, self.horizon.times
        direction = np.array([np.cos(ego.pose.yaw), np.sin(ego.pose.yaw)])
        still = np.zeros(len(times))
        trajectory = Trajectory(
            frame_id=ego.frame_id,
            stamp_ns=observation.stamp_ns,
            times=times,
            positions=ego.pose.position + (ego.speed * times)[:, None] * direction,
            headings=still + ego.pose.yaw,
            speeds=still + ego.speed,
            accelerations=still,
            heading_rates=still,
        )
        return Plan(trajectory, self.name, weights_hash=self.weights_hash)
