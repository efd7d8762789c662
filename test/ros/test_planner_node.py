from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from test.ros.harness import Trajectory, assert_complete, running

pytestmark = pytest.mark.ros


def test_images_become_trajectories() -> None:
    with running() as (driver, _):
        answers = driver.drive(5)
        assert all(answer is not None for answer in answers)
        for answer in answers:
            assert_complete(answer)
        last = answers[-1]
        assert (last.status, last.planner, last.header.frame_id) == (Trajectory.FULL, "route_follower", "odom")
        assert last.points[0].pose.position.x > driver.x
        assert 0.0 < last.latency_ms < last.budget_ms == 80.0
        driver.diagnostic("planning", "status_full=5")
