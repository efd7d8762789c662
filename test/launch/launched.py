"""A launch file of ours as a launch description that notes how its processes end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def launched(file: str, **arguments: str) -> tuple[Any, dict[str, int]]:
    """The description that includes launch/`file`, and the exit codes by executable, filled in as they come."""
    from launch import LaunchDescription
    from launch.actions import IncludeLaunchDescription, RegisterEventHandler
    from launch.event_handlers import OnProcessExit
    from launch.launch_description_sources import PythonLaunchDescriptionSource

    exits: dict[str, int] = {}

    def note(event: Any, _context: Any) -> None:
        exits[event.process_name.rpartition("-")[0]] = event.returncode

    source = PythonLaunchDescriptionSource(str(ROOT / "launch" / file))
    included = IncludeLaunchDescription(source, launch_arguments=arguments.items())
    return LaunchDescription([RegisterEventHandler(OnProcessExit(on_exit=note)), included]), exits
