"""Bodies of the world in CARLA's axes: transforms, velocities, boxes. All signs come from maps/handedness.py."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wam_ros.carla_server.actors.body_motion import BodyMotion
from wam_ros.carla_server.wire.layouts import Motion, Triple, WireTransform
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.scene import ActorKind
from wam_ros.maps.handedness import (
    flip_rotation_vector,
    flip_y,
    planar_from_carla,
    pose_from_carla,
    pose_to_carla,
    yaw_to_carla,
)


def origin_height(body: Body) -> float:
    """Of CARLA's actor above the underside [m]: walkers are told by their middle, all others by the ground."""
    return body.height / 2.0 if body.kind is ActorKind.PEDESTRIAN else 0.0


def body_transform(body: Body) -> WireTransform:
    """Where CARLA says that a body is."""
    return planar_transform(body.pose, body.z + origin_height(body))


def planar_transform(pose: SE2, z: float) -> WireTransform:
    """A pose on level ground."""
    return WireTransform((pose.x, float(flip_y([0.0, pose.y])[1]), z), (0.0, yaw_to_carla(pose.yaw), 0.0))


def body_pose(body: Body) -> SE3:
    """Of CARLA's actor, in our axes."""
    return SE3.from_se2(body.pose, body.z + origin_height(body))


def pose_of(transform: WireTransform) -> SE3:
    """In our axes."""
    return pose_from_carla(transform.location, transform.rotation)


def planar_of(transform: WireTransform) -> SE2:
    """In our axes, seen from above."""
    return planar_from_carla(transform.location[0], transform.location[1], transform.rotation[1])


def transform_of(pose: SE3) -> WireTransform:
    """In CARLA's axes."""
    return WireTransform(*pose_to_carla(pose))


def body_box(body: Body) -> tuple[Triple, Triple]:
    """Middle of the box in the actor, and its length, width, height [m]."""
    return (0.0, 0.0, body.height / 2.0 - origin_height(body)), (body.length, body.width, body.height)


def states_in_carla(bodies: Sequence[Body], motions: Sequence[BodyMotion]) -> list[tuple[WireTransform, Motion]]:
    """Where bodies are and how they move, as CARLA tells it; all at once, as this is done in every tick."""
    if not bodies:
        return []
    places = flip_y([(body.x, body.y, body.z + origin_height(body)) for body in bodies]).tolist()
    velocities = flip_y([motion.velocity for motion in motions]).tolist()
    accelerations = flip_y([motion.acceleration for motion in motions]).tolist()
    turning = flip_rotation_vector([(0.0, 0.0, math.degrees(motion.yaw_rate)) for motion in motions]).tolist()
    return [
        (WireTransform((x, y, z), (0.0, yaw_to_carla(body.yaw), 0.0)), Motion(*moved))
        for body, (x, y, z), *moved in zip(bodies, places, velocities, turning, accelerations)
    ]
