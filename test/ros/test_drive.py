from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("carla")
pytest.importorskip("libsumo")

from test.ros.harness import ROOT, cleaned_shared_memory, next_domain
from wam_ros.bags.reader import BagReader
from wam_ros.bags.topics import SHOWN, pick_topics
from wam_ros.core.ego import EgoState
from wam_ros.core.from_messages import ego_from_odometry, scene_from_message

pytestmark = [pytest.mark.ros, pytest.mark.carla, pytest.mark.slow]

DRIVE = [
    *("drive", "--planner", "privileged_expert", "--route-length", "100", "--vehicles", "4", "--pedestrians", "2"),
    *("--no-film", "--steps", "1"),
]


class Drive:
    """`wam drive` as users start it, with its lines as they come."""

    def __init__(self, out: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wam_ros.cli.main", *DRIVE, "--out", str(out), *options],
            cwd=ROOT,
            env={**os.environ, "ROS_DOMAIN_ID": str(next_domain())},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for_speed(self, kmh: float) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"(\d+) km/h", line)
            if found and float(found.group(1)) >= kmh:
                return
        pytest.fail(f"never drove at {kmh} km/h: {self.end()[1]}")

    def children(self) -> dict[str, int]:
        """Process ids by the last part of the module's name."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and (folder / "stat").exists():
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                words = (folder / "cmdline").read_text().split("\0")
                if parent == self.process.pid and "-m" in words:
                    found[words[words.index("-m") + 1].rpartition(".")[2]] = int(folder.name)
        return found

    def end(self) -> tuple[int, str]:
        """Exit code and what was said on stderr."""
        _, errors = self.process.communicate(timeout=120)
        return self.process.returncode, errors


def path_of(bag: Path) -> list[EgoState]:
    with BagReader(bag) as reader:
        topic = str(pick_topics(reader.topics, ("odometry",)).odometry)
        return [ego_from_odometry(message, "base_link") for _, _, message in reader.messages([topic])]


def paths_differ(first: list[EgoState], second: list[EgoState]) -> float:
    """The largest distance [m] between two drives at equal stamps; inf where they share none."""
    others = {state.stamp_ns: state.pose.position for state in second}
    distances = [
        float(((state.pose.position - others[state.stamp_ns]) ** 2).sum() ** 0.5)
        for state in first
        if state.stamp_ns in others
    ]
    return max(distances, default=float("inf"))


@pytest.fixture
def over_ros(tmp_path):
    with cleaned_shared_memory():
        drive = Drive(tmp_path / "ros")
        code, errors = drive.end()
    assert code == 0, errors
    return tmp_path / "ros"


def test_over_ros_it_drives_to_its_goal_on_the_path_of_the_loop_in_process(over_ros, tmp_path):
    summary = json.loads((over_ros / "drive_privileged_expert.json").read_text())
    assert summary["ok"]
    assert (summary["missed_commands"], summary["collisions"]) == (0, 0)
    assert set(summary["plans"]) == {"FULL"}
    bag = over_ros / "drive_privileged_expert"
    with BagReader(bag) as reader:
        topics = pick_topics(reader.topics, SHOWN)
        assert all(getattr(topics, part) is not None for part in SHOWN)
        counts = {part: reader.topics[str(getattr(topics, part))].count for part in SHOWN}
        scenes = [scene_from_message(message) for _, _, message in reader.messages([str(topics.truth)])]
    assert counts["trajectory"] == counts["image"]  # the recorder may miss a tick at the start, never an answer
    assert abs(counts["command"] - summary["commands"]) <= 2
    assert any(scene.actors for scene in scenes)
    alone = subprocess.run(
        [sys.executable, "-m", "wam_ros.cli.main", *DRIVE, "--in-process", "--out", str(tmp_path / "alone")],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert alone.returncode == 0
    here, there = path_of(tmp_path / "alone" / "drive_privileged_expert"), path_of(bag)
    assert min(len(here), len(there)) > 100
    assert abs(len(here) - len(there)) < 40  # recording over ROS may begin some ticks late
    assert paths_differ(here, there) < 0.02


@pytest.mark.parametrize(("victim", "name"), [("planner_main", "planner"), ("controller_main", "controller")])
def test_when_a_node_dies_the_car_is_stopped_and_its_name_told(tmp_path, victim, name):
    with cleaned_shared_memory():
        drive = Drive(tmp_path)
        drive.wait_for_speed(15.0)
        children = drive.children()
        os.kill(children[victim], signal.SIGKILL)
        code, errors = drive.end()
    assert code == 1
    assert f"process {name} ended with exit code -9, killed by SIGKILL; the car was brought to a stop" in errors
    assert all(not Path(f"/proc/{pid}").exists() for pid in children.values())
    speeds = [state.speed for state in path_of(tmp_path / "drive_privileged_expert")]
    assert max(speeds) > 4.0
    assert abs(speeds[-1]) < 0.1


def test_when_the_server_dies_everything_ends_and_says_so(tmp_path):
    with cleaned_shared_memory():
        drive = Drive(tmp_path)
        drive.wait_for_speed(10.0)
        children = drive.children()
        os.kill(children["main"], signal.SIGKILL)
        begun = time.monotonic()
        code, errors = drive.end()
    assert code == 1
    assert "process server ended with exit code -9" in errors
    assert time.monotonic() - begun < 60.0
    assert all(not Path(f"/proc/{pid}").exists() for pid in children.values())
