"""From plan to command: tracking, engagement, and the last guard before the actuators."""

from wam_ros.control.command_guard import CommandGuard, GuardedCommand
from wam_ros.control.control_session import ControlOutput, ControlSession, SessionLimits
from wam_ros.control.engagement import Engagement, EngagementEvent, EngagementState
from wam_ros.control.plan_schedule import PlanSchedule
from wam_ros.control.settings import ControllerSettings
from wam_ros.control.trajectory_controller import TrackingReport, TrajectoryController

__all__ = [
    "CommandGuard",
    "ControlOutput",
    "ControlSession",
    "ControllerSettings",
    "Engagement",
    "EngagementEvent",
    "EngagementState",
    "GuardedCommand",
    "PlanSchedule",
    "SessionLimits",
    "TrackingReport",
    "TrajectoryController",
]
