"""wam_ros/PlanTiming of plans that were made without a clock, as objects of the rosbags library."""

from __future__ import annotations

import math
from typing import Any

from wam_ros.bags.definitions import MESSAGES, make_message
from wam_ros.runtime.checked_planner import Answer

TRAJECTORY_TYPE = "wam_ros/msg/Trajectory"
TIMING_TYPE = "wam_ros/msg/PlanTiming"


def timing_message(answer: Answer) -> Any:
    """What is known of an answer: durations are NaN, times of receipt and publishing 0."""
    path = answer.plan.trajectory
    return make_message(
        TIMING_TYPE,
        header=MESSAGES.header(path.stamp_ns, path.frame_id),
        received_ns=0,
        published_ns=0,
        budget_ms=math.nan,
        overrun_ms=math.nan,
        wait_ms=math.nan,
        planner_ms=math.nan,
        monitor_ms=math.nan,
        planned=answer.planned,
        rejected=answer.rejected,
        steps_done=answer.steps_done,
        superseded=0,
    )
