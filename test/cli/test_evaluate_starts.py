"""`wam evaluate starts`: cases in the embedded world, judged on planners of which it is known what they do."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")

from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.world import WorldSettings
from wam_ros.cli.compose import EmbeddedDrive, default_rig
from wam_ros.cli.main import main
from wam_ros.cli.start_stage import Stage, StartWork
from wam_ros.core.scene import LightState
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.evaluation.start_case import StartCase, StartDraw
from wam_ros.evaluation.start_task import StartKind, StartTask
from wam_ros.planning.catalog import PlannerOptions, load_vehicle

TOWN = Town.load("grid_small")
VEHICLE = load_vehicle("passenger_car")
DRAW = StartDraw(TOWN.lanes, TOWN.signals, VEHICLE)
FRONT = VEHICLE.wheelbase + VEHICLE.front_overhang


def task(kind: StartKind, index: int = 0) -> StartTask:
    return StartTask("grid_small", kind, index, 5)


def driven(planner: str, kind: StartKind, index: int = 0) -> dict[str, Any]:
    return StartWork(planner, PlannerOptions(), False, "passenger_car", default_rig(), 3)(task(kind, index))


def staged(case: StartCase) -> Stage:
    quiet = WorldSettings(seed=case.world_seed, vehicles=0, pedestrians=0, warm_up_s=0.0)
    return Stage(EmbeddedDrive(TOWN, quiet, VEHICLE, SensorRig.load(default_rig()), case.planned, camera=False), case)


def test_draws_stand_before_the_light_of_their_way_and_turn_every_way() -> None:
    turns = set()
    for index in range(40):
        case = DRAW.draw(StartKind.GREEN, task(StartKind.GREEN, index).numbers(0))
        assert case.light is not None
        assert case.planned.lane_ids[0] == case.light.approach
        assert case.planned.lane_ids[1] in case.light.controlled
        bumper = case.planned.start.apply([[FRONT, 0.0]])[0]
        gap = float(abs(case.planned.start.inverse().apply(case.light.stop_line)[:, 0].mean() - FRONT))
        assert gap == pytest.approx(case.distance, abs=0.1), bumper
        assert case.planned.length > 50.0
        turns.add(case.planned.instruction_at(0.0))
    assert {"left", "right", "straight"} <= turns


@pytest.mark.parametrize("kind", StartKind)
def test_the_expert_does_what_is_asked(kind: StartKind) -> None:
    row = driven("privileged_expert", kind)
    assert row["passed"], row
    assert row["crossed"] is not True or kind is not StartKind.RED
    assert (row["moved_s"] is None) is (kind is StartKind.RED)
    assert not row["collided"]


@pytest.mark.parametrize("kind", StartKind)
def test_the_shipped_weights_start_and_stay_from_pixels(kind: StartKind) -> None:
    work = StartWork("wam_diff", PlannerOptions(steps=2), True, "passenger_car", default_rig(), 3)
    row = work(task(kind))
    assert row["passed"], row


def test_who_looks_at_no_light_crosses_the_line_at_red() -> None:
    row = driven("route_follower", StartKind.RED)
    assert (row["passed"], row["crossed"]) == (False, True)
    assert row["creep_m"] == pytest.approx(row["distance_m"], abs=0.6), "it ends at the line"


def test_the_lead_leaves_along_the_route_and_then_there_is_reason_to_go() -> None:
    case = DRAW.draw(StartKind.LEAD, task(StartKind.LEAD).numbers(0))
    with closing(staged(case)) as stage:
        stage.reset()
        (lead,) = stage.scene().actors
        rear = stage.ego().pose.inverse().apply([lead.pose.position])[0][0] - lead.length / 2.0
        assert rear - FRONT == pytest.approx(case.distance, abs=0.3)
        reasons = []
        for _ in range(100):
            stage.apply(VehicleCommand(stage.ego().stamp_ns, 0.0, 0.0, -VEHICLE.max_deceleration))
            reasons.append(stage.go)
        (gone,) = stage.scene().actors
    assert not any(reasons[:30])
    assert reasons[-1]
    assert reasons == sorted(reasons)
    assert case.planned.route.line.project(gone.pose.position).distance < 0.5
    assert gone.speed > 2.0


def test_lights_are_held_for_the_own_road_and_against_all_others() -> None:
    case = DRAW.draw(StartKind.GREEN, task(StartKind.GREEN, 1).numbers(0))
    assert case.light is not None
    with closing(staged(case)) as stage:
        stage.reset()
        for _ in range(300):
            stage.apply(VehicleCommand(stage.ego().stamp_ns, 0.0, 0.0, -VEHICLE.max_deceleration))
        shown = {light.id: light for light in stage.scene().lights}
    assert shown[case.light.id].state is LightState.GREEN
    junction = [light for name, light in shown.items() if name.startswith(case.light.id.rpartition("_")[0] + "_")]
    crossing = [light for light in junction if light.state is LightState.RED]
    assert 0 < len(crossing) < len(junction)


def test_who_stays_at_rest_fails_to_start_and_the_result_is_stamped_and_resumable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "starts.json"
    call = ["evaluate", "starts", "--town", "grid_small", "--planner", "constant_velocity", "--cases", "1"]
    call += ["--vehicles", "0", "--processes", "1", "--json", str(out)]
    assert main(call) == 0
    assert "green    0 of 1 = 0.0 %" in capsys.readouterr().out
    result = json.loads(out.read_text(encoding="utf-8"))
    assert {"planner", "weights_hash", "towns", "seed", "version", "machine", "command", "rules"} <= set(
        result["stamp"]
    )
    assert [row["kind"] for row in result["cases"]] == ["green", "lead", "red"]
    assert (result["summary"]["starts"]["share"], result["summary"]["red"]["share"]) == (0.0, 1.0)
    journal = out.with_suffix(".jsonl").read_bytes()
    assert main(call) == 0
    assert out.with_suffix(".jsonl").read_bytes() == journal, "nothing is driven again"
    assert main([*call, "--seed", "1"]) == 1
    assert "seed was 0, now 1" in capsys.readouterr().err


def test_what_makes_no_sense_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["evaluate", "starts", "--planner", "route_follower", "--out", str(tmp_path)]
    assert main([*call, "--vehicles", "-1"]) == 1
    assert main([*call, "--cases", "0"]) == 1
    told = capsys.readouterr().err
    assert "--vehicles -1" in told
    assert "0 cases" in told
