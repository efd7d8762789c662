"""Core types to messages: the one place that says which value goes into which field. The way back is from_messages.py.

It knows no library of messages: whoever has one says how it makes a message, so bags and ROS hold the same.
Numbers go through float(): ROS's messages read the memory of whatever they are given as that of a python float.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.from_messages import ACTOR_KINDS, LIGHT_STATES
from wam_ros.core.geometry import SE2, SE3, Array
from wam_ros.core.observation import Route
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.core.scene import Actor, Scene, TrafficLight
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleCommand


class MessageMaker:
    """Makes messages of one library; each method says of which type.

    Args:
        make: Makes a message of a type, such as 'std_msgs/msg/Header', from all its fields by name.

    """

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def time(self, stamp_ns: int) -> Any:
        """builtin_interfaces/Time."""
        return self._make("builtin_interfaces/msg/Time", sec=stamp_ns // NS_PER_S, nanosec=stamp_ns % NS_PER_S)

    def header(self, stamp_ns: int, frame_id: str) -> Any:
        """std_msgs/Header."""
        return self._make("std_msgs/msg/Header", stamp=self.time(stamp_ns), frame_id=frame_id)

    # -- geometry

    def point(self, values: Iterable[float]) -> Any:
        """geometry_msgs/Point of x, y, z [m]."""
        x, y, z = (float(value) for value in values)
        return self._make("geometry_msgs/msg/Point", x=x, y=y, z=z)

    def vector(self, values: Iterable[float]) -> Any:
        """geometry_msgs/Vector3 of x, y, z."""
        x, y, z = (float(value) for value in values)
        return self._make("geometry_msgs/msg/Vector3", x=x, y=y, z=z)

    def quaternion(self, pose: SE3) -> Any:
        """geometry_msgs/Quaternion of a pose."""
        x, y, z, w = (float(value) for value in pose.quaternion())
        return self._make("geometry_msgs/msg/Quaternion", x=x, y=y, z=z, w=w)

    def pose(self, pose: SE3) -> Any:
        """geometry_msgs/Pose of a pose in space."""
        return self._make(
            "geometry_msgs/msg/Pose", position=self.point(pose.translation), orientation=self.quaternion(pose)
        )

    def planar_pose(self, pose: SE2, z: float = 0.0) -> Any:
        """geometry_msgs/Pose of a pose in the plane, at height z [m]."""
        return self._flat(pose.x, pose.y, z, pose.yaw)

    def _flat(self, x: float, y: float, z: float, yaw: float) -> Any:
        half = 0.5 * float(yaw)
        turn = self._make("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=math.sin(half), w=math.cos(half))
        return self._make("geometry_msgs/msg/Pose", position=self.point((x, y, z)), orientation=turn)

    def transform(self, header: Any, child: str, pose: SE3) -> Any:
        """geometry_msgs/TransformStamped; the pose is that of the child in the header's frame."""
        moved = self._make(
            "geometry_msgs/msg/Transform", translation=self.vector(pose.translation), rotation=self.quaternion(pose)
        )
        return self._make("geometry_msgs/msg/TransformStamped", header=header, child_frame_id=child, transform=moved)

    # -- what is driven

    def odometry(self, header: Any, base_frame: str, pose: Any, twist: Array | Sequence[float]) -> Any:
        """nav_msgs/Odometry of a pose message and a twist (6,) in `base_frame`: linear [m/s], angular [rad/s]."""
        moving = self._make("geometry_msgs/msg/Twist", linear=self.vector(twist[:3]), angular=self.vector(twist[3:]))
        unknown = np.zeros(36)  # covariances: all zero says that they are not known
        return self._make(
            "nav_msgs/msg/Odometry",
            header=header,
            child_frame_id=base_frame,
            pose=self._make("geometry_msgs/msg/PoseWithCovariance", pose=pose, covariance=unknown),
            twist=self._make("geometry_msgs/msg/TwistWithCovariance", twist=moving, covariance=unknown),
        )

    def ego(self, ego: EgoState, base_frame: str, pose: SE3 | None = None) -> Any:
        """nav_msgs/Odometry of base_link; `pose` in space where it is known, else that in the plane."""
        where = self.planar_pose(ego.pose, ego.z) if pose is None else self.pose(pose)
        twist = (ego.speed, ego.lateral_speed, 0.0, 0.0, 0.0, ego.yaw_rate)
        return self.odometry(self.header(ego.stamp_ns, ego.frame_id), base_frame, where, twist)

    def path(self, header: Any, poses: Iterable[Any]) -> Any:
        """nav_msgs/Path of pose messages, all with its header."""
        stamped = [self._make("geometry_msgs/msg/PoseStamped", header=header, pose=pose) for pose in poses]
        return self._make("nav_msgs/msg/Path", header=header, poses=stamped)

    def route(self, route: Route, stamp_ns: int) -> Any:
        """nav_msgs/Path of a route, each pose heading along it."""
        points, yaws = route.line.points, route.line.heading(route.line.arc_lengths)
        poses = [self._flat(x, y, 0.0, yaw) for (x, y), yaw in zip(points.tolist(), yaws.tolist())]
        return self.path(self.header(stamp_ns, route.frame_id), poses)

    def command(self, command: VehicleCommand, base_frame: str) -> Any:
        """wam_ros/VehicleCommand."""
        return self._make(
            "wam_ros/msg/VehicleCommand",
            header=self.header(command.stamp_ns, base_frame),
            steering_angle=float(command.steering_angle),
            speed=float(command.speed),
            acceleration=float(command.acceleration),
        )

    # -- plans

    def trajectory(self, plan: Plan, z: float = 0.0) -> Any:
        """wam_ros/Trajectory at height z [m]; budget, latency and input age are NaN until the sender fills them in."""
        path = plan.trajectory
        return self._make(
            "wam_ros/msg/Trajectory",
            header=self.header(path.stamp_ns, path.frame_id),
            points=self.trajectory_points(path, plan.waypoint_confidence, z),
            confidence=math.nan if plan.confidence is None else float(plan.confidence),
            calibrated=plan.calibrated,
            status=int(plan.status),
            reason=plan.reason,
            steps_done=plan.steps_done,
            steps_planned=plan.steps_planned,
            budget_ms=math.nan,
            latency_ms=math.nan,
            input_age_ms=math.nan,
            planner=plan.planner,
            weights_hash=plan.weights_hash,
        )

    def trajectory_points(self, trajectory: Trajectory, confidence: Array | None, z: float) -> list[Any]:
        """wam_ros/TrajectoryPoint of each waypoint, at height z [m]."""
        points = []
        for index, (time, (x, y)) in enumerate(zip(trajectory.times, trajectory.positions)):
            whole_ns = round(float(time) * NS_PER_S)
            points.append(
                self._make(
                    "wam_ros/msg/TrajectoryPoint",
                    time_from_start=self._make(
                        "builtin_interfaces/msg/Duration", sec=whole_ns // NS_PER_S, nanosec=whole_ns % NS_PER_S
                    ),
                    pose=self._flat(x, y, z, trajectory.headings[index]),
                    velocity=float(trajectory.speeds[index]),
                    acceleration=float(trajectory.accelerations[index]),
                    heading_rate=float(trajectory.heading_rates[index]),
                    confidence=math.nan if confidence is None else float(confidence[index]),
                )
            )
        return points

    # -- the truth

    def scene(self, scene: Scene, base_frame: str) -> Any:
        """wam_ros/Scene; poses in the frame of its ego."""
        return self._make(
            "wam_ros/msg/Scene",
            header=self.header(scene.stamp_ns, scene.ego.frame_id),
            ego=self.ego(scene.ego, base_frame),
            ego_acceleration=float(scene.ego.acceleration),
            ego_lateral_acceleration=float(scene.ego.lateral_acceleration),
            actors=[self._actor(actor) for actor in scene.actors],
            lights=[self._light(light) for light in scene.lights],
        )

    def _actor(self, actor: Actor) -> Any:
        return self._make(
            "wam_ros/msg/SceneActor",
            id=actor.id,
            kind=ACTOR_KINDS.index(actor.kind),
            pose=self.planar_pose(actor.pose),
            size=self.vector((actor.length, actor.width, actor.height)),
            speed=float(actor.speed),
        )

    def _light(self, light: TrafficLight) -> Any:
        return self._make(
            "wam_ros/msg/SceneLight",
            id=light.id,
            state=LIGHT_STATES.index(light.state),
            lanes=list(light.lanes),
            stop_line=[self.point((x, y, 0.0)) for x, y in light.stop_line],
        )
