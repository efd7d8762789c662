from __future__ import annotations

import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import String

from test.ros.harness import cleaned_shared_memory, next_domain
from wam_ros.bags.reader import BagReader
from wam_ros.bags.writer import BagWriter
from wam_ros.ros.recorder import Recorder

pytestmark = pytest.mark.ros


def test_who_waits_for_a_reader_has_the_answers_recorded_from_the_first_on(tmp_path: Path) -> None:
    with cleaned_shared_memory(), BagWriter(tmp_path / "bag") as writer:
        context = Context()
        rclpy.init(context=context, domain_id=next_domain())
        node, other = Node("recording", context=context), Node("answering", context=context)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        asks = other.create_publisher(String, "/asks", 10)
        recorder = Recorder(node, writer, None, last=["/asks"], first=["/answers"])

        def spin_until_read(seconds: float) -> bool:
            end = time.monotonic() + seconds
            while time.monotonic() < end and asks.get_subscription_count() == 0:
                executor.spin_once(timeout_sec=0.05)
            return asks.get_subscription_count() > 0

        assert not spin_until_read(1.5)  # nobody answers yet
        answers = other.create_publisher(String, "/answers", 10)
        assert spin_until_read(20.0)
        assert recorder.topics >= {"/asks", "/answers"}
        for number in range(20):
            asks.publish(String(data=str(number)))
            answers.publish(String(data=str(number)))
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            executor.spin_once(timeout_sec=0.05)
        context.shutdown()
    with BagReader(tmp_path / "bag") as reader:
        assert reader.topics["/answers"].count >= reader.topics["/asks"].count > 0
