from __future__ import annotations

from test.planning.fallen_back import REASON, fallen_back_planner
from wam_ros.core import VehicleDescription
from wam_ros.planning.catalog import make_planner
from wam_ros.planning.engine_state import EngineState
from wam_ros.planning.wam_diff import load_wam_diff


def test_a_planner_without_network_has_no_backend(vehicle: VehicleDescription) -> None:
    assert EngineState.of(make_planner("route_follower", vehicle)) == EngineState("", ())


def test_the_backend_is_the_one_that_runs_and_says_why() -> None:
    assert EngineState.of(load_wam_diff("random:tiny")) == EngineState("eager", ())
    assert EngineState.of(fallen_back_planner()) == EngineState("eager", (REASON,))
