"""Baselines, the plan monitor, the fallback and the camera warp: everything about plans that needs no ROS.

Nothing here knows messages, clocks or threads' schedules; cv2 is imported only where a `Rectifier` is built.
"""

from wam_ros.planning.bicycle_path import BicyclePath
from wam_ros.planning.constant_velocity import ConstantVelocityPlanner
from wam_ros.planning.fallback import Fallback
from wam_ros.planning.horizon import Horizon
from wam_ros.planning.limits import MonitorLimits
from wam_ros.planning.monitor import PlanMonitor, Violation
from wam_ros.planning.rectifier import Rectifier
from wam_ros.planning.route_follower import RouteFollower
from wam_ros.planning.speed_profile import SpeedProfile, curvature_caps, speed_profile, stop_profile
from wam_ros.planning.stop import comfortable_stop

__all__ = [
    "BicyclePath",
    "ConstantVelocityPlanner",
    "Fallback",
    "Horizon",
    "MonitorLimits",
    "PlanMonitor",
    "Rectifier",
    "RouteFollower",
    "SpeedProfile",
    "Violation",
    "comfortable_stop",
    "curvature_caps",
    "speed_profile",
    "stop_profile",
]
