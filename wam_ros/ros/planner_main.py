"""Runs the node `planner` as a process: set up, spin, and end cleanly on SIGINT and SIGTERM."""

from __future__ import annotations

import sys

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn

from wam_ros.ros.planner_node import PlannerFactory, PlannerNode, planner_from_config
from wam_ros.ros.process import set_priority, tune_process


def main(args: list[str] | None = None, make: PlannerFactory = planner_from_config) -> int:
    """Entry point of the executable; 0 after a signal, 1 if autostart failed."""
    tune_process()
    rclpy.init(args=args)
    try:
        node = PlannerNode(make)
    except ParameterException as err:
        print(f"planner: {err}", file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    try:
        sys.setswitchinterval(node.get_parameter("switch_interval_ms").value / 1e3)
        nice = node.get_parameter("nice").value
        if nice and (problem := set_priority(nice)):
            node.get_logger().warning(problem)
        if node.get_parameter("autostart").value:
            for transition in (node.trigger_configure, node.trigger_activate):
                if transition() is not TransitionCallbackReturn.SUCCESS:
                    return 1
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
