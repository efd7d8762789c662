"""The loop around a planner: ticks, time budget, guard, and the gathering of inputs. Knows nothing of ROS."""

from wam_ros.runtime.intake import Intake, IntakeLimits
from wam_ros.runtime.odometry_buffer import OdometryBuffer, OdometryLimits
from wam_ros.runtime.service import PlanningService, ServiceHealth
from wam_ros.runtime.stamp_matcher import StampMatcher
from wam_ros.runtime.tick import Tick, TickResult, TimeBudget

__all__ = [
    "Intake",
    "IntakeLimits",
    "OdometryBuffer",
    "OdometryLimits",
    "PlanningService",
    "ServiceHealth",
    "StampMatcher",
    "Tick",
    "TickResult",
    "TimeBudget",
]
