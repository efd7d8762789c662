from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from wam_ros.core import (
    SE2,
    CameraImage,
    ConfigError,
    Deadline,
    EgoState,
    Observation,
    PlannerError,
    PlanStatus,
    Route,
    VehicleDescription,
)
from wam_ros.decoding import DecodeOrder, DecodeSettings, EarlyCommit
from wam_ros.models import save_checkpoint
from wam_ros.planning.catalog import DECODE_ORDERS, EARLY_COMMITS, PlannerOptions, make_planner
from wam_ros.planning.wam_diff import WamDiffPlanner, load_wam_diff, situation_of


@pytest.fixture(scope="module")
def planner() -> WamDiffPlanner:
    made = load_wam_diff("random:tiny", DecodeSettings(candidates=3), "float32")
    made.warm_up()
    return made


def observation(planner: WamDiffPlanner, seed: int = 0, pose: SE2 | None = None) -> Observation:
    camera = planner.camera
    assert camera is not None
    pixels = np.random.default_rng(seed).integers(0, 255, (camera.height, camera.width, 3), np.uint8)
    pose = SE2(0.0, 0.0, 0.0) if pose is None else pose
    route = Route("odom", Route.from_points("odom", [[0.0, 0.0], [200.0, 0.0]]).transformed("odom", pose).line)
    image = CameraImage(7, pixels, "rgb8", camera.model())
    return Observation(7, EgoState(7, "odom", pose, 8.0), {"front": image}, route)


def test_a_plan_is_complete_and_says_where_it_comes_from(planner: WamDiffPlanner) -> None:
    plan = planner.plan(observation(planner), Deadline.unlimited())
    assert (plan.status, plan.planner, plan.weights_hash) == (PlanStatus.FULL, "wam_diff", "random-0")
    assert (plan.steps_done, plan.steps_planned) == (8, 8)
    assert (plan.trajectory.stamp_ns, plan.trajectory.frame_id) == (7, "odom")
    assert np.isfinite(plan.trajectory.positions).all()
    np.testing.assert_allclose(plan.trajectory.times, 0.5 * np.arange(1, 9))
    assert plan.waypoint_confidence is not None
    assert ((plan.waypoint_confidence >= 0.0) & (plan.waypoint_confidence <= 1.0)).all()
    assert plan.confidence is not None
    assert not plan.calibrated
    assert planner.provenance == "random weights, seed 0: not trained; computes in float32"


def test_without_time_the_first_pass_is_a_whole_plan(planner: WamDiffPlanner) -> None:
    plan = planner.plan(observation(planner), Deadline.after(-1.0))
    assert (plan.status, plan.steps_done, plan.reason) == (PlanStatus.ANYTIME, 1, "deadline: 1 of 8 steps")
    assert np.isfinite(plan.trajectory.positions).all()
    assert len(plan.trajectory) == 8


def test_the_same_observation_gives_the_same_plan(planner: WamDiffPlanner) -> None:
    one, two = (planner.plan(observation(planner), Deadline.unlimited()) for _ in range(2))
    np.testing.assert_array_equal(one.trajectory.positions, two.trajectory.positions)


def test_plans_move_with_the_vehicle(planner: WamDiffPlanner) -> None:
    """The network sees the world from the vehicle: the same view elsewhere gives the same plan there."""
    here = planner.plan(observation(planner), Deadline.unlimited()).trajectory
    pose = SE2(120.0, -40.0, 2.0)
    there = planner.plan(observation(planner, pose=pose), Deadline.unlimited()).trajectory
    np.testing.assert_allclose(pose.inverse().apply(there.positions), here.positions, atol=1e-6)
    np.testing.assert_allclose(np.cos(there.headings - here.headings), math.cos(2.0), atol=1e-6)


def test_candidates_come_best_first_after_the_plan_itself(planner: WamDiffPlanner) -> None:
    plan = planner.plan(observation(planner), Deadline.unlimited())
    assert len(plan.candidates) == 3
    np.testing.assert_array_equal(plan.candidates[0].trajectory.positions, plan.trajectory.positions)
    scores = [candidate.score for candidate in plan.candidates[1:]]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= candidate.score <= 1.0 for candidate in plan.candidates)


