"""The leaderboard's agent on the embedded server, in a harness that does what the leaderboard does."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")

import carla

from test.carla_bridge.conftest import ServerProcess
from test.carla_bridge.leaderboard_harness import Leaderboard
from wam_ros.carla_bridge import agent as agent_module
from wam_ros.carla_bridge.agent import WamAgent
from wam_ros.carla_bridge.carla_poses import actor_from_base, transform_to_pose
from wam_ros.core import VehicleDescription
from wam_ros.core.resources import resource
from wam_ros.maps.opendrive import read_lane_graph
from wam_ros.planning.route_planner import PlannedRoute, RoutePlanner

pytestmark = pytest.mark.carla

CONFIG = """
planner: route_follower
target_speed: 7.0
max_steering_deg: {steering}
rig: {rig}
"""
RIG = """
sensors:
  - {id: front, type: sensor.camera.rgb, pose: {x: 1.6, z: 1.55}, attributes: {image_size_x: 64, image_size_y: 36}}
"""


def planned_route(seed: int, length: float) -> PlannedRoute:
    lanes = read_lane_graph(resource("config/towns/grid_small/town.xodr").read_text(encoding="utf-8"))
    return RoutePlanner(lanes).random_route(random.Random(seed), length)


def agent_of(tmp_path: Path, steering_deg: float) -> Any:
    rig, config = tmp_path / "rig.yaml", tmp_path / "agent.yaml"
    rig.write_text(RIG, encoding="utf-8")
    config.write_text(CONFIG.format(rig=rig, steering=steering_deg), encoding="utf-8")
    kind = getattr(agent_module, agent_module.get_entry_point())
    assert kind is WamAgent
    agent = kind()
    agent.setup(str(config))
    return agent


@pytest.mark.slow
def test_a_route_of_100_m_is_driven(empty_town: ServerProcess, vehicle: VehicleDescription, tmp_path: Path) -> None:
    planned = planned_route(2, 100.0)
    assert any(m.instruction in {"left", "right"} for m in planned.manoeuvres), "choose a seed with a turn"
    harness = Leaderboard(empty_town.port, vehicle, planned)
    try:
        agent = agent_of(tmp_path, math.degrees(vehicle.max_steering_angle))
        agent.set_global_plan(*harness.global_plan())
        harness.mount(agent.sensors())
        lost, errors = [], []

        class Watched:
            def run_step(self, data: Any, timestamp: float) -> Any:
                control = agent.run_step(data, timestamp)
                truth = harness.world.get_snapshot().find(harness.vehicle.id).get_transform()
                base = (transform_to_pose(truth) @ actor_from_base(vehicle)).to_se2()
                lost.append(math.dist((agent.ego.pose.x, agent.ego.pose.y), (base.x, base.y)))
                errors.append(planned.route.line.project(base.position).distance)
                return control

        driven = harness.drive(Watched(), ticks=800)
        agent.destroy()
    finally:
        harness.close()
    end = driven[-1][0].location
    assert math.dist((end.x, -end.y), planned.route.line.points[-1]) < 5.0, "the goal was not reached"
    assert max(lost[20:]) < 0.6, "localisation"
    assert max(errors) < 1.0, "distance from the route"
    assert all(isinstance(control, carla.VehicleControl) for _, control in driven)
    assert np.mean([control.throttle > 0.0 and control.brake > 0.0 for _, control in driven]) == 0.0
