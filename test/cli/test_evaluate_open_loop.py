from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("carla")

from wam_ros.bags.drive_bag import DriveBag
from wam_ros.carla_server.towns.town import Town
from wam_ros.cli.main import main
from wam_ros.core.camera import BODY_FROM_OPTICAL, CameraImage, CameraModel
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.observation import Observation
from wam_ros.core.scene import Actor, ActorKind, Scene
from wam_ros.core.timing import Deadline
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.evaluation.result import read_result
from wam_ros.planning import ConstantVelocityPlanner
from wam_ros.planning.route_planner import RoutePlanner
from wam_ros.runtime.checked_planner import Answer
from wam_ros.runtime.loop import DriveTick

TOWN = "grid_small"
FRAMES = 80  # of 0.1 s
SPEED = 5.0
CAMERA = CameraModel(64, 36, np.array([[40.0, 0.0, 32.0], [0.0, 40.0, 18.0], [0.0, 0.0, 1.0]]))
MOUNT = SE3.from_euler([1.6, 0.0, 1.5], 0.0, 0.0, 0.0) @ BODY_FROM_OPTICAL


def record(out: Path, *, with_truth: bool = True) -> Path:
    """A drive along a route of the town at constant speed, without any world."""
    planned = RoutePlanner(Town.load(TOWN).lanes).random_route(random.Random(3), 200.0)
    line, recorder = planned.route.line, DriveBag(out)
    for index in range(FRAMES):
        x, y = (float(value) for value in line.position(5.0 + 0.1 * SPEED * index))
        yaw = float(line.heading(5.0 + 0.1 * SPEED * index, 2.0))
        state = EgoState(index * 100_000_000, "map", SE2(x, y, yaw), SPEED)
        image = CameraImage(state.stamp_ns, np.zeros((36, 64, 3), dtype=np.uint8), "rgb8", CAMERA, MOUNT)
        seen = Observation(state.stamp_ns, state, {"front": image}, planned.route, "follow")
        walker = Actor(4, ActorKind.PEDESTRIAN, SE2(x + 30.0, y + 30.0, 0.0), 0.5, 0.5, 1.7, 0.0)
        answer = Answer(ConstantVelocityPlanner().plan(seen, Deadline.unlimited()), planned=True, rejected=False)
        scene = Scene(state.stamp_ns, state, (walker,)) if with_truth else None
        recorder.on_tick(DriveTick(index, seen, scene, answer, None, VehicleCommand(state.stamp_ns, 0.0, SPEED, 0.0)))
    recorder.close()
    return out


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("bags") / "drive")


def test_the_expert_is_scored_and_the_result_file_says_how(
    bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "result.json"
    more = ("--planner", "privileged_expert", "--town", TOWN, "--score-every", "1", "--json", str(out))
    assert main(["evaluate", "open-loop", str(bag), *more]) == 0
    printed = capsys.readouterr().out
    result = read_result(out)
    summary = result["summary"]
    assert (result["kind"], summary["frames"], summary["frames_scored"]) == ("open_loop", FRAMES, 3)
    assert summary["pdms"] > 0.9
    assert f"PDMS {summary['pdms']:.3f}" in printed
    assert f"ADE {summary['ade_m']:.3f}" in printed
    stamp = result["stamp"]
    assert (stamp["planner"], stamp["privileged"], stamp["towns"]) == ("privileged_expert", True, [TOWN])
    assert {"provenance", "weights_hash", "seed", "metric_version", "machine", "command", "date", "decode"} <= set(
        stamp
    )
    assert result["map"][TOWN]["lanes"]
    assert [row["id"] for row in result["routes"]] == ["drive"]
    assert result["calibration"] is None


def test_without_a_map_only_the_errors_are_told(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "open-loop", str(bag), "--planner", "constant_velocity"]) == 0
    printed = capsys.readouterr().out
    assert "no NAVSIM scores: it has no map: give --town" in printed
    assert "ADE " in printed
    assert "PDMS" not in printed
    assert main(["evaluate", "open-loop", str(bag), "--planner", "privileged_expert"]) == 1
    assert "it has no map" in capsys.readouterr().err


def test_without_truth_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = record(tmp_path / "plain", with_truth=False)
    assert main(["evaluate", "open-loop", str(plain), "--town", TOWN, "--planner", "route_follower"]) == 0
    assert "no NAVSIM scores" in capsys.readouterr().out
    assert main(["evaluate", "export-scenarios", str(plain), str(tmp_path / "none"), "--town", TOWN]) == 1
    assert "no scenarios can be made" in capsys.readouterr().err


def test_exported_frames_are_what_score_reads(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planners = ("--planner", "privileged_expert", "--planner", "constant_velocity")
    out = tmp_path / "scenarios"
    assert main(["evaluate", "export-scenarios", str(bag), str(out), "--town", TOWN, "--every", "1", *planners]) == 0
    assert "wrote 3 scenarios" in capsys.readouterr().out
    files = sorted(out.iterdir())
    assert [file.name for file in files] == [f"drive_{ms:07d}ms.json" for ms in (1500, 2500, 3500)]
    for file in files:
        for version, total in (("v1", "score"), ("v2", "EPDMS")):
            assert main(["score", str(file), "--version", version]) == 0
            rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
            assert len(rows) == 2
            assert rows[0][total] > 0.8
            assert version == "v1" or rows[0]["EC"] is not None


def test_plans_that_were_refused_are_told_as_what_replaced_them(
    bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "result.json"
    more = ("--planner", "wam_diff", "--checkpoint", "random:tiny", "--steps", "1", "--town", TOWN, "--json", str(out))
    assert main(["evaluate", "open-loop", str(bag), *more]) == 0
    result = read_result(out)
    summary, printed = result["summary"], capsys.readouterr().out
    assert summary["statuses"]["STOP"] == FRAMES  # nobody trained the weights
    assert all(f"{count} times: {reason}" in printed for reason, count in summary["reasons"].items())
    assert (summary["by_confidence"], result["calibration"]) == ([], None)
    assert "the planner tells no confidence" in printed
    assert summary["pdms"] < 0.9
    assert "random" in result["stamp"]["provenance"] or "nobody" in result["stamp"]["provenance"]


@pytest.mark.parametrize("option", [["open-loop", "--score-every"], ["export-scenarios", "--every"]])
def test_times_must_be_positive(
    bag: Path, tmp_path: Path, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    command, name = option
    where = [str(bag)] if command == "open-loop" else [str(bag), str(tmp_path)]
    assert main(["evaluate", command, *where, name, "0"]) == 1
    assert f"{name} 0.0, wanted more than 0" in capsys.readouterr().err
