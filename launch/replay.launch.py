"""A drive from a bag: player, planner and recorder, with RViz if wanted; ends when the player ends.

`wam replay BAG` does the same without launch, and prints a summary.
"""

from __future__ import annotations

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    TimerAction,
)
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.event_handlers import OnStateTransition

from wam_ros.bags.reader import BagReader
from wam_ros.bags.topics import INPUTS, BagTopics, pick_topics
from wam_ros.ros import topics
from wam_ros.ros.process import use_large_image_profile

SHARE = Path(__file__).resolve().parents[1]
RECORDED = (topics.TRAJECTORY, topics.PATH, topics.CANDIDATES, topics.TIMING, topics.DIAGNOSTICS)
DISCOVERY_S = 1.5  # the recorder looks for new topics each half second, and then connects to them
DRAIN_S = 1.0  # for the last answers


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument("bag", description="The drive: a bag with image, camera_info, odometry and route."),
            DeclareLaunchArgument("out", default_value="", description="Bag to make of the plans; empty: none."),
            DeclareLaunchArgument("rate", default_value="1.0", description="Times real time."),
            DeclareLaunchArgument(
                "params_file",
                default_value=str(SHARE / "config" / "planner.param.yaml"),
                description="Parameter file of the planner.",
            ),
            DeclareLaunchArgument("log_level", default_value="info", description="Of the planner."),
            DeclareLaunchArgument("rviz", default_value="false", description="Show the drive in RViz."),
            DeclareLaunchArgument(
                "rviz_config", default_value=str(SHARE / "rviz" / "planner.rviz"), description="RViz configuration."
            ),
            OpaqueFunction(function=_replay),
        ]
    )


def _replay(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    # For RViz, which would not get large images without it; ours set it themselves.
    use_large_image_profile()
    with BagReader(Path(LaunchConfiguration("bag").perform(context))) as reader:
        chosen = pick_topics(reader.topics, INPUTS)
    player = Node(
        package="wam_ros",
        executable="player",
        arguments=[LaunchConfiguration("bag"), "--rate", LaunchConfiguration("rate")],
        output="screen",
    )
    return [
        RegisterEventHandler(OnProcessExit(on_exit=lambda event, context: _on_exit(event, context, player))),
        # Lifecycle events tell when the planner is there, and if it cannot be.
        RegisterEventHandler(
            OnStateTransition(
                start_state="activating",
                goal_state="active",
                entities=[TimerAction(period=DISCOVERY_S, actions=[player])],
                handle_once=True,
            )
        ),
        RegisterEventHandler(
            OnStateTransition(
                start_state="configuring",
                goal_state="unconfigured",
                entities=[EmitEvent(event=Shutdown(reason="the planner could not be configured"))],
            )
        ),
        *_recorder(LaunchConfiguration("out").perform(context)),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(Path(__file__).with_name("planner.launch.py"))),
            launch_arguments=_planner_arguments(chosen).items(),
        ),
        Node(
            package="rviz2",
            executable="rviz2",
            arguments=["-d", LaunchConfiguration("rviz_config")],
            parameters=[{"use_sim_time": True}],
            remappings=_shown(chosen),
            condition=IfCondition(LaunchConfiguration("rviz")),
        ),
    ]


def _planner_arguments(chosen: BagTopics) -> dict[str, object]:
    inputs = {
        "image": chosen.image,
        "compressed_image": chosen.image,
        "camera_info": chosen.camera_info,
        "odometry": chosen.odometry,
        "route": chosen.route,
        "instruction": chosen.instruction,
    }
    return {
        "params_file": LaunchConfiguration("params_file"),
        "log_level": LaunchConfiguration("log_level"),
        "use_sim_time": "true",
        "autostart": "false",
        "lifecycle": "true",
        **{argument: topic for argument, topic in inputs.items() if topic is not None},
    }


def _recorder(out: str) -> list[Node]:
    if not out:
        return []
    names = [topic.name.replace("~", "/planner") for topic in RECORDED]
    return [
        Node(
            package="wam_ros",
            executable="recorder",
            arguments=[*names, "--out", out],
            output="screen",
        )
    ]


def _shown(chosen: BagTopics) -> list[tuple[str, str]]:
    """What RViz's configuration calls by the default names."""
    usual = BagTopics()
    pairs = [(usual.image, chosen.image), (usual.route, chosen.route)]
    return [(name, topic) for name, topic in pairs if name is not None and topic is not None and topic != name]


def _on_exit(event: ProcessExited, context: LaunchContext, player: Node) -> list[LaunchDescriptionEntity]:
    """The player's end is the replay's, after a moment; that of another process ends it at once."""
    if context.is_shutdown:
        return []
    end = EmitEvent(event=Shutdown(reason=f"{event.process_name} has ended"))
    return [TimerAction(period=DRAIN_S, actions=[end])] if event.action is player else [end]
