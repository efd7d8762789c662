from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("launch_pytest")
pytest.importorskip("launch_ros")

import launch_pytest
from rclpy.serialization import deserialize_message

from test.bags.drives import make_labelled
from test.launch.launched import launched
from wam_ros.bags.kitti import START_NS, import_kitti
from wam_ros.bags.reader import BagReader
from wam_ros.core.from_messages import stamp_to_ns
from wam_ros.msg import Trajectory

pytestmark = pytest.mark.ros

FRAMES = 12
TIMEOUT_S = 60.0


def wait_for(exits: dict[str, int], count: int) -> None:
    end = time.monotonic() + TIMEOUT_S
    while len(exits) < count:
        assert time.monotonic() < end, f"ended so far: {exits}"
        time.sleep(0.05)


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    out = tmp_path / "drive"
    import_kitti(make_labelled(tmp_path / "kitti", FRAMES), out)
    return out


@launch_pytest.fixture
def replay(domain, tmp_path, bag):
    return launched("replay.launch.py", bag=str(bag), out=str(tmp_path / "result"), log_level="warn")


@pytest.mark.launch(fixture=replay)
def test_a_replay_ends_by_itself_and_leaves_a_bag(tmp_path: Path, replay: Any) -> None:
    _, exits = replay
    wait_for(exits, 3)
    assert exits == {"recorder": 0, "planner": 0, "player": 0}
    with BagReader(tmp_path / "result") as reader:
        raw = [bytes(message) for _, _, message in reader.raw(["/planner/output/trajectory"])]
    stamps = [stamp_to_ns(deserialize_message(message, Trajectory).header.stamp) for message in raw]
    # A busy machine may supersede an image by the next one; the first and the last are answered in any case.
    assert stamps[0] == START_NS
    assert stamps[-1] == START_NS + (FRAMES - 1) * 100_000_000
    assert len(stamps) > FRAMES // 2


@launch_pytest.fixture
def replay_of_nothing(domain, tmp_path, bag):
    params = tmp_path / "params.yaml"
    params.write_text("/**: {ros__parameters: {vehicle: flying_carpet}}\n")
    return launched("replay.launch.py", bag=str(bag), params_file=str(params), log_level="fatal")


@pytest.mark.launch(fixture=replay_of_nothing)
def test_a_planner_that_cannot_be_configured_ends_the_replay(replay_of_nothing: Any) -> None:
    _, exits = replay_of_nothing
    wait_for(exits, 1)
    assert exits == {"planner": 0}
