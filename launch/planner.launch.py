"""The node `planner`: started, configured and activated.

Three ways to bring it up: by itself (`autostart:=true`), by this file's lifecycle events (`autostart:=false
lifecycle:=true`), or by you (`autostart:=false`, then `ros2 lifecycle set`). The Fast DDS profile for large images is
the node's own business: it takes the shipped one unless the environment names another.
"""

from __future__ import annotations

from pathlib import Path

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, EmitEvent, RegisterEventHandler
from launch.conditions import IfCondition
from launch.events import matches_action
from launch.substitutions import AndSubstitution, LaunchConfiguration, NotSubstitution
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

# In a checkout and in an installed prefix alike.
PARAMS_FILE = Path(__file__).resolve().parents[1] / "config" / "planner.param.yaml"

# Launch argument -> the node's topic.
INPUTS = {
    "image": "~/input/image",
    "compressed_image": "~/input/image/compressed",
    "camera_info": "~/input/camera_info",
    "odometry": "~/input/odometry",
    "acceleration": "~/input/acceleration",
    "route": "~/input/route",
    "instruction": "~/input/instruction",
}


def generate_launch_description() -> LaunchDescription:
    planner = LifecycleNode(
        package="wam_ros",
        executable="planner",
        name="planner",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            LaunchConfiguration("params_file"),
            {
                name: ParameterValue(LaunchConfiguration(name), value_type=bool)
                for name in ("use_sim_time", "autostart")
            },
        ],
        remappings=[(topic, LaunchConfiguration(argument)) for argument, topic in INPUTS.items()],
        ros_arguments=["--log-level", LaunchConfiguration("log_level")],
        output="screen",
    )
    managed = IfCondition(
        AndSubstitution(LaunchConfiguration("lifecycle"), NotSubstitution(LaunchConfiguration("autostart")))
    )
    activate_when_configured = RegisterEventHandler(
        OnStateTransition(
            target_lifecycle_node=planner,
            # Without it a later deactivation, which ends in `inactive` too, would be undone.
            start_state="configuring",
            goal_state="inactive",
            entities=[EmitEvent(event=_change(planner, Transition.TRANSITION_ACTIVATE))],
        ),
        condition=managed,
    )
    configure = EmitEvent(event=_change(planner, Transition.TRANSITION_CONFIGURE), condition=managed)
    return LaunchDescription([*_arguments(), activate_when_configured, planner, configure])


def _change(planner: LifecycleNode, transition: int) -> ChangeState:
    return ChangeState(lifecycle_node_matcher=matches_action(planner), transition_id=transition)


def _arguments() -> list[DeclareLaunchArgument]:
    described = [
        ("namespace", "", "Namespace of the node; several planners run side by side in different ones."),
        ("params_file", str(PARAMS_FILE), "Parameter file; config/schema/planner.schema.json has the ranges."),
        ("use_sim_time", "false", "Live in the time of /clock."),
        ("autostart", "true", "The node configures and activates itself; goes before the parameter file's value."),
        ("lifecycle", "false", "With autostart:=false: configure and activate by lifecycle events from here."),
        ("log_level", "info", "Least severity that is logged: debug, info, warn, error or fatal."),
    ]
    described += [(argument, topic, f"Topic for {topic}.") for argument, topic in INPUTS.items()]
    return [DeclareLaunchArgument(name, default_value=default, description=text) for name, default, text in described]
