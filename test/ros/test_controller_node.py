from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy")

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import rclpy
import yaml

from test.control.closed_loop import ackermann, circle, ego_of, fixed, ns, plan_of, straight, trajectory_of
from test.ros.controller_bench import MODULE, controlling
from test.ros.harness import NodeProcess, next_domain
from wam_ros.control import PlanSchedule, TrajectoryController
from wam_ros.core import SE2, BicycleState, ConfigError, KinematicBicycle, Plan, VehicleCommand, VehicleDescription
from wam_ros.msg import ControllerStatus
from wam_ros.ros import controller_topics as topics
from wam_ros.ros.controller_node import ControllerNode
from wam_ros.ros.controller_parameters import TABLE, ControllerConfig

pytestmark = pytest.mark.ros
ROOT = Path(__file__).resolve().parents[2]


def moving(time: float) -> BicycleState:
    return BicycleState(SE2(8.0 * time, 0.0, 0.0), 8.0)


def test_engage_drive_override_and_engage_anew(vehicle: VehicleDescription) -> None:
    with controlling(odometry_timeout_ms=60000.0, max_command_age_ms=0.0, publish_ackermann=True) as bench:
        bench.tick(moving(0.0), 0.0, vehicle)
        status = bench.status_at(0.0)
        assert (status.state, status.reason) == (ControllerStatus.DISENGAGED, "not engaged yet")
        assert math.isnan(status.plan_age)
        bench.say(topics.ENGAGE, True)
        assert bench.spin_until(lambda: "no fresh plan" in bench.statuses[-1].reason)
        bench.plan(plan_of(trajectory_of(straight(8.0), 0.0)))
        bench.spin(0.2)
        bench.say(topics.ENGAGE, True)
        assert bench.spin_until(lambda: bench.statuses[-1].state == ControllerStatus.ENGAGED)
        assert not bench.commands, "engaging alone commands nothing"

        bench.tick(moving(0.05), 0.05, vehicle)
        command, status = bench.command_at(0.05), bench.status_at(0.05)
        assert command.header.frame_id == "base_link"
        assert command.speed == pytest.approx(8.0, abs=0.1)
        assert abs(command.acceleration) < 0.1
        assert status.state == ControllerStatus.ENGAGED
        assert status.plan_age == pytest.approx(0.05)
        assert status.cross_track_error == pytest.approx(0.0, abs=1e-3)
        assert bench.spin_until(lambda: bool(bench.ackermann))
        assert bench.ackermann[0].drive.speed == command.speed
        assert not bench.carla_controls

        bench.say(topics.OVERRIDE, True)
        assert bench.spin_until(lambda: bench.statuses[-1].state == ControllerStatus.OVERRIDDEN)
        bench.tick(moving(0.1), 0.1, vehicle)
        assert bench.status_at(0.1).state == ControllerStatus.OVERRIDDEN
        bench.say(topics.OVERRIDE, False)
        bench.spin(0.2)
        bench.say(topics.ENGAGE, True)
        assert bench.spin_until(lambda: bench.statuses[-1].state == ControllerStatus.ENGAGED)
        bench.say(topics.ENGAGE, False)
        assert bench.spin_until(lambda: bench.statuses[-1].state == ControllerStatus.DISENGAGED)
        assert len(bench.commands) == 1


def test_plans_stop_then_odometry_stops(vehicle: VehicleDescription) -> None:
    with controlling(engage_on_start=True, odometry_timeout_ms=1500.0, max_command_age_ms=0.0) as bench:
        for tick in range(30):
            bench.tick(moving(0.05 * tick), 0.05 * tick, vehicle)
            if tick == 0:
                bench.plan(plan_of(trajectory_of(straight(8.0), 0.0)))
            assert bench.command_at(0.05 * tick) is not None
        assert bench.status_at(1.45).state == ControllerStatus.HOLDING
        assert bench.statuses[-1].reason == "plan is 1.45 s old, limit 1 s"
        assert bench.commands[-1].acceleration == -vehicle.comfort_deceleration
        bench.diagnostic("control", "holding the brake: plan is")
        found = bench.diagnostic("control", "nothing is commanded any more")
        assert found.level == b"\x02"
        assert bench.spin_until(lambda: bench.statuses[-1].state == ControllerStatus.DISENGAGED)
        assert "no odometry for 1.5 s" in bench.statuses[-1].reason
        assert len(bench.commands) == 30


def test_bad_messages_are_named(vehicle: VehicleDescription) -> None:
    with controlling(engage_on_start=True, max_command_age_ms=0.0, odometry_timeout_ms=60000.0) as bench:
        bench.odometry(ego_of(moving(0.0), 0.0, vehicle), child="chassis")
        bench.diagnostic("control", "odometry is of frame 'chassis', wanted 'base_link'")
        bad = trajectory_of(straight(8.0), 0.0)
        positions = bad.positions.copy()
        positions[2] = math.nan
        bench.plan(plan_of(type(bad)("odom", 0, bad.times, positions, bad.headings, *[bad.speeds] * 3)))
        bench.diagnostic("control", "trajectory_refused=1")
        bench.tick(moving(0.0), 0.0, vehicle)
        assert bench.command_at(0.0).acceleration == -vehicle.comfort_deceleration
        assert bench.status_at(0.0).reason == "no plan"


