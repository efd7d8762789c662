from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from wam_ros.bags.definitions import base_typestore
from wam_ros.bags.plan_messages import (
    TRAJECTORY_TYPE,
    PlanTimes,
    trajectory_fields,
    trajectory_message,
)
from wam_ros.core import InputError, Plan, PlanStatus, Trajectory
from wam_ros.core.from_messages import plan_from_message

TIMES = PlanTimes(budget_ms=80.0, latency_ms=41.5, input_age_ms=3.25)


def _plan(**changes: Any) -> Plan:
    rng = np.random.default_rng(4)
    trajectory = Trajectory(
        "odom",
        1_700_000_000_000_000_017,
        np.arange(1, 9) / 2.0,
        rng.normal(size=(8, 2)) * 100.0,
        rng.uniform(-math.pi, math.pi, 8),
        rng.uniform(0.0, 30.0, 8),
        rng.normal(size=8),
        rng.normal(size=8),
    )
    values: dict[str, Any] = {
        "status": PlanStatus.ANYTIME,
        "reason": "deadline",
        "weights_hash": "abc",
        "waypoint_confidence": np.linspace(0.9, 0.2, 8),
        "confidence": 0.75,
        "calibrated": True,
        "steps_done": 3,
        "steps_planned": 16,
    }
    return Plan(trajectory, "wam_diff", **{**values, **changes})


def _same(a: Plan, b: Plan) -> None:
    for name in (
        "planner",
        "status",
        "reason",
        "weights_hash",
        "calibrated",
        "steps_done",
        "steps_planned",
        "confidence",
    ):
        assert getattr(a, name) == getattr(b, name)
    assert (a.trajectory.frame_id, a.trajectory.stamp_ns) == (b.trajectory.frame_id, b.trajectory.stamp_ns)
    np.testing.assert_allclose(a.trajectory.times, b.trajectory.times, atol=1e-9)
    np.testing.assert_array_equal(a.trajectory.positions, b.trajectory.positions)
    np.testing.assert_allclose(a.trajectory.headings, b.trajectory.headings, atol=1e-9)
    for name in ("speeds", "accelerations", "heading_rates"):
        np.testing.assert_allclose(getattr(a.trajectory, name), getattr(b.trajectory, name), rtol=1e-6)
    if a.waypoint_confidence is None or b.waypoint_confidence is None:
        assert a.waypoint_confidence is b.waypoint_confidence is None
    else:
        np.testing.assert_allclose(a.waypoint_confidence, b.waypoint_confidence, rtol=1e-6)


@pytest.mark.parametrize("changes", [{}, {"waypoint_confidence": None, "confidence": None, "calibrated": False}])
def test_round_trip_over_bytes(changes):
    plan = _plan(**changes)
    store = base_typestore()
    raw = store.serialize_cdr(trajectory_message(plan, TIMES, z=1.5), TRAJECTORY_TYPE)
    message: Any = store.deserialize_cdr(raw, TRAJECTORY_TYPE)
    _same(plan_from_message(message), plan)
    assert (message.budget_ms, message.latency_ms, message.input_age_ms) == (80.0, 41.5, 3.25)
    assert {point.pose.position.z for point in message.points} == {1.5}


def test_what_is_missing_is_nan_and_never_zero():
    fields = trajectory_fields(_plan(waypoint_confidence=None, confidence=None))
    missing = [fields[name] for name in ("confidence", "budget_ms", "latency_ms", "input_age_ms")]
    assert all(math.isnan(value) for value in [*missing, *(point["confidence"] for point in fields["points"])])


def test_unknown_status_is_refused():
    message = trajectory_message(_plan())
    message.status = 9
    with pytest.raises(InputError, match=r"status 9, known: FULL = 0, ANYTIME = 1"):
        plan_from_message(message)


def _plain(message: Any) -> Any:
    """A ROS message as plain values."""
    if hasattr(message, "get_fields_and_field_types"):
        return {name: _plain(getattr(message, name)) for name in message.get_fields_and_field_types()}
    return [_plain(item) for item in message] if isinstance(message, list) else message


def _assert_same_fields(a: Any, b: Any, where: str = "") -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys(), where
        for key in a:
            _assert_same_fields(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), where
        for index, (one, other) in enumerate(zip(a, b)):
            _assert_same_fields(one, other, f"{where}[{index}]")
    else:
        assert a == pytest.approx(b, rel=1e-6, nan_ok=True), where


@pytest.mark.ros
@pytest.mark.parametrize("changes", [{}, {"waypoint_confidence": None, "confidence": None}])
def test_the_node_fills_the_same_fields(changes):
    conversions = pytest.importorskip("wam_ros.ros.conversions", exc_type=ImportError)
    plan = _plan(**changes)
    message = conversions.trajectory_message(plan, 1.5)
    message.budget_ms, message.latency_ms, message.input_age_ms = 80.0, 41.5, 3.25
    _assert_same_fields(_plain(message), trajectory_fields(plan, TIMES, z=1.5))
