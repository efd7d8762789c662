"""Plays a bag as ROS topics in real time or at a rate: the process `player` of a replay.

Publishes /clock before each message, so that nodes under use_sim_time live in the bag's time. Prints one JSON line at
the end: when each image left.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from wam_ros.bags.metadata import BagTopic
from wam_ros.bags.reader import BagReader
from wam_ros.bags.topics import INPUTS, pick_topics
from wam_ros.core.errors import BagError
from wam_ros.core.timing import NS_PER_S
from wam_ros.ros import topics
from wam_ros.ros.message_types import MESSAGES, message_class
from wam_ros.ros.process import tune_process

_SUBSCRIBER_TIMEOUT_S = 30.0
_SETTLE_S = 0.5  # for latched messages to arrive before the drive begins


class Player:
    """Publishes a bag's input topics under their own names."""

    def __init__(self, node: Node, bag: Path) -> None:
        self._node = node
        self._reader = BagReader(bag)
        chosen = pick_topics(self._reader.topics, INPUTS)
        if chosen.image is None or chosen.odometry is None:
            msg = f"{bag}: no image or no odometry in it; it has {', '.join(self._reader.topics) or 'no topics'}"
            raise BagError(msg)
        self._image, self._odometry = chosen.image, chosen.odometry
        self._latched = [name for name, topic in self._reader.topics.items() if topic.latched]
        names = [name for part in INPUTS if (name := getattr(chosen, part)) is not None]
        self._publishers = {name: self._publisher(self._reader.topics[name]) for name in names}
        self._clock = node.create_publisher(Clock, "/clock", topics.SENSOR)
        self.images: list[int] = []  # monotonic time at which each image left [ns]

    def wait_for_subscribers(self) -> None:
        """Until somebody takes images and odometry.

        Raises:
            BagError: Nobody does.

        """
        end = time.monotonic() + _SUBSCRIBER_TIMEOUT_S
        for name in (self._image, self._odometry):
            while self._publishers[name].get_subscription_count() == 0:
                if time.monotonic() > end:
                    msg = f"nobody subscribes to {name}"
                    raise BagError(msg)
                time.sleep(0.02)

    def play(self, rate: float) -> None:
        """Publish everything at `rate` times real time, in the bag's order.

        The first message of each latched topic is there before the drive begins, as it was when it was recorded.
        """
        early = set(self._publish_latched())
        time.sleep(_SETTLE_S)
        first_ns: int | None = None
        begun_ns = time.monotonic_ns()
        for name, stamp_ns, raw in self._reader.raw(list(self._publishers)):
            first_ns = stamp_ns if first_ns is None else first_ns
            if name in early:
                early.remove(name)
                continue
            due_ns = begun_ns + round((stamp_ns - first_ns) / rate)
            left_ns = due_ns - time.monotonic_ns()
            if left_ns > 0:
                time.sleep(left_ns / NS_PER_S)
            self._clock.publish(Clock(clock=MESSAGES.time(stamp_ns)))
            if name == self._image:
                self.images.append(time.monotonic_ns())
            self._publishers[name].publish(bytes(raw))

    def _publish_latched(self) -> list[str]:
        published: list[str] = []
        for name, _, raw in self._reader.raw([name for name in self._latched if name in self._publishers]):
            if name not in published:
                self._publishers[name].publish(bytes(raw))
                published.append(name)
        return published

    def close(self) -> None:
        """Close the bag."""
        self._reader.close()

    def _publisher(self, topic: BagTopic) -> Any:
        if topic.latched:
            qos = topics.STATIC_TF if topic.type_name == "tf2_msgs/msg/TFMessage" else topics.LATCHED
        elif topic.name == self._image:
            qos = topics.SENSOR
        else:
            qos = topics.OUTPUT
        return self._node.create_publisher(message_class(topic.type_name), topic.name, qos)


def main(arguments: list[str] | None = None) -> int:
    """Entry point of the process."""
    parser = argparse.ArgumentParser(prog="wam player", description=__doc__)
    parser.add_argument("bag", type=Path)
    parser.add_argument("--rate", type=float, default=1.0)
    args = parser.parse_args(arguments)
    tune_process()
    rclpy.init()
    node = Node("player")
    try:
        player = Player(node, args.bag)
        player.wait_for_subscribers()
        player.play(args.rate)
        time.sleep(0.2)  # let the middleware hand over what is queued
        player.close()
        print(json.dumps({"images_ns": player.images}), flush=True)
    except BagError as err:
        print(f"player: {err}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        return 1
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
