"""Recording, and replaying over ROS: real processes, real bags."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")

from test.ros.harness import ROOT, Driver, cleaned_shared_memory, next_domain, running
from wam_ros.bags.reader import BagReader
from wam_ros.bags.repair import repair
from wam_ros.core import BagError
from wam_ros.core.from_messages import header_stamp_ns
from wam_ros.ros import topics

pytestmark = pytest.mark.ros
SECOND = 1_000_000_000


def wam(*arguments: str, domain: int) -> subprocess.Popen[str]:
    env = {**os.environ, "ROS_DOMAIN_ID": str(domain)}
    command = [sys.executable, "-m", "wam_ros.cli.main", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def send_images(driver: Driver, seconds: float) -> list[tuple[int, float]]:
    """Images of 50 KB at 50 Hz; stamp and time of sending of each."""
    sent = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        driver.stamp_ns = time.time_ns()
        driver.send(topics.IMAGE, driver.image(width=160, height=104))
        sent.append((driver.stamp_ns, time.monotonic()))
        driver.spin(0.02)
    return sent


def recorded_stamps(bag: Path) -> list[int]:
    with BagReader(bag) as reader:
        return [header_stamp_ns(raw) for _, _, raw in reader.raw(["/planner/input/image"])]


def ready_recorder(driver: Driver, *arguments: str, domain: int) -> subprocess.Popen[str]:
    recorder = wam("record", *arguments, domain=domain)
    assert driver.spin_until(lambda: driver.publishers[topics.IMAGE.name].get_subscription_count() > 0, 20.0)
    driver.spin(0.5)
    return recorder


def test_a_recording_ends_complete_on_sigint(tmp_path: Path) -> None:
    domain = next_domain()
    driver = Driver(domain)
    driver.route()  # latched: recorded though it was sent before
    recorder = ready_recorder(driver, "--all", "-o", str(tmp_path / "bag"), domain=domain)
    sent = send_images(driver, 1.5)
    driver.spin(0.3)
    recorder.send_signal(signal.SIGINT)
    output = recorder.communicate(timeout=15.0)[0]
    driver.close()
    assert recorder.returncode == 0, output
    assert recorded_stamps(tmp_path / "bag") == [stamp for stamp, _ in sent]
    with BagReader(tmp_path / "bag") as reader:
        assert reader.topics["/planner/input/route"].latched
        assert reader.topics["/planner/input/route"].count == 1
        assert not reader.topics["/planner/input/image"].latched


def test_a_killed_recording_loses_at_most_its_last_second(tmp_path: Path) -> None:
    domain = next_domain()
    with cleaned_shared_memory():
        driver = Driver(domain)
        recorder = ready_recorder(driver, "/planner/input/image", "-o", str(tmp_path / "bag"), domain=domain)
        sent = send_images(driver, 3.5)
        recorder.kill()
        killed = time.monotonic()
        recorder.communicate(timeout=15.0)
        driver.close()
    with pytest.raises(BagError, match="wam bag repair"):
        BagReader(tmp_path / "bag")
    repair(tmp_path / "bag")
    kept = set(recorded_stamps(tmp_path / "bag"))
    missing = [stamp for stamp, at in sent if at < killed - 1.0 and stamp not in kept]
    assert missing == []
    assert len(kept) > 100


def test_recording_nothing_is_refused(tmp_path: Path) -> None:
    recorder = wam("record", "-o", str(tmp_path / "bag"), domain=next_domain())
    output = recorder.communicate(timeout=15.0)[0]
    assert (recorder.returncode, "name the topics to record, or give --all" in output) == (1, True)
    assert not (tmp_path / "bag").exists()


def replay(source: Path, out: Path, *more: str) -> dict[str, Any]:
    process = wam("replay", str(source), "--out", str(out), *more, domain=next_domain())
    output = process.communicate(timeout=90.0)[0]
    assert process.returncode == 0, output
    planner = more[more.index("--planner") + 1] if "--planner" in more else "route_follower"
    summary: dict[str, Any] = json.loads((out / f"summary_{planner}.json").read_text())["summary"]
    assert f"wrote {out}" in output
    return summary


@pytest.mark.slow
def test_the_kitti_drive_over_ros(kitti_folder: Path, tmp_path: Path) -> None:
    """The acceptance of the node: a real drive through real processes at 10 Hz."""
    summary = replay(kitti_folder, tmp_path, "--budget-ms", "80")
    assert summary["frames"] == 51
    assert summary["planned"] >= 45
    assert (summary["incomplete"], summary["late"]) == (0, 0)
    assert sum(summary["status_counts"].values()) == 51
    assert summary["n"] > 200
    assert summary["ade_m"] > 0.0


@pytest.mark.slow
def test_the_kitti_drive_with_the_masked_diffusion_planner(kitti_folder: Path, tmp_path: Path) -> None:
    """Weights that nobody trained: every image is decoded in time, and the monitor refuses what comes out."""
    options = ("--planner", "wam_diff", "--checkpoint", "random:small")
    # A quarter of real time: that it keeps up is for `wam bench`, this is for any machine.
    summary = replay(kitti_folder, tmp_path, "--rate", "0.25", "--budget-ms", "320", *options)
    assert summary["planned"] >= 45
    assert (summary["incomplete"], summary["late"]) == (0, 0)
    assert sum(summary["status_counts"].values()) == 51


def test_step_by_step_gives_the_same_bytes(kitti_folder: Path, tmp_path: Path) -> None:
    results = []
    for run in ("a", "b"):
        replay(kitti_folder, tmp_path / run, "--step", "--planner", "constant_velocity")
        results.append((tmp_path / run / "result_constant_velocity" / "result_constant_velocity_0.mcap").read_bytes())
    assert results[0] == results[1]


def test_a_planner_that_does_not_start_is_named(kitti_folder: Path, tmp_path: Path) -> None:
    process = wam("replay", str(kitti_folder), "--out", str(tmp_path), "--vehicle", "boat", domain=next_domain())
    output = process.communicate(timeout=90.0)[0]
    assert process.returncode == 1
    assert "unknown 'boat'" in output
    assert "process planner ended with exit code 1" in output
    assert "Traceback" not in output


def test_the_timing_topic_is_there_before_the_first_plan() -> None:
    with running() as (driver, _):
        assert driver.step() is not None
        assert driver.spin_until(lambda: len(driver.timings) == 1)


@pytest.mark.slow
def test_a_parameter_file_is_heeded_and_options_that_are_given_win(kitti_folder: Path, tmp_path: Path) -> None:
    parameters = {"/**": {"ros__parameters": {"budget_ms": 120.0, "target_speed": 12.0}}}
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(parameters))  # JSON is YAML
    summary = replay(kitti_folder, tmp_path, "--params-file", str(file), "--target-speed", "6.0", "--rate", "3")
    with BagReader(tmp_path / "result_route_follower") as reader:
        plans = [message for _, _, message in reader.messages(["/planner/output/trajectory"])]
    assert {plan.budget_ms for plan in plans} == {120.0}
    assert min(plan.points[-1].velocity for plan in plans if plan.status == 0) < 9.0  # it slows down to 6 m/s
    assert summary["incomplete"] == 0
