"""The privileged truth to messages: pure functions. The way back is core/from_messages.py.

Numbers go through float(): generated messages read the memory of whatever they are given as that of a python float.
"""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Quaternion, Twist, TwistWithCovariance, Vector3
from nav_msgs.msg import Odometry
from std_msgs.msg import Header

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight
from wam_ros.msg import Scene as SceneMessage
from wam_ros.msg import SceneActor, SceneLight
from wam_ros.ros.conversions import stamp_from_ns

_KINDS = {
    ActorKind.VEHICLE: SceneActor.VEHICLE,
    ActorKind.BICYCLE: SceneActor.BICYCLE,
    ActorKind.PEDESTRIAN: SceneActor.PEDESTRIAN,
    ActorKind.STATIC: SceneActor.STATIC,
}
_STATES = {
    LightState.RED: SceneLight.RED,
    LightState.YELLOW: SceneLight.YELLOW,
    LightState.GREEN: SceneLight.GREEN,
    LightState.OFF: SceneLight.OFF,
}


def planar_pose(pose: SE2, z: float = 0.0) -> Any:
    """A pose in the plane as geometry_msgs/Pose at height z [m]."""
    half = 0.5 * pose.yaw
    return Pose(position=_point(pose.x, pose.y, z), orientation=Quaternion(z=math.sin(half), w=math.cos(half)))


def pose_message(pose: SE3) -> Any:
    """A pose in space as geometry_msgs/Pose."""
    qx, qy, qz, qw = (float(value) for value in pose.quaternion())
    return Pose(position=_point(*pose.translation), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def odometry_message(ego: EgoState, base_frame: str, pose: SE3 | None = None) -> Any:
    """Pose and twist of base_link as nav_msgs/Odometry; `pose` in space where it is known, else that in the plane."""
    linear, angular = _vector(ego.speed, ego.lateral_speed, 0.0), _vector(0.0, 0.0, ego.yaw_rate)
    where = planar_pose(ego.pose, ego.z) if pose is None else pose_message(pose)
    return Odometry(
        header=Header(stamp=stamp_from_ns(ego.stamp_ns), frame_id=ego.frame_id),
        child_frame_id=base_frame,
        pose=PoseWithCovariance(pose=where),
        twist=TwistWithCovariance(twist=Twist(linear=linear, angular=angular)),
    )


def scene_message(scene: Scene, base_frame: str = "base_link") -> Any:
    """A scene as wam_ros/Scene."""
    return SceneMessage(
        header=Header(stamp=stamp_from_ns(scene.stamp_ns), frame_id=scene.ego.frame_id),
        ego=odometry_message(scene.ego, base_frame),
        ego_acceleration=float(scene.ego.acceleration),
        ego_lateral_acceleration=float(scene.ego.lateral_acceleration),
        actors=[_actor_message(actor) for actor in scene.actors],
        lights=[_light_message(light) for light in scene.lights],
    )


def _actor_message(actor: Actor) -> Any:
    return SceneActor(
        id=actor.id,
        kind=_KINDS[actor.kind],
        pose=planar_pose(actor.pose),
        size=_vector(actor.length, actor.width, actor.height),
        speed=float(actor.speed),
    )


def _light_message(light: TrafficLight) -> Any:
    return SceneLight(
        id=light.id,
        state=_STATES[light.state],
        lanes=list(light.lanes),
        stop_line=[_point(x, y, 0.0) for x, y in light.stop_line],
    )


def _point(x: float, y: float, z: float) -> Any:
    return Point(x=float(x), y=float(y), z=float(z))


def _vector(x: float, y: float, z: float) -> Any:
    return Vector3(x=float(x), y=float(y), z=float(z))
