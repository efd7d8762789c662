from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from test.bags.drives import make_labelled
from test.bags.made_bags import START, image, odometry, straight_drive, write
from wam_ros.bags.kitti import import_kitti
from wam_ros.bags.reader import BagReader
from wam_ros.bags.replay import TIMING_TOPIC, TRAJECTORY_TOPIC, ReplayedFrame, replay_in_process
from wam_ros.bags.results import summarize
from wam_ros.core import BagError, CanonicalCamera, Deadline, Observation, Plan, PlannerError
from wam_ros.core.from_messages import plan_from_message
from wam_ros.planning import ConstantVelocityPlanner, Fallback, PlanMonitor, RouteFollower


class ConstantVelocity:
    """A planner to be varied."""

    name = "fake"
    weights_hash = ""
    provenance = ""
    camera: CanonicalCamera | None = None

    def __init__(self) -> None:
        self.seen: list[Observation] = []
        self.resets = 0

    def warm_up(self) -> None:
        pass

    def reset(self) -> None:
        self.resets += 1

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        self.seen.append(observation)
        return ConstantVelocityPlanner().plan(observation, deadline)


class Whimsical(ConstantVelocity):
    """Fails at the third image and plans nonsense at the fifth."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        plan = super().plan(observation, deadline)
        assert deadline.remaining_s() == math.inf
        if len(self.seen) == 3:
            msg = "no idea"
            raise PlannerError(msg)
        if len(self.seen) == 5:
            return replace(plan, trajectory=replace(plan.trajectory, positions=plan.trajectory.positions * np.nan))
        return plan


class Looking(ConstantVelocity):
    """Has a camera of its own."""

    camera = CanonicalCamera(32, 16, 20.0, 16.0, 8.0, 1.5)


def _messages(path, topic):
    with BagReader(path) as reader:
        return [(stamp, message) for _, stamp, message in reader.messages([topic])]


def test_every_image_gets_one_plan_and_the_summaries_agree(tmp_path, vehicle):
    bag = write(tmp_path / "bag", straight_drive(6.0))
    told: list[ReplayedFrame] = []
    summary = replay_in_process(
        bag, ConstantVelocityPlanner(), PlanMonitor(vehicle), Fallback(vehicle), tmp_path / "out", progress=told.append
    )
    assert (summary.frames, summary.planned, summary.rejected, summary.incomplete, summary.late) == (60, 60, 0, 0, 0)
    assert summary.status_counts["FULL"] == 60
    assert summary.ade_m == pytest.approx(0.0, abs=1e-6)
    assert summary.n_fde == 20  # images at 0.005 .. 1.905 s have truth 4 s on
    assert summary.worst_overrun_ms is None
    assert summarize(tmp_path / "out", bag) == summary
    assert len(told) == 60
    messages = _messages(tmp_path / "out", TRAJECTORY_TOPIC)
    for (recorded, message), replayed in zip(messages, told):
        assert recorded == replayed.frame.recorded_ns
        plan = plan_from_message(message)
        assert plan.trajectory.stamp_ns == replayed.frame.stamp_ns
        np.testing.assert_array_equal(plan.trajectory.positions, replayed.answer.plan.trajectory.positions)
        assert message.points[0].pose.position.z == 0.5  # that of the odometry
        assert math.isnan(message.latency_ms)


def test_failures_and_refusals_are_replaced_and_counted(tmp_path, vehicle):
    bag = write(tmp_path / "bag", [*straight_drive(1.0), image(950.0, encoding="yuv422")])
    planner = Whimsical()
    summary = replay_in_process(bag, planner, PlanMonitor(vehicle), Fallback(vehicle), tmp_path / "out")
    assert (summary.frames, summary.planned, summary.rejected, summary.incomplete) == (11, 9, 1, 0)
    assert summary.status_counts == {"FULL": 8, "ANYTIME": 0, "REUSED": 3, "STOP": 0}
    assert len(planner.seen) == 10
    reasons = [message.reason for _, message in _messages(tmp_path / "out", TRAJECTORY_TOPIC) if message.reason]
    assert reasons[0].startswith("planner failed: no idea")
    assert reasons[1].startswith("monitor: ")
    assert "image encoding 'yuv422'" in reasons[2]
    timings = [(message.planned, message.rejected) for _, message in _messages(tmp_path / "out", TIMING_TOPIC)]
    assert timings[2:5] == [(False, False), (True, False), (True, True)]
    assert summarize(tmp_path / "out", bag) == summary


def test_without_odometry_near_the_image_it_stops(tmp_path, vehicle):
    records = [r for r in straight_drive(1.0) if not (r.topic == "/odometry" and r.at_ms < 500.0)]
    bag = write(tmp_path / "bag", records)
    told: list[ReplayedFrame] = []
    summary = replay_in_process(
        bag, ConstantVelocityPlanner(), PlanMonitor(vehicle), Fallback(vehicle), tmp_path / "out", progress=told.append
    )
    assert summary.frames == sum(summary.status_counts.values()) == 10
    assert summary.status_counts["STOP"] >= 2
    assert all(replayed.answer.plan.reason for replayed in told if not replayed.answer.planned)
    assert not told[0].answer.planned


def test_a_jump_resets_the_planner(tmp_path, vehicle):
    records = [r for r in straight_drive(2.0) if not (r.topic == "/odometry" and r.at_ms >= 1000.0)]
    records += [odometry(20.0 * k, 0.2 * k, 10.0, y=300.0) for k in range(50, 102)]
    planner = Whimsical()
    replay_in_process(
        write(tmp_path / "bag", records), planner, PlanMonitor(vehicle), Fallback(vehicle), tmp_path / "out"
    )
    assert planner.resets == 2


def test_a_planner_with_a_camera_of_its_own_sees_through_it(tmp_path, vehicle):
    folder = make_labelled(tmp_path / "kitti", count=4)
    import_kitti(folder, tmp_path / "bag")
    planner = Looking()
    replay_in_process(tmp_path / "bag", planner, PlanMonitor(vehicle), Fallback(vehicle), tmp_path / "out")
    assert len(planner.seen) == 4
    for observation in planner.seen:
        seen = observation.images["front"]
        assert (seen.encoding, seen.pixels.shape) == ("rgb8", (16, 32, 3))
        assert seen.camera is not None
        assert seen.camera.matrix[0, 0] == 20.0
        assert seen.pixels.std() > 0.0


def test_inputs_are_copied_to_the_byte_when_asked(tmp_path, vehicle):
    bag = write(tmp_path / "bag", straight_drive(1.0))
    replay_in_process(
        bag, ConstantVelocityPlanner(), PlanMonitor(vehicle), Fallback(vehicle), tmp_path / "out", include_inputs=True
    )
    with BagReader(bag) as source, BagReader(tmp_path / "out") as result:
        copied = [item for item in result.raw() if item[0] not in {TRAJECTORY_TOPIC, TIMING_TOPIC}]
        assert copied == list(source.raw())
        assert result.topics["/route"].latched
        order = [topic for topic, stamp, _ in result.raw() if stamp == START + 5_000_000]
    assert order == ["/camera/image", TRAJECTORY_TOPIC, TIMING_TOPIC]
    assert summarize(tmp_path / "out", tmp_path / "out") == summarize(tmp_path / "out", bag)


@pytest.mark.parametrize("planner", ["constant_velocity", "route_follower"])
def test_same_bag_gives_same_bytes(tmp_path, vehicle, kitti_folder, planner):
    import_kitti(kitti_folder, tmp_path / "bag")
    summaries = []
    for name in ("one", "two"):
        make = ConstantVelocityPlanner() if planner == "constant_velocity" else RouteFollower(vehicle, 12.0)
        out = tmp_path / name / "out"
        summaries.append(replay_in_process(tmp_path / "bag", make, PlanMonitor(vehicle), Fallback(vehicle), out))
    for file in ("out_0.mcap", "metadata.yaml"):
        assert (tmp_path / "one" / "out" / file).read_bytes() == (tmp_path / "two" / "out" / file).read_bytes()
    assert summaries[0] == summaries[1]
    summary = summaries[0]
    assert summary.frames == 51
    assert summary.planned >= 45
    assert (summary.incomplete, summary.late) == (0, 0)
    assert sum(summary.status_counts.values()) == 51
    assert (summary.n, summary.n_fde) == (228, 11)  # 51 images at 10 Hz, waypoints each 0.5 s up to 4 s
    assert summary.ade_m is not None
    assert summary.fde_m is not None
    assert 0.0 < summary.ade_m < summary.fde_m < 2.0


def test_a_bug_in_a_planner_is_not_hidden_and_leaves_no_result(tmp_path, vehicle):
    class Buggy(ConstantVelocity):
        def plan(self, observation: Observation, deadline: Deadline) -> Plan:
            raise ZeroDivisionError

    bag = write(tmp_path / "bag", straight_drive(1.0))
    with pytest.raises(ZeroDivisionError):
        replay_in_process(bag, Buggy(), PlanMonitor(vehicle), Fallback(vehicle), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_result_must_not_exist(tmp_path, vehicle):
    bag = write(tmp_path / "bag", straight_drive(1.0))
    with pytest.raises(BagError, match="exists already"):
        replay_in_process(bag, ConstantVelocityPlanner(), PlanMonitor(vehicle), Fallback(vehicle), bag)
