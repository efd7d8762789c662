"""Runs the node `carla_bridge` as a process. 0 = goal reached or ended by a signal, 1 = it failed, told in one line."""

from __future__ import annotations

import sys
import time

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation

from wam_ros.core.errors import WamError, WorldError
from wam_ros.ros.carla_bridge_node import CarlaBridgeNode
from wam_ros.ros.process import tune_process

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_DRAIN_S = 0.2  # let the middleware hand over the last status


def main(args: list[str] | None = None) -> int:
    """Entry point of the executable."""
    tune_process()
    rclpy.init(args=args)
    node: CarlaBridgeNode | None = None
    try:
        node = CarlaBridgeNode()
        _supervise(node)
        time.sleep(_DRAIN_S)
    except (WamError, ParameterException) as err:
        print(f"carla_bridge: {err}", file=sys.stderr)
        if node is not None:
            time.sleep(_DRAIN_S)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except rclpy_implementation.RCLError:
        if rclpy.ok():
            raise
        # A signal came between two publications.
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _supervise(node: CarlaBridgeNode) -> None:
    """Drive; after a failure of the world again, if the parameters say so, pausing longer each time."""
    pause_s = _FIRST_PAUSE_S
    while True:
        begun = time.monotonic()
        try:
            node.drive()
        except WamError as err:
            node.tell_failure(str(err))
            if not (node.config.reconnect and isinstance(err, WorldError)):
                raise
            if time.monotonic() - begun > _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            node.get_logger().error(f"{err}; trying again in {pause_s:g} s")
            node.pause(pause_s)
            pause_s = min(2.0 * pause_s, _LONGEST_PAUSE_S)
        else:
            return


if __name__ == "__main__":
    sys.exit(main())
