from __future__ import annotations

import threading
import time

import numpy as np
import pytest

pytest.importorskip("rclpy")

import rclpy
from rclpy.context import Context
from rclpy.lifecycle import LifecycleNode

from test.ros.harness import cleaned_shared_memory, next_domain
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.ros.outputs import PlanOutputs
from wam_ros.runtime import TickResult, TimeBudget
from wam_ros.runtime.tick import Tick

pytestmark = pytest.mark.ros


def result() -> TickResult:
    ego = EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 1.0)
    times = np.arange(1, 9) * 0.5
    trajectory = Trajectory.from_waypoints(ego, times, np.column_stack([times, np.zeros_like(times)]))
    return TickResult(Tick(1, 0, time.monotonic_ns(), None, TimeBudget()), Plan(trajectory, "test"))


def test_a_signal_that_ends_ros_between_two_lines_raises_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: raised.append(args.exc_value))
    with cleaned_shared_memory():
        context = Context()
        rclpy.init(context=context, domain_id=next_domain())
        node = LifecycleNode("outputs_test", context=context)
        outputs = PlanOutputs(node)
        node.trigger_configure()
        node.trigger_activate()
        outputs.publish(result())
        context.shutdown()
        outputs.publish(result())
        outputs.close()
    assert not raised
