from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("carla")
pytest.importorskip("libsumo")
pytest.importorskip("launch_pytest")
pytest.importorskip("launch_ros")

import launch_pytest

from test.launch.launched import launched
from wam_ros.bags.reader import BagReader
from wam_ros.bags.topics import SHOWN, pick_topics

pytestmark = [pytest.mark.ros, pytest.mark.carla, pytest.mark.slow]

TIMEOUT_S = 150.0


def free_port() -> int:
    """A port that is free now; the next one, for the streams, most likely is, too."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@launch_pytest.fixture
def drive(domain, tmp_path):
    return launched(
        "drive.launch.py",
        planner="privileged_expert",
        port=str(free_port()),
        route_length="60.0",
        record=str(tmp_path / "drive"),
        seed="3",
    )


@pytest.mark.launch(fixture=drive)
def test_a_drive_reaches_its_goal_and_ends_by_itself(tmp_path: Path, drive: Any) -> None:
    _, exits = drive
    end = time.monotonic() + TIMEOUT_S
    while len(exits) < 5:
        assert time.monotonic() < end, f"ended so far: {exits}"
        time.sleep(0.1)
    assert exits == {"carla_bridge": 0, "planner": 0, "controller": 0, "recorder": 0, "server": 0}
    with BagReader(tmp_path / "drive") as reader:
        topics = pick_topics(reader.topics, SHOWN)
        counts = {part: reader.topics[str(getattr(topics, part))].count for part in SHOWN if getattr(topics, part)}
    assert set(counts) == set(SHOWN)
    assert counts["trajectory"] > 20
