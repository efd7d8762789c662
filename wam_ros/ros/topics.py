"""Every topic of the node `planner`: its name, type and QoS, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import AccelWithCovarianceStamped
from nav_msgs.msg import Odometry, Path
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from wam_ros.msg import PlanTiming, Trajectory, TrajectoryCandidates


def _qos(reliability: ReliabilityPolicy, depth: int, durability: DurabilityPolicy) -> QoSProfile:
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability, durability=durability)


# Best effort subscriptions take from best effort and reliable publishers alike.
SENSOR = _qos(ReliabilityPolicy.BEST_EFFORT, 5, DurabilityPolicy.VOLATILE)
SENSOR_RELIABLE = _qos(ReliabilityPolicy.RELIABLE, 5, DurabilityPolicy.VOLATILE)
STREAM = _qos(ReliabilityPolicy.BEST_EFFORT, 100, DurabilityPolicy.VOLATILE)
EVENT = _qos(ReliabilityPolicy.RELIABLE, 10, DurabilityPolicy.VOLATILE)
LATCHED = _qos(ReliabilityPolicy.RELIABLE, 1, DurabilityPolicy.TRANSIENT_LOCAL)
STATIC_TF = _qos(ReliabilityPolicy.RELIABLE, 100, DurabilityPolicy.TRANSIENT_LOCAL)
# Reliable publishers serve best effort and reliable subscriptions alike.
OUTPUT = _qos(ReliabilityPolicy.RELIABLE, 10, DurabilityPolicy.VOLATILE)


@dataclass(frozen=True)
class Topic:
    """One topic: name as the node asks for it (remap it in launch files), message type, QoS."""

    name: str
    type: Any
    qos: QoSProfile


# Inputs. The first camera has these names; a further camera CAM has ~/input/CAM/image and ~/input/CAM/camera_info.
IMAGE = Topic("~/input/image", Image, SENSOR)
IMAGE_COMPRESSED = Topic("~/input/image/compressed", CompressedImage, SENSOR)
CAMERA_INFO = Topic("~/input/camera_info", CameraInfo, SENSOR)
ODOMETRY = Topic("~/input/odometry", Odometry, STREAM)
ACCELERATION = Topic("~/input/acceleration", AccelWithCovarianceStamped, STREAM)
ROUTE = Topic("~/input/route", Path, LATCHED)
INSTRUCTION = Topic("~/input/instruction", String, EVENT)
TF = Topic("/tf", TFMessage, STREAM)
TF_STATIC = Topic("/tf_static", TFMessage, STATIC_TF)

# Outputs.
TRAJECTORY = Topic("~/output/trajectory", Trajectory, OUTPUT)
PATH = Topic("~/output/path", Path, OUTPUT)
CANDIDATES = Topic("~/output/candidates", TrajectoryCandidates, OUTPUT)
MARKERS = Topic("~/debug/markers", MarkerArray, OUTPUT)
TIMING = Topic("~/debug/timing", PlanTiming, OUTPUT)
DIAGNOSTICS = Topic("/diagnostics", DiagnosticArray, EVENT)


def of_camera(topic: Topic, camera: str, *, first: bool) -> Topic:
    """The topic of a camera: the first camera's has no name in it."""
    return topic if first else Topic(topic.name.replace("~/input/", f"~/input/{camera}/"), topic.type, topic.qos)
