"""wam_ros/Scene of the rosbags library from a Scene: the one place that says which value goes into which field."""

from __future__ import annotations

from typing import Any

from wam_ros.bags.definitions import make_message
from wam_ros.bags.sensor_messages import header, odometry_message, pose_message, vector
from wam_ros.core.geometry import SE3
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight

SCENE_TYPE = "wam_ros/msg/Scene"
BASE_FRAME = "base_link"
KINDS = {ActorKind.VEHICLE: 0, ActorKind.BICYCLE: 1, ActorKind.PEDESTRIAN: 2, ActorKind.STATIC: 3}
LIGHTS = {LightState.RED: 0, LightState.YELLOW: 1, LightState.GREEN: 2, LightState.OFF: 3}


def scene_message(scene: Scene) -> Any:
    """The whole scene; poses in the frame of its ego."""
    ego = scene.ego
    twist = (ego.speed, ego.lateral_speed, 0.0, 0.0, 0.0, ego.yaw_rate)
    pose = SE3.from_se2(ego.pose, ego.z)
    return make_message(
        SCENE_TYPE,
        header=header(scene.stamp_ns, ego.frame_id),
        ego=odometry_message(scene.stamp_ns, (ego.frame_id, BASE_FRAME), pose, twist),
        ego_acceleration=ego.acceleration,
        ego_lateral_acceleration=ego.lateral_acceleration,
        actors=[_actor(actor) for actor in scene.actors],
        lights=[_light(light) for light in scene.lights],
    )


def _actor(actor: Actor) -> Any:
    return make_message(
        "wam_ros/msg/SceneActor",
        id=actor.id,
        kind=KINDS[actor.kind],
        pose=pose_message(SE3.from_se2(actor.pose)),
        size=vector("Vector3", (actor.length, actor.width, actor.height)),
        speed=actor.speed,
    )


def _light(light: TrafficLight) -> Any:
    return make_message(
        "wam_ros/msg/SceneLight",
        id=light.id,
        state=LIGHTS[light.state],
        lanes=list(light.lanes),
        stop_line=[vector("Point", (*point, 0.0)) for point in light.stop_line],
    )
