from __future__ import annotations

import numpy as np
import pytest

from wam_ros.core import SE2, EgoState, InputError, Trajectory
from wam_ros.core.plan_features import PlanFeatures

TIMES = np.arange(1, 9) * 0.5


def arc(speed: float, acceleration: float, curvature: float = 0.0, yaw: float = 0.7) -> Trajectory:
    """4 s along an arc, begun anywhere."""
    way = speed * TIMES + 0.5 * acceleration * TIMES**2
    turned = way * curvature
    local = np.column_stack([way, np.zeros(8)])
    if curvature:
        local = np.column_stack([np.sin(turned), 1.0 - np.cos(turned)]) / curvature
    ego = EgoState(0, "odom", SE2(30.0, -4.0, yaw), speed)
    return Trajectory.from_waypoints(ego, TIMES, ego.pose.apply(local), yaw + turned)


def test_a_plan_is_told_wherever_it_begins() -> None:
    found = PlanFeatures.of(arc(6.0, 1.0), np.linspace(0.9, 0.2, 8))
    assert found.mean == pytest.approx(0.55)
    assert found.least == pytest.approx(0.2)
    assert found.speed == pytest.approx(6.0)
    assert found.gain == pytest.approx(3.75)  # the last speed is that of its half second
    assert found.distance == pytest.approx(32.0, abs=0.2)
    assert found.turn == pytest.approx(0.0, abs=1e-9)
    assert PlanFeatures.of(arc(6.0, 1.0, yaw=-2.0), np.linspace(0.9, 0.2, 8)) == pytest.approx(found)


@pytest.mark.parametrize("curvature", [0.05, -0.05])
def test_turns_to_both_sides_count(curvature: float) -> None:
    found = PlanFeatures.of(arc(5.0, 0.0, curvature), np.ones(8))
    assert found.turn == pytest.approx(1.0, abs=1e-6)
    assert found.distance == pytest.approx(20.0, rel=0.01)
    assert found.gain == pytest.approx(0.0, abs=0.01)


def test_standing_is_no_way() -> None:
    assert PlanFeatures.of(arc(0.0, 0.0), np.ones(8)) == pytest.approx((1.0, 1.0, 0.0, 0.0, 0.0, 0.0))


def test_confidences_must_fit() -> None:
    with pytest.raises(InputError, match="waypoint confidences"):
        PlanFeatures.of(arc(1.0, 0.0), np.ones(7))
    with pytest.raises(InputError, match="not finite"):
        PlanFeatures.of(arc(1.0, 0.0), np.full(8, np.nan))
