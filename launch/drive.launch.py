"""A drive in CARLA: bridge, planner and controller, with the embedded world unless there is a server already.

`embedded:=false host:=... port:=2000` drives a real CARLA 0.9.16 with the same lines. The end of any process ends the
drive. `wam drive` does the same without launch, supervised and recorded, and prints a summary.
"""

from __future__ import annotations

import sys
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, ExecuteProcess, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit, OnProcessIO
from launch.events import Shutdown
from launch.events.process import ProcessExited, ProcessIO
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from wam_ros.core.sensor_rig import SensorRig
from wam_ros.planning.catalog import DEFAULT_DRIVER, PRIVILEGED
from wam_ros.ros.process import use_large_image_profile

SHARE = Path(__file__).resolve().parents[1]
LISTENING = b"carla-server: "  # what the embedded server says when it can be reached

ARGUMENTS = [
    ("embedded", "true", "Start the embedded world; false: a CARLA server runs already."),
    ("host", "127.0.0.1", "Of the CARLA server."),
    ("port", "2000", "Of the CARLA server."),
    ("town", "grid_small", "Of the embedded world: a name, or a folder."),
    ("seed", "0", "Of the embedded world's traffic."),
    ("role_name", "hero", "Of the vehicle."),
    (
        "planner",
        DEFAULT_DRIVER,
        f"wam_diff, cnn, a baseline, or {PRIVILEGED}, which sees the simulator's truth.",
    ),
    ("rig", str(SHARE / "config" / "sensors" / "front_camera.yaml"), "Sensors; the first camera is the planner's."),
    ("vehicle", "passenger_car", "A name under config/vehicle, or a YAML file."),
    ("route_seed", "0", "Of the random route."),
    ("route_length", "400.0", "About, of the random route [m]."),
    ("real_time", "1.0", "The world runs at most so many times as fast; 0 = no limit."),
    ("planner_params", str(SHARE / "config" / "planner.param.yaml"), "Parameter file of the planner."),
    ("controller_params", str(SHARE / "config" / "controller.param.yaml"), "Parameter file of the controller."),
    ("bridge_params", str(SHARE / "config" / "carla_bridge.param.yaml"), "Parameter file of the bridge."),
    ("record", "", "Bag to make of all topics; empty: none."),
]


def generate_launch_description() -> LaunchDescription:
    declared = [DeclareLaunchArgument(name, default_value=value, description=text) for name, value, text in ARGUMENTS]
    return LaunchDescription([*declared, OpaqueFunction(function=_drive)])


def _drive(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    use_large_image_profile()
    said = {name: LaunchConfiguration(name).perform(context) for name, _, _ in ARGUMENTS}
    bridge = _bridge(said)
    ended = RegisterEventHandler(OnProcessExit(on_exit=_on_exit))
    nodes = [*_recorder(said["record"]), _planner(said), _controller(said)]
    if said["embedded"] != "true":
        return [ended, *nodes, bridge]
    arguments = ["--town", said["town"], "--seed", said["seed"], "--port", said["port"], "--synchronous"]
    server = ExecuteProcess(
        cmd=[sys.executable, "-m", "wam_ros.cli.main", "carla-server", *arguments], name="server", output="screen"
    )
    waiting = [bridge]

    def once_listening(event: ProcessIO) -> list[LaunchDescriptionEntity]:
        return [waiting.pop()] if LISTENING in event.text and waiting else []

    return [
        ended,
        RegisterEventHandler(OnProcessIO(target_action=server, on_stdout=once_listening)),
        server,
        *nodes,
    ]


def _planner(said: dict[str, str]) -> Node:
    vehicle = f"/carla/{said['role_name']}"
    camera = SensorRig.load(Path(said["rig"])).cameras[0].id
    inputs = {
        "image": f"{camera}/image",
        "camera_info": f"{camera}/camera_info",
        "odometry": "odometry",
        "route": "waypoints",
        "instruction": "instruction",
        "truth": "truth",
        "acceleration": "acceleration",
    }
    return Node(
        package="wam_ros",
        executable="planner",
        name="planner",
        parameters=[
            said["planner_params"],
            {
                "use_sim_time": True,
                "planner": said["planner"],
                "vehicle": said["vehicle"],
                "image_reliability": "reliable",
            },
        ],
        remappings=[(f"~/input/{name}", f"{vehicle}/{topic}") for name, topic in inputs.items()],
        output="screen",
    )


def _controller(said: dict[str, str]) -> Node:
    return Node(
        package="wam_ros",
        executable="controller",
        name="controller",
        parameters=[
            said["controller_params"],
            {"use_sim_time": True, "engage_on_start": True, "lockstep": True, "vehicle": said["vehicle"]},
        ],
        remappings=[
            ("~/input/trajectory", "/planner/output/trajectory"),
            ("~/input/odometry", f"/carla/{said['role_name']}/odometry"),
        ],
        output="screen",
    )


def _bridge(said: dict[str, str]) -> Node:
    return Node(
        package="wam_ros",
        executable="carla_bridge",
        name="carla_bridge",
        parameters=[
            said["bridge_params"],
            {
                "host": said["host"],
                "port": int(said["port"]),
                "role_name": said["role_name"],
                "rig": said["rig"],
                "vehicle": said["vehicle"],
                "route_seed": int(said["route_seed"]),
                "route_length": float(said["route_length"]),
                "max_real_time_factor": float(said["real_time"]),
            },
        ],
        remappings=[("~/input/command", "/controller/output/command")],
        output="screen",
    )


def _recorder(out: str) -> list[Node]:
    if not out:
        return []
    return [Node(package="wam_ros", executable="recorder", arguments=["--all", "--out", out], output="screen")]


def _on_exit(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
    if context.is_shutdown:
        return []
    return [EmitEvent(event=Shutdown(reason=f"{event.process_name} has ended with {event.returncode}"))]
