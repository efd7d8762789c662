from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from wam_ros.core import SE2, CameraImage, ConfigError, Deadline, EgoState, Observation, PlannerError, Route
from wam_ros.models.cnn_checkpoint import CnnCheckpoint, save_cnn
from wam_ros.models.regression_cnn import situation_features, situation_width
from wam_ros.planning.cnn_planner import CnnPlanner, load_cnn_planner
from wam_ros.planning.wam_diff import situation_of


@pytest.fixture(scope="module")
def planner() -> CnnPlanner:
    return load_cnn_planner("random:tiny")


def observation(planner: CnnPlanner, pose: SE2, width: int = 128) -> Observation:
    assert planner.camera is not None
    pixels = np.random.default_rng(0).integers(0, 255, (planner.camera.height, width, 3), np.uint8)
    route = Route("odom", Route.from_points("odom", [[0.0, 0.0], [200.0, 0.0]]).transformed("odom", pose).line)
    image = CameraImage(7, pixels, "rgb8", planner.camera.model()) if width == 128 else CameraImage(7, pixels, "rgb8")
    return Observation(7, EgoState(7, "odom", pose, 8.0), {"front": image}, route)


def test_its_plan_turns_with_the_frame(planner: CnnPlanner) -> None:
    origin, moved = SE2(0.0, 0.0, 0.0), SE2(30.0, -20.0, 2.0)
    here = planner.plan(observation(planner, origin), Deadline.unlimited()).trajectory
    there = planner.plan(observation(planner, moved), Deadline.unlimited()).trajectory
    np.testing.assert_allclose(there.positions, moved.apply(here.positions), atol=1e-3)
    assert (here.frame_id, here.stamp_ns, len(here)) == ("odom", 7, 8)


def test_an_image_of_another_size_is_refused(planner: CnnPlanner) -> None:
    with pytest.raises(PlannerError, match="calibrate"):
        planner.plan(observation(planner, SE2(0.0, 0.0, 0.0), width=100), Deadline.unlimited())


def test_saved_and_loaded_it_plans_the_same_up_to_float16(tmp_path: Path, planner: CnnPlanner) -> None:
    made = planner._checkpoint
    save_cnn(tmp_path, CnnCheckpoint(made.network, made.camera, "for a test"))
    again = load_cnn_planner(str(tmp_path))
    seen = observation(planner, SE2(0.0, 0.0, 0.0))
    wanted, found = (each.plan(seen, Deadline.unlimited()).trajectory.positions for each in (planner, again))
    np.testing.assert_allclose(found, wanted, atol=0.05)
    assert again.provenance == "for a test"
    assert len(again.weights_hash) == 64


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no weights of the baseline"):
        load_cnn_planner(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model": {}}), encoding="utf-8")
    with pytest.raises(ConfigError, match="wanted 'regression_cnn'"):
        load_cnn_planner(str(tmp_path))


def test_features_tell_what_is_not_known(planner: CnnPlanner) -> None:
    seen = observation(planner, SE2(0.0, 0.0, 0.0))
    known = situation_features(situation_of(seen, (4.0, 8.0)), 2)
    unknown = situation_features(situation_of(Observation(7, seen.ego), (4.0, 8.0)), 2)
    assert len(known) == len(unknown) == situation_width(2)
    assert known[-1] == 1.0
    assert unknown[-3:] == [0.0, 0.0, 0.0]
