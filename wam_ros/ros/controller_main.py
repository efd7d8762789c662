"""Runs the node `controller` as a process: set up, spin, and end cleanly on SIGINT and SIGTERM."""

from __future__ import annotations

import sys

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from wam_ros.core.errors import ConfigError
from wam_ros.ros.controller_node import ControllerNode
from wam_ros.ros.process import use_large_image_profile


def main(args: list[str] | None = None) -> int:
    """Entry point of the executable; 0 after a signal, 1 if the parameters are wrong."""
    use_large_image_profile()
    rclpy.init(args=args)
    try:
        node = ControllerNode()
    except (ConfigError, ParameterException) as err:
        print(f"controller: {err}", file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    try:
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
