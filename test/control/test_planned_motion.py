from __future__ import annotations

import math

import numpy as np
import pytest

from test.control.closed_loop import PoseAt, braking, circle, lane_change, starting, straight, trajectory_of
from wam_ros.control.planned_motion import PlannedMotion
from wam_ros.core import SE2


def motion_of(pose_at: PoseAt, speed: float, time: float = 0.0) -> PlannedMotion:
    return PlannedMotion(SE2(*pose_at(time)), speed, trajectory_of(pose_at, time))


def place(motion: PlannedMotion, pose_at: PoseAt, time: float) -> tuple[float, float, float]:
    """How far the true motion is ahead of, left of, and turned from the interpolated one at a time."""
    x, y, yaw = pose_at(time)
    found = motion.place(SE2(x, y, yaw), time)
    turned = (yaw - found.heading + math.pi) % (2.0 * math.pi) - math.pi
    return found.arc_length - motion.distance(time), found.lateral, turned


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("radius", "speed"), [(8.0, 4.0), (25.0, 8.0), (6.0, 2.5), (200.0, 20.0)])
def test_samples_of_a_circle_become_the_circle(radius: float, speed: float, side: int) -> None:
    pose_at = circle(radius, speed, side)
    motion = motion_of(pose_at, speed)
    for time in np.arange(0.0, 3.9, 0.07):
        ahead, left, turned = place(motion, pose_at, float(time))
        assert abs(ahead) < 0.03
        assert abs(left) < 0.03
        assert abs(turned) < 0.03
        assert motion.path.curvature(motion.distance(float(time)), 1.0) == pytest.approx(side / radius, rel=0.08)


def test_a_full_circle_does_not_pull_to_its_end() -> None:
    pose_at = circle(6.0, 9.4)  # almost once around in the horizon
    motion = motion_of(pose_at, 9.4)
    for time in np.arange(0.0, 3.9, 0.1):
        ahead, left, _ = place(motion, pose_at, float(time))
        assert abs(ahead) < 0.5
        assert abs(left) < 1.0


@pytest.mark.parametrize(
    ("pose_at", "speed"),
    [(straight(9.0), 9.0), (lane_change(8.0, begin=0.0), 8.0), (braking(8.0, 2.5), 8.0), (starting(1.5, 8.0), 0.0)],
    ids=["straight", "lane change", "braking", "starting"],
)
def test_samples_of_a_motion_become_the_motion(pose_at: PoseAt, speed: float) -> None:
    motion = motion_of(pose_at, speed)
    for time in np.arange(0.0, 3.99, 0.05):
        ahead, left, _ = place(motion, pose_at, float(time))
        assert abs(ahead) < 0.06
        assert abs(left) < 0.06


@pytest.mark.parametrize("deceleration", [1.0, 2.0, 3.7, 6.0])
@pytest.mark.parametrize("begin", [0.0, 0.2, 0.75])
def test_a_stop_is_never_overshot(deceleration: float, begin: float) -> None:
    pose_at = braking(5.0, deceleration, begin)
    motion = motion_of(pose_at, 5.0)
    arcs = [motion.distance(t) for t in np.arange(0.0, 4.0, 0.01)]
    assert (np.diff(arcs) >= -1e-9).all(), "it goes back"
    assert max(arcs) <= motion.end + 1e-9
    assert all(motion.speed(float(t)) >= 0.0 for t in np.arange(0.0, 5.0, 0.01))


def test_speed_is_the_derivative_of_distance() -> None:
    motion = motion_of(braking(8.0, 2.5, 0.3), 8.0)
    for time in np.arange(0.01, 4.5, 0.013):
        slope = (motion.distance(time + 1e-6) - motion.distance(time - 1e-6)) / 2e-6
        assert motion.speed(float(time)) == pytest.approx(slope, abs=1e-3)


def test_a_plan_that_begins_aside_is_not_tied_to_the_vehicle() -> None:
    motion = PlannedMotion(SE2(0.0, 1.0, 0.0), 8.0, trajectory_of(straight(8.0), 0.0))
    for x in np.arange(0.0, 20.0, 0.5):
        found = motion.path.project(float(x), 1.0, motion.distance(float(x) / 8.0), 15.0)
        assert found.lateral == pytest.approx(1.0, abs=1e-6)
        assert found.heading == pytest.approx(0.0, abs=1e-6)


def test_a_plan_that_begins_further_ahead_asks_for_no_leap() -> None:
    motion = PlannedMotion(SE2(-3.0, 0.0, 0.0), 8.0, trajectory_of(straight(8.0), 0.0))
    assert [motion.speed(t) for t in (0.0, 0.2, 0.4, 1.0)] == pytest.approx([8.0] * 4)
    here = motion.place(SE2(-3.0, 0.0, 0.0), 0.0)
    assert motion.distance(0.0) - here.arc_length == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("jitter", [0.0, 0.05, 0.2])
def test_waypoints_on_one_spot_are_no_path(jitter: float) -> None:
    rng = np.random.default_rng(3)
    around = trajectory_of(straight(0.0), 0.0)
    positions = around.positions + rng.uniform(-jitter, jitter, (8, 2))
    spot = type(around)(
        "odom", 0, around.times, positions, around.headings, around.speeds, around.speeds, around.speeds
    )
    motion = PlannedMotion(SE2(0.0, 0.0, 0.3), 0.0, spot)
    assert not motion.path.bends
    assert motion.end - motion.place(SE2(0.0, 0.0, 0.3), 0.0).arc_length < 0.4
