"""Runs the real node with planners that misbehave: `python -m test.ros.planners --ros-args -p planner:=... `.

Which fault comes from the environment variable FAULT.
"""

from __future__ import annotations

import math
import os
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np

from wam_ros.core import Candidate, CanonicalCamera, Deadline, Observation, Plan, PlannerError, Trajectory
from wam_ros.planning import ConstantVelocityPlanner
from wam_ros.ros.planner_main import main

TIMES = 0.5 * np.arange(1, 9)


class FaultyPlanner(ConstantVelocityPlanner):
    """Constant velocity; what FAULT names happens in every plan, faults from the fourth on."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault
        self.calls = 0

    @property
    def camera(self) -> CanonicalCamera | None:
        if self.fault != "needs_image":
            return None
        return CanonicalCamera(80, 45, 30.0, 40.0, 22.5, height_above_ground=2.4)

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:  # noqa: C901  # one case a fault
        self.calls += 1
        plan = super().plan(observation, deadline)
        if self.calls < 4 and self.fault not in {"needs_image", "candidates"}:
            return plan
        match self.fault:
            case "late":
                time.sleep(0.150)
            case "hang":
                time.sleep(1e6)
            case "hang_in_python":
                while True:
                    pass
            case "raise":
                msg = "list index out of range"
                raise IndexError(msg)
            case "cannot":
                msg = "no way ahead"
                raise PlannerError(msg)
            case "nan":
                path = plan.trajectory
                positions = path.positions.copy()
                positions[3] = math.nan
                bad = Trajectory(
                    path.frame_id,
                    path.stamp_ns,
                    path.times,
                    positions,
                    path.headings,
                    path.speeds,
                    path.speeds,
                    path.speeds,
                )
                return Plan(bad, self.name)
            case "candidates":
                values = np.linspace(0.9, 0.2, 8)
                others = tuple(Candidate(plan.trajectory, score, values) for score in (0.8, 0.3))
                return replace(plan, waypoint_confidence=values, confidence=0.6, calibrated=True, candidates=others)
            case "needs_image":
                image = observation.images["front"]
                assert image.pixels.shape == (45, 80, 3), image.pixels.shape
                assert image.encoding == "rgb8"
        return plan


def make(_config: Any, _vehicle: Any) -> FaultyPlanner:
    return FaultyPlanner(os.environ["FAULT"])


if __name__ == "__main__":
    sys.exit(main(make=make))
