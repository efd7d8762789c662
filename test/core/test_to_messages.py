from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from wam_ros.bags.definitions import MESSAGES, base_typestore
from wam_ros.core import (
    SE2,
    SE3,
    Actor,
    ActorKind,
    EgoState,
    InputError,
    LightState,
    Plan,
    PlanStatus,
    Route,
    Scene,
    TrafficLight,
    Trajectory,
    VehicleCommand,
)
from wam_ros.core.from_messages import ACTOR_KINDS, LIGHT_STATES, plan_from_message

TYPE = "wam_ros/msg/Trajectory"


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
    sent = MESSAGES.trajectory(plan, z=1.5)
    sent.budget_ms, sent.latency_ms, sent.input_age_ms = 80.0, 41.5, 3.25
    message: Any = store.deserialize_cdr(store.serialize_cdr(sent, TYPE), TYPE)
    _same(plan_from_message(message), plan)
    assert (message.budget_ms, message.latency_ms, message.input_age_ms) == (80.0, 41.5, 3.25)
    assert {point.pose.position.z for point in message.points} == {1.5}


def test_what_is_missing_is_nan_and_never_zero():
    message = MESSAGES.trajectory(_plan(waypoint_confidence=None, confidence=None))
    missing = [getattr(message, name) for name in ("confidence", "budget_ms", "latency_ms", "input_age_ms")]
    assert all(math.isnan(value) for value in [*missing, *(point.confidence for point in message.points)])


def test_unknown_status_is_refused():
    message = MESSAGES.trajectory(_plan())
    message.status = 9
    with pytest.raises(InputError, match=r"status 9, known: FULL = 0, ANYTIME = 1"):
        plan_from_message(message)


def _plain(message: Any) -> Any:
    """A message of either library as plain values."""
    if hasattr(message, "get_fields_and_field_types"):
        return {name: _plain(getattr(message, name)) for name in message.get_fields_and_field_types()}
    if hasattr(message, "__dataclass_fields__"):
        names = [field.name for field in fields(message)]  # constants of the type among them
        return {name: _plain(getattr(message, name)) for name in names if name.islower() and name != "__msgtype__"}
    return [_plain(item) for item in message] if isinstance(message, (list, np.ndarray)) else message


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


def _scene() -> Scene:
    ego = EgoState(17, "map", SE2(3.0, -4.0, 1.2), 5.0, -0.5, 0.1, 0.02, 0.6, 0.3)
    actors = tuple(Actor(7 + n, kind, SE2(n, -n, 0.5 * n), 4.5, 1.8, 1.5, 0.5 * n) for n, kind in enumerate(ActorKind))
    line = np.array([[9.0, 1.6], [9.0, -1.6]])
    return Scene(
        17, ego, actors, tuple(TrafficLight(f"A{n}", state, ("1_0_-1",), line) for n, state in enumerate(LightState))
    )


@pytest.mark.ros
@pytest.mark.parametrize("changes", [{}, {"waypoint_confidence": None, "confidence": None}])
def test_ros_and_bags_hold_the_same_fields(changes):
    ros = pytest.importorskip("wam_ros.ros.message_types", exc_type=ImportError).MESSAGES
    pytest.importorskip("wam_ros.msg")
    plan, scene = _plan(**changes), _scene()
    route = Route.from_points("map", [[0.0, 0.0], [5.0, 0.0], [5.0, 5.0]])
    for make in (
        lambda messages: messages.trajectory(plan, 1.5),
        lambda messages: messages.scene(scene, "base_link"),
        lambda messages: messages.route(route, 17),
        lambda messages: messages.ego(scene.ego, "base_link", SE3.from_euler([3.0, -4.0, 0.3], 0.05, -0.1, 1.2)),
        lambda messages: messages.command(VehicleCommand(17, 0.25, 4.0, -1.5), "base_link"),
    ):
        _assert_same_fields(_plain(make(ros)), _plain(make(MESSAGES)))


@pytest.mark.ros
def test_kinds_and_states_have_the_numbers_of_the_messages():
    msg = pytest.importorskip("wam_ros.msg")
    assert [getattr(msg.SceneActor, kind.name) for kind in ACTOR_KINDS] == list(range(len(ActorKind)))
    assert [getattr(msg.SceneLight, state.name) for state in LIGHT_STATES] == list(range(len(LightState)))
