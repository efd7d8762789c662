from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import shapely

from wam_ros.core.errors import InputError
from wam_ros.core.observation import Observation, Route
from wam_ros.core.plan import Trajectory
from wam_ros.core.scene import ActorKind, LightState, TrafficLight
from wam_ros.core.timing import Deadline
from wam_ros.evaluation.recorded_drive import RecordedDrive
from wam_ros.evaluation.scenario_export import (
    PROPOSAL_TIMES,
    ScenarioExporter,
    proposal,
    scenario_content,
    stamp_before,
)
from wam_ros.evaluation.scenario_map import ScenarioMap
from wam_ros.metrics.navsim import NavsimScorer, parse_scenario, score_rows
from wam_ros.planning import ConstantVelocityPlanner
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.expert import PrivilegedExpert

from .made_drives import LANES, ROUTE, STEP_NS, car, drive, ego, stamp

NOW = 20
EXPERT = PrivilegedExpert(load_vehicle("passenger_car"))


def go_on(index: int, speed: float = 8.0) -> np.ndarray:
    """(1, 8, 3) constant velocity."""
    seen = Observation(stamp(index), ego(index, speed))
    return proposal(ConstantVelocityPlanner().plan(seen, Deadline.unlimited()).trajectory, seen.ego)[None]


def scenario(recorded: RecordedDrive, index: int = NOW, **more):
    return ScenarioExporter(recorded, EXPERT).scenario(stamp(index), go_on(index), **more)


def test_what_is_written_is_read_back_and_scores_the_same() -> None:
    light = TrafficLight("A_1", LightState.RED, ("turn",), np.array([[50.0, 1.7], [50.0, -1.7]]))
    exporter = ScenarioExporter(drive(actors=lambda _: [car(7, 40.0, -3.5)], lights=lambda _: [light]), EXPERT)
    before = exporter.previous(stamp(NOW - 5), go_on(NOW - 5))
    made = exporter.scenario(stamp(NOW), go_on(NOW), before)
    read = parse_scenario(json.loads(json.dumps(scenario_content(made))), "here")
    assert scenario_content(read) == scenario_content(made)
    assert (made.agents, made.lights, made.previous) != ((), (), None)
    for version in ("v1", "v2"):
        assert list(score_rows(read, version, with_states=True)) == list(score_rows(made, version, with_states=True))


@pytest.mark.parametrize("index", [NOW, 50])
def test_driving_on_along_the_lane_breaks_no_rule(index: int) -> None:
    scorer = NavsimScorer(scenario(drive(), index))
    rollout = scorer.rollout()
    pdm, epdm = vars(scorer.pdms(rollout).sub_scores), vars(scorer.epdms(rollout).raw)
    assert {
        name: float(value[0]) for name, value in {**pdm, **epdm}.items() if name != "ego_progress"
    } == dict.fromkeys((set(pdm) | set(epdm)) - {"ego_progress"}, 1.0)
    assert 0.5 < pdm["ego_progress"][0] < 1.0  # the expert speeds up to the limit
    assert not rollout.areas.oncoming.any()
    assert rollout.areas.center_in_intersection.any() == (index == 50)


def test_the_expert_stops_behind_a_car_and_who_does_not_collides() -> None:
    recorded = drive(actors=lambda _: [car(7, 35.0)])
    scene = scenario(recorded)
    both = replace(scene, proposals=np.concatenate([scene.proposals, scene.reference[None]]))
    scorer = NavsimScorer(both)
    scores = scorer.epdms(scorer.rollout())
    assert scores.raw.no_at_fault_collisions.tolist() == [0.0, 1.0]
    assert scores.raw.epdms(None)[0] == 0.0
    assert scores.raw.epdms(None)[1] > 0.8


def test_start_past_and_future_are_the_driven_ones() -> None:
    scene = scenario(drive())
    assert (scene.ego.x, scene.ego.vx) == (ego(NOW).pose.x, 8.0)
    assert scene.ego.time_s == pytest.approx(NOW * 0.1, abs=1e-12)
    assert scene.human == pytest.approx(np.stack([8.0 * PROPOSAL_TIMES, 0.0 * PROPOSAL_TIMES, 0.0 * PROPOSAL_TIMES], 1))
    assert scene.ego_past is not None
    assert scene.ego_past[:, 0].tolist() == [-1.5, -1.0, -0.5, 0.0]
    assert scene.ego_past[:, 1] == pytest.approx(scene.ego.x + 8.0 * scene.ego_past[:, 0])


def test_proposals_are_in_the_frame_of_the_rear_axle() -> None:
    state = replace(ego(NOW), pose=replace(ego(NOW).pose, yaw=np.pi / 2.0))
    north = Trajectory.from_waypoints(
        state, PROPOSAL_TIMES, state.pose.position + np.outer(PROPOSAL_TIMES, [-1.0, 4.0])
    )
    poses = proposal(north, state)
    assert poses[:, :2] == pytest.approx(np.outer(PROPOSAL_TIMES, [4.0, 1.0]))
    assert poses[:, 2] == pytest.approx(np.full(8, np.arctan2(1.0, 4.0)))


def test_a_plan_on_other_times_is_brought_to_ours() -> None:
    fine = np.arange(1, 31) * 0.1
    plan = Trajectory.from_waypoints(ego(NOW), fine, ego(NOW).pose.position + np.outer(fine, [8.0, 0.0]))
    assert proposal(plan, ego(NOW)) == pytest.approx(go_on(NOW)[0])


