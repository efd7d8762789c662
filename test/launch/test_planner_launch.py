from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

pytest.importorskip("rclpy")
pytest.importorskip("launch_pytest")
pytest.importorskip("launch_ros")

import launch_pytest
from lifecycle_msgs.msg import State, Transition

from test.launch.launched import launched
from test.ros.harness import Driver, assert_complete
from test.ros.test_planner_node import state, transition

pytestmark = pytest.mark.ros

INPUTS = ("image", "camera_info", "odometry", "acceleration", "route", "instruction")


@launch_pytest.fixture
def autostarted(domain):
    return launched("planner.launch.py", namespace="car", log_level="warn")


@pytest.mark.launch(fixture=autostarted)
def test_an_image_is_answered_in_a_namespace(domain: int, autostarted: Any) -> Iterator[None]:
    _, exits = autostarted
    with closing(Driver(domain, "/car/planner")) as driver:
        driver.wait_ready()
        assert state(driver) == State.PRIMARY_STATE_ACTIVE
        driver.calibrate()
        driver.route()
        driver.spin(0.1)
        assert_complete(driver.step())
    yield
    assert exits == {"planner": 0}


@launch_pytest.fixture
def managed(domain):
    remapped = {name: f"/drive/{name}" for name in INPUTS}
    return launched("planner.launch.py", autostart="false", lifecycle="true", log_level="warn", **remapped)


@pytest.mark.launch(fixture=managed)
def test_lifecycle_events_activate_once_and_topics_are_remapped(domain: int, managed: Any) -> Iterator[None]:
    _, exits = managed
    with closing(Driver(domain)) as driver:
        assert driver.spin_until(lambda: bool(driver.diagnostics)), "not configured"
        assert driver.spin_until(lambda: state(driver) == State.PRIMARY_STATE_ACTIVE), "not activated"
        count = driver.node.count_subscribers
        assert driver.spin_until(lambda: all(count(f"/drive/{name}") == 1 for name in INPUTS)), "not remapped"
        assert not any(count(f"/planner/input/{name}") for name in INPUTS)
        # Who deactivates the node by hand means it: the launch file must not activate it again.
        assert transition(driver, Transition.TRANSITION_DEACTIVATE)
        driver.spin(1.0)
        assert state(driver) == State.PRIMARY_STATE_INACTIVE
    yield
    assert exits == {"planner": 0}


@launch_pytest.fixture
def waiting(domain):
    return launched("planner.launch.py", autostart="false")


@pytest.mark.launch(fixture=waiting)
def test_without_autostart_it_waits(domain: int, waiting: Any) -> Iterator[None]:
    _, exits = waiting
    with closing(Driver(domain)) as driver:
        assert state(driver) == State.PRIMARY_STATE_UNCONFIGURED
        driver.spin(1.0)
        assert state(driver) == State.PRIMARY_STATE_UNCONFIGURED
    yield
    assert exits == {"planner": 0}