def test_cached_decoding_equals_reading_everything_anew(planner: WamDiffPlanner) -> None:
    twins = planner.measured_twins(observation(planner))
    assert twins.agreement() == 1.0
    assert twins.attention == "prefix"


def test_images_that_do_not_fit_are_refused(planner: WamDiffPlanner) -> None:
    seen = observation(planner)
    with pytest.raises(PlannerError, match="no image"):
        planner.plan(Observation(7, seen.ego), Deadline.unlimited())
    other = CameraImage(7, np.zeros((36, 64, 3), np.uint8), "rgb8")
    with pytest.raises(PlannerError, match=r"image of 64x36, the checkpoint sees 128x72"):
        planner.plan(Observation(7, seen.ego, {"front": other}), Deadline.unlimited())


def test_the_prompt_tells_the_route_from_the_vehicle(planner: WamDiffPlanner) -> None:
    pose = SE2(5.0, 5.0, math.pi / 2)
    situation = situation_of(observation(planner, pose=pose), (10.0, 50.0, 250.0))
    assert situation.route is not None
    assert situation.route[0] == pytest.approx((10.0, 0.0), abs=1e-9)
    assert situation.route[1] == pytest.approx((50.0, 0.0), abs=1e-9)
    assert situation.route[2] is None
    assert situation.velocity == (8.0, 0.0)
    assert situation_of(Observation(7, observation(planner).ego), (10.0,)).route is None


def test_a_checkpoint_folder_gives_the_same_plans(tmp_path: Path, planner: WamDiffPlanner) -> None:
    random = load_wam_diff("random:tiny", compute_dtype="float32")
    weights_hash = save_checkpoint(tmp_path / "tiny", random._checkpoint, torch.float32)
    loaded = load_wam_diff(str(tmp_path / "tiny"), compute_dtype="float32")
    assert loaded.weights_hash == weights_hash
    one, two = (p.plan(observation(planner), Deadline.unlimited()) for p in (random, loaded))
    np.testing.assert_array_equal(one.trajectory.positions, two.trajectory.positions)


def test_the_catalog_makes_it(vehicle: VehicleDescription, tmp_path: Path) -> None:
    assert {order.value for order in DecodeOrder} == set(DECODE_ORDERS)
    assert {rule.value for rule in EarlyCommit} == set(EARLY_COMMITS)
    chosen = {"order": "bisect", "steps": 4, "guidance_floor": 0.01, "early_commit": "factor", "early_level": 0.0}
    made = make_planner("wam_diff", vehicle, PlannerOptions(checkpoint="random:tiny", **chosen))  # type: ignore[arg-type]
    assert isinstance(made, WamDiffPlanner)
    assert {name: getattr(made.settings, name) for name in chosen} == chosen
    assert made.plan(observation(made), Deadline.unlimited()).steps_planned == 4
    with pytest.raises(ConfigError, match="did you mean 'small'"):
        make_planner("wam_diff", vehicle, PlannerOptions(checkpoint="random:smoll"))
    with pytest.raises(ConfigError, match=str(tmp_path)):
        make_planner("wam_diff", vehicle, PlannerOptions(checkpoint=str(tmp_path)))


@pytest.mark.gpu
def test_on_a_gpu_as_on_the_cpu(planner: WamDiffPlanner) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    there = load_wam_diff("random:tiny", DecodeSettings(candidates=3), "float32", device="cuda")
    there.warm_up()
    assert there.engine.fallbacks == ()
    one, two = (p.plan(observation(planner), Deadline.unlimited()) for p in (planner, there))
    np.testing.assert_allclose(two.trajectory.positions, one.trajectory.positions, atol=0.02)  # a median may fall anew
    assert two.confidence == pytest.approx(one.confidence, abs=0.01)
    assert there.measured_twins(observation(planner)).agreement() == 1.0
    assert sum(there.parts_ms.values()) > 0.0
