"""Every topic of the node `controller`: its name, type and QoS, in one table."""

from __future__ import annotations

from ackermann_msgs.msg import AckermannDriveStamped
from carla_msgs.msg import CarlaEgoVehicleControl
from nav_msgs.msg import Odometry
from std_msgs.msg import Bool

from wam_ros.msg import ControllerStatus, Trajectory, VehicleCommand
from wam_ros.ros.topics import DIAGNOSTICS, EVENT, OUTPUT, STREAM, Topic

# Inputs.
TRAJECTORY = Topic("~/input/trajectory", Trajectory, OUTPUT)
ODOMETRY = Topic("~/input/odometry", Odometry, STREAM)
ODOMETRY_LOCKSTEP = Topic("~/input/odometry", Odometry, OUTPUT)  # the world waits for the answer to each message
ENGAGE = Topic("~/input/engage", Bool, EVENT)
OVERRIDE = Topic("~/input/override", Bool, EVENT)

# Outputs.
COMMAND = Topic("~/output/command", VehicleCommand, OUTPUT)
ACKERMANN = Topic("~/output/ackermann", AckermannDriveStamped, OUTPUT)
CARLA_CONTROL = Topic("~/output/carla_control", CarlaEgoVehicleControl, OUTPUT)
STATUS = Topic("~/output/status", ControllerStatus, OUTPUT)

__all__ = [
    "ACKERMANN",
    "CARLA_CONTROL",
    "COMMAND",
    "DIAGNOSTICS",
    "ENGAGE",
    "ODOMETRY",
    "ODOMETRY_LOCKSTEP",
    "OVERRIDE",
    "STATUS",
    "TRAJECTORY",
]