def test_lockstep_drives_the_path_of_the_loop_in_process(vehicle: VehicleDescription) -> None:
    """Each plan comes only after the odometry that it is due for."""
    pose_at, start = circle(20.0, 7.0), BicycleState(SE2(0.0, 0.0, 0.0), 7.0)
    makes, ticks = fixed(pose_at), 60
    bicycle, now = KinematicBicycle(vehicle), start
    with controlling(engage_on_start=True, lockstep=True, plan_delay=0.1, plan_timeout_s=20.0) as bench:
        path: list[SE2] = []
        kept_back: list[Plan] = []
        for tick in range(ticks):
            time = 0.05 * tick
            path.append(now.pose)
            ego = bench.tick(now, time, vehicle)
            if tick % 2 == 0:
                if kept_back:
                    assert bench.command_at(time, 0.02) is None, "it did not wait for the plan that is due"
                    bench.plan(kept_back.pop())
                kept_back.append(makes(ego, time))
            command = bench.command_at(time)
            assert command is not None, f"tick {tick} was not answered"
            told = VehicleCommand(ns(time), command.steering_angle, command.speed, command.acceleration)
            now = bicycle.step(now, told.steering_angle, ackermann(told, now.speed, vehicle), 0.05)
        bench.diagnostic("control", "plan_missed=0")

    controller, schedule, state = TrajectoryController(vehicle), PlanSchedule(0.1, 0.1), start
    for tick in range(ticks):
        time = 0.05 * tick
        ego = ego_of(state, time, vehicle)
        if tick % 2 == 0:
            schedule.add(makes(ego, time))
        assert np.hypot(state.pose.x - path[tick].x, state.pose.y - path[tick].y) < 1e-4
        command = controller.control(ego, schedule.in_effect(ego.stamp_ns))
        state = bicycle.step(state, command.steering_angle, ackermann(command, state.speed, vehicle), 0.05)


def test_lockstep_goes_on_without_the_planner(vehicle: VehicleDescription) -> None:
    with controlling("/car", engage_on_start=True, lockstep=True, plan_timeout_s=0.2) as bench:
        for tick in range(4):
            bench.tick(moving(0.05 * tick), 0.05 * tick, vehicle)
            command = bench.command_at(0.05 * tick)
            assert command.acceleration == -vehicle.comfort_deceleration
        bench.diagnostic("control", "plan_missed=2")


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"vehicle": "hovercraft"}, "unknown 'hovercraft'"),
        ({"speed_gain": -1.0}, "speed_gain"),
    ],
)
def test_wrong_parameters_end_the_process_with_their_name(parameters: dict[str, Any], text: str) -> None:
    node = NodeProcess(next_domain(), MODULE, **parameters)
    node.output = node.process.communicate(timeout=30.0)[0]
    assert node.process.returncode == 1, node.output
    assert text in node.output
    assert "Traceback" not in node.output


# -- parameters


def test_parameter_file_and_schema_are_what_the_table_says() -> None:
    text = (ROOT / "config" / "controller.param.yaml").read_text(encoding="utf-8")
    schema_text = (ROOT / "config" / "schema" / "controller.schema.json").read_text(encoding="utf-8")
    remedy = "run `python -m wam_ros.ros.controller_parameters`"
    assert text == TABLE.param_yaml(), remedy
    assert schema_text == TABLE.schema_json(), remedy
    values, schema = yaml.safe_load(text), json.loads(schema_text)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(values, schema)
    assert values["/**"]["ros__parameters"].keys() == TABLE.defaults().keys()


def test_the_node_declares_the_table() -> None:
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=next_domain())
    node = ControllerNode(context=context)
    try:
        found = node.get_parameters_by_prefix("")
        assert {p.name for p in TABLE.parameters} == found.keys() - {"use_sim_time", "start_type_description_service"}
        for parameter in TABLE.parameters:
            assert found[parameter.name].value == parameter.default
            described = node.describe_parameter(parameter.name)
            assert described.description == parameter.text
            assert described.read_only
    finally:
        node.destroy_node()
        context.try_shutdown()


def test_the_delay_depends_on_lockstep() -> None:
    values = {**TABLE.defaults(), "plan_delay": 0.2, "live_plan_delay": 0.05}
    assert ControllerConfig.from_values({**values, "lockstep": True}).plan_delay == 0.2
    assert ControllerConfig.from_values({**values, "lockstep": False}).plan_delay == 0.05
    assert ControllerConfig.from_values({**values, "max_command_age_ms": 0.0}).max_command_age == math.inf
    with pytest.raises(ConfigError, match="speed_gain = 99"):
        ControllerConfig.from_values({**values, "speed_gain": 99.0})
