from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticStatus

from test.planning.fallen_back import REASON, fallen_back_planner
from wam_ros.core import ConfigError, VehicleDescription
from wam_ros.core.protocols import Planner
from wam_ros.planning.catalog import PlannerOptions, make_planner
from wam_ros.ros.diagnostics import planning_status
from wam_ros.ros.parameters import NodeConfig, defaults
from wam_ros.runtime import ServiceHealth

pytestmark = pytest.mark.ros


def told(planner: Planner, **statuses: int) -> tuple[Any, str, dict[str, str]]:
    """Level, message and values of the status."""
    health = ServiceHealth(statuses, 0, 0, 0, 0, 0.0, "monitor refused", guard_alive=True, guard_lateness_s=0.0)
    status = planning_status("planner: planning", planner, health, None)
    return status.level, status.message, {value.key: value.value for value in status.values}


def test_the_backend_is_told(vehicle: VehicleDescription) -> None:
    level, message, values = told(make_planner("wam_diff", vehicle, PlannerOptions(checkpoint="random:tiny")), FULL=3)
    assert (level, message) == (DiagnosticStatus.OK, "ok")
    assert (values["planner"], values["backend"], values["backend_fallbacks"]) == ("wam_diff", "eager", "none")
    assert told(make_planner("route_follower", vehicle))[2]["backend"] == "none"


def test_a_fall_back_is_a_warning_that_a_stop_outweighs() -> None:
    planner = fallen_back_planner()
    level, message, values = told(planner, FULL=3)
    assert (level, message) == (DiagnosticStatus.WARN, REASON)
    assert (values["backend"], values["backend_fallbacks"]) == ("eager", REASON)
    level, message, values = told(planner, STOP=1)
    assert (level, message) == (DiagnosticStatus.ERROR, "stopping: monitor refused")
    assert values["backend_fallbacks"] == REASON


def test_the_parameter_backend_reaches_the_planner_and_typos_are_refused() -> None:
    assert NodeConfig.from_values({**defaults(), "backend": "inductor"}).options.backend == "inductor"
    with pytest.raises(ConfigError, match="backend: unknown 'inducter'; did you mean 'inductor'"):
        NodeConfig.from_values({**defaults(), "backend": "inducter"})
