"""Every topic of the node `carla_bridge`, in one table: names and types of CARLA's ros-bridge, and some of our own."""

from __future__ import annotations

from ackermann_msgs.msg import AckermannDrive
from carla_msgs.msg import (
    CarlaCollisionEvent,
    CarlaEgoVehicleControl,
    CarlaEgoVehicleStatus,
    CarlaStatus,
    CarlaWorldInfo,
)
from geometry_msgs.msg import AccelWithCovarianceStamped
from nav_msgs.msg import Odometry, Path
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, Imu, NavSatFix
from std_msgs.msg import Float32, String
from tf2_msgs.msg import TFMessage

from wam_ros.msg import BridgeStatus, Scene, VehicleCommand
from wam_ros.ros.topics import LATCHED, OUTPUT, STATIC_TF, Topic

# In lockstep nothing may be lost, and a command of ten ticks ago is of no use.
_COMMAND = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)

# Of the world.
CLOCK = Topic("/clock", Clock, OUTPUT)
TF = Topic("/tf", TFMessage, OUTPUT)
TF_STATIC = Topic("/tf_static", TFMessage, STATIC_TF)
CARLA_STATUS = Topic("/carla/status", CarlaStatus, OUTPUT)
WORLD_INFO = Topic("/carla/world_info", CarlaWorldInfo, LATCHED)

# Of the vehicle: ROLE is its role name.
ODOMETRY = Topic("/carla/ROLE/odometry", Odometry, OUTPUT)
ACCELERATION = Topic("/carla/ROLE/acceleration", AccelWithCovarianceStamped, OUTPUT)
TRUTH = Topic("/carla/ROLE/truth", Scene, OUTPUT)
SPEEDOMETER = Topic("/carla/ROLE/speedometer", Float32, OUTPUT)
VEHICLE_STATUS = Topic("/carla/ROLE/vehicle_status", CarlaEgoVehicleStatus, OUTPUT)
INSTRUCTION = Topic("/carla/ROLE/instruction", String, OUTPUT)
COLLISION = Topic("/carla/ROLE/collision", CarlaCollisionEvent, OUTPUT)
STATUS = Topic("/carla/ROLE/status", BridgeStatus, OUTPUT)
WAYPOINTS = Topic("/carla/ROLE/waypoints", Path, LATCHED)

# Of its sensors: SENSOR is the id in the rig.
IMAGE = Topic("/carla/ROLE/SENSOR/image", Image, OUTPUT)
CAMERA_INFO = Topic("/carla/ROLE/SENSOR/camera_info", CameraInfo, OUTPUT)
IMU = Topic("/carla/ROLE/SENSOR", Imu, OUTPUT)
GNSS = Topic("/carla/ROLE/SENSOR", NavSatFix, OUTPUT)

# Inputs.
COMMAND = Topic("~/input/command", VehicleCommand, _COMMAND)
ACKERMANN = Topic("/carla/ROLE/ackermann_cmd", AckermannDrive, _COMMAND)
CONTROL = Topic("/carla/ROLE/vehicle_control_cmd", CarlaEgoVehicleControl, _COMMAND)


def of_vehicle(topic: Topic, role_name: str, sensor: str = "") -> Topic:
    """The topic of a vehicle, or of a sensor on it."""
    return Topic(topic.name.replace("ROLE", role_name).replace("SENSOR", sensor), topic.type, topic.qos)