def test_agents_are_seen_twice_a_second_and_those_seen_once_are_left_out() -> None:
    def actors(index: int):
        walker = [car(3, 30.0, 5.0, 1.0, ActorKind.PEDESTRIAN)] if index <= NOW + 7 else []
        return [car(1, -8.0 + 0.8 * index, speed=8.0), *walker, *([car(2, 90.0)] if index == NOW else [])]

    agents = {agent.id: agent for agent in scenario(drive(actors=actors)).agents}
    assert set(agents) == {"1", "3"}
    assert agents["1"].keyframes[:, 0] == pytest.approx(0.5 * np.arange(11))
    assert agents["1"].keyframes[:, 1] == pytest.approx(8.0 + 4.0 * np.arange(11))
    assert (agents["3"].kind, agents["3"].keyframes[-1, 0]) == ("PEDESTRIAN", 0.5)


def test_a_light_is_red_for_half_seconds_in_which_it_was_seen_red() -> None:
    def lights(index: int):
        state = LightState.RED if index < NOW + 12 else LightState.GREEN
        return [TrafficLight("A_1", state, ("over", "nowhere"), np.array([[50.0, 1.7], [50.0, -1.7]]))]

    scene = scenario(drive(lights=lights), NOW)
    assert [(light.lane_connector_id, light.red) for light in scene.lights] == [("over", ((0.0, 1.5),))]
    slow = drive(lights=lambda _index: lights(0), speed=9.0)
    runs = NavsimScorer(ScenarioExporter(slow, EXPERT).scenario(stamp(45), go_on(45, 9.0)))
    assert runs.epdms(runs.rollout()).raw.traffic_light_compliance[0] == 0.0


def test_a_frame_needs_the_drive_around_it() -> None:
    exporter = ScenarioExporter(drive(count=70), EXPERT)
    usable = [index for index in range(70) if exporter.can_export(stamp(index))]
    assert usable == list(range(15, 30))
    with pytest.raises(InputError, match=r"1\.5 s of the drive before and 4\.0 s after"):
        exporter.scenario(stamp(5), go_on(5))
    torn = ScenarioExporter(drive(left_out=range(40, 43)), EXPERT)
    assert not any(torn.can_export(stamp(index)) for index in range(55))
    assert torn.can_export(stamp(58))


def test_a_jump_is_a_gap() -> None:
    scenes = [scene for index in range(60) if (scene := drive(60).scene_at(stamp(index)))]
    far = [
        replace(scene, ego=replace(scene.ego, pose=replace(scene.ego.pose, x=200.0))) if index > 30 else scene
        for index, scene in enumerate(scenes)
    ]
    recorded = RecordedDrive(far, LANES, ROUTE)
    assert recorded.unbroken(stamp(5), stamp(30))
    assert not recorded.unbroken(stamp(5), stamp(35))
    assert recorded.ego_at(stamp(30) + STEP_NS // 2) is None
    assert recorded.ego_at(stamp(20) + STEP_NS // 2) == replace(
        ego(20), stamp_ns=stamp(20) + STEP_NS // 2, pose=replace(ego(20).pose, x=ego(20).pose.x + 0.4)
    )


def test_frames_must_agree() -> None:
    with pytest.raises(InputError, match="different frames: map, odom"):
        RecordedDrive([], LANES, Route.from_points("odom", [[0.0, 0.0], [9.0, 0.0]]))


def test_the_frame_before_is_half_a_second_old() -> None:
    stamps = [stamp(index) for index in range(10)]
    assert stamp_before(stamps, stamp(8)) == stamp(3)
    assert stamp_before(stamps, stamp(3)) is None
    assert stamp_before([], stamp(3)) is None


def test_layers_cover_the_lanes_and_little_else() -> None:
    layers: dict[str, list[shapely.Polygon]] = {}
    for area in ScenarioMap(LANES).near(np.zeros(2), 1e3):
        layers.setdefault(area.layer, []).append(shapely.Polygon(area.polygon))
    assert {name: len(shapes) for name, shapes in layers.items()} == {
        "LANE": 6,
        "LANE_CONNECTOR": 3,
        "ROADBLOCK": 4,
        "INTERSECTION": 1,
    }
    drivable = shapely.union_all(layers["ROADBLOCK"] + layers["INTERSECTION"])
    lanes = shapely.union_all(layers["LANE"] + layers["LANE_CONNECTOR"])
    assert lanes.difference(drivable).area == pytest.approx(0.0, abs=1e-6)
    assert drivable.area < 1.05 * lanes.area
    seam = shapely.points([[0.0, -1.75], [50.0, 1.0], [70.0, -3.0], [60.0, -1.75]])
    assert shapely.contains(drivable, seam).all()


def test_near_leaves_the_rest_of_the_town_out() -> None:
    assert {area.id for area in ScenarioMap(LANES).near(np.array([240.0, 0.0]), 20.0)} == {
        "out",
        "out_right",
        "block out",
    }


def test_route_lanes_are_all_lanes_of_its_roadblocks_and_what_joins_them() -> None:
    assert ScenarioMap(LANES).route_lanes(ROUTE) == {"in", "in_right", "over", "over_right", "out", "out_right"}
    line = LANES.lanes["in"].centerline.points, LANES.lanes["turn"].centerline.points[1:], [[60.0, 50.0]]
    turning = Route.from_points("map", np.concatenate(line))
    assert ScenarioMap(LANES).route_lanes(turning) == {"in", "in_right", "turn", "north"}
    back = Route.from_points("map", [[40.0, 3.5], [-90.0, 3.5]])
    assert ScenarioMap(LANES).route_lanes(back) == {"back"}
