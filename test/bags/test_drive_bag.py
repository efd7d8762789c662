from __future__ import annotations

import cv2
import numpy as np
import pytest

from wam_ros.bags.drive_bag import WORLD_INFO_TOPIC, DriveBag
from wam_ros.bags.film import CAMERA_SIZE, MAP_SIZE, TEXT_SIZE, film
from wam_ros.bags.observations import BagObservations
from wam_ros.bags.reader import BagReader
from wam_ros.bags.recorded_map import recorded_map
from wam_ros.bags.topics import SHOWN, pick_topics
from wam_ros.core.camera import BODY_FROM_OPTICAL, CameraImage, CameraModel
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import BagError
from wam_ros.core.from_messages import plan_from_message, scene_from_message
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.observation import Observation, Route
from wam_ros.core.plan import PlanStatus
from wam_ros.core.polyline import Polyline
from wam_ros.core.resources import resource
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight
from wam_ros.core.timing import NS_PER_S, Deadline
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.planning import ConstantVelocityPlanner
from wam_ros.planning.catalog import load_vehicle
from wam_ros.runtime.checked_planner import Answer
from wam_ros.runtime.loop import DriveTick

TICKS = 12
CAMERA = CameraModel(64, 36, np.array([[40.0, 0.0, 32.0], [0.0, 40.0, 18.0], [0.0, 0.0, 1.0]]))
MOUNT = SE3.from_euler([1.6, 0.0, 1.5], 0.0, 0.0, 0.0) @ BODY_FROM_OPTICAL
LANE = Lane("1_0_-1", Polyline(np.array([[-50.0, 0.0], [200.0, 0.0]])), 3.2, 13.9)
LANES = LaneGraph("map", {LANE.id: LANE})
ROUTE = Route.from_points("map", [[0.0, 0.0], [100.0, 0.0]])


def ego(index: int) -> EgoState:
    return EgoState(index * 50_000_000, "map", SE2(0.4 * index, 0.0, 0.0), 8.0, yaw_rate=0.01)


def scene(index: int) -> Scene:
    walker = Actor(7, ActorKind.PEDESTRIAN, SE2(20.0, 4.0, 2.0), 0.4, 0.5, 1.7, 1.2)
    car = Actor(8, ActorKind.VEHICLE, SE2(30.0, 0.0, 0.0), 4.5, 1.8, 1.5, 6.0)
    light = TrafficLight("A_1", LightState.RED, ("9_0_-1",), np.array([[60.0, 1.6], [60.0, -1.6]]))
    return Scene(ego(index).stamp_ns, ego(index), (walker, car), (light,))


def tick(index: int) -> DriveTick:
    state = ego(index)
    images, answer = {}, None
    if index % 2 == 0:
        pixels = np.full((36, 64, 3), 10 * index, dtype=np.uint8)
        images = {"front": CameraImage(state.stamp_ns, pixels, "rgb8", CAMERA, MOUNT)}
    seen = Observation(state.stamp_ns, state, images, ROUTE, "straight")
    if index % 2 == 0:
        plan = ConstantVelocityPlanner().plan(seen, Deadline.unlimited())
        answer = Answer(plan, planned=True, rejected=False, steps_done=1)
    return DriveTick(index, seen, scene(index), answer, None, VehicleCommand(state.stamp_ns, 0.02, 8.0, 0.5))


@pytest.fixture
def bag(tmp_path):
    recorder = DriveBag(tmp_path / "drive")
    for index in range(TICKS):
        recorder.on_tick(tick(index))
    recorder.close()
    return tmp_path / "drive"


def test_the_bag_holds_what_the_nodes_would_have_said(bag):
    with BagReader(bag) as reader:
        topics = pick_topics(reader.topics, SHOWN)
        counts = {part: reader.topics[getattr(topics, part)].count for part in SHOWN}
        plans = [plan_from_message(message) for _, _, message in reader.messages([str(topics.trajectory)])]
        scenes = [scene_from_message(message) for _, _, message in reader.messages([str(topics.truth)])]
    half = TICKS // 2
    assert counts == {
        "image": half,
        "camera_info": half,
        "odometry": TICKS,
        "route": 1,
        "tf": TICKS,
        "tf_static": 1,
        "instruction": 1,
        "trajectory": half,
        "timing": half,
        "command": TICKS,
        "truth": half,
    }
    for index, (plan, told) in enumerate(zip(plans, scenes)):
        meant = tick(2 * index)
        assert meant.answer is not None
        assert meant.scene is not None
        assert plan.status is PlanStatus.FULL
        np.testing.assert_allclose(plan.trajectory.positions, meant.answer.plan.trajectory.positions, atol=1e-5)
        assert told.actors == meant.scene.actors
        assert [(light.id, light.state, light.lanes) for light in told.lights] == [("A_1", LightState.RED, ("9_0_-1",))]
        np.testing.assert_array_equal(told.lights[0].stop_line, meant.scene.lights[0].stop_line)
        assert told.ego.pose == meant.ego.pose


def test_the_bag_can_be_planned_from_again(bag):
    with BagObservations(bag) as observations:
        seen = list(observations)
    assert [observation.stamp_ns for observation in seen] == [ego(index).stamp_ns for index in range(0, TICKS, 2)]
    for index, observation in enumerate(seen):
        image = observation.images["front"]
        assert (image.pixels == 20 * index).all()
        assert image.camera is not None
        assert image.camera.same_as(CAMERA) or np.array_equal(image.camera.matrix, CAMERA.matrix)
        assert image.base_from_camera is not None
        np.testing.assert_allclose(image.base_from_camera.translation, MOUNT.translation)
        assert observation.route is not None
        assert observation.instruction == "straight"


def test_a_film_has_a_frame_for_each_image_at_its_rate(bag, tmp_path):
    out = tmp_path / "drive.mp4"
    told: list[int] = []
    assert film(bag, out, load_vehicle("passenger_car"), LANES, told.append) == TICKS // 2
    assert told == list(range(1, TICKS // 2 + 1))
    video = cv2.VideoCapture(str(out))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(10.0)
    pictures = []
    while True:
        more, picture = video.read()
        if not more:
            break
        pictures.append(picture)
    assert len(pictures) == TICKS // 2
    assert pictures[0].shape == (CAMERA_SIZE[1] + TEXT_SIZE[1], CAMERA_SIZE[0] + MAP_SIZE[0], 3)
    # The plan lies as a green ribbon on the road, ahead and below the horizon; the lane is drawn on the map.
    ribbon = pictures[0][200:340, 250:390].astype(int)
    assert (ribbon[..., 1] - ribbon[..., 2] > 40).any()
    sky = pictures[0][:150, :600].astype(int)
    assert (sky.max(axis=2) - sky.min(axis=2)).max() < 60


def test_a_bag_without_images_makes_no_film(tmp_path):
    recorder = DriveBag(tmp_path / "blind")
    for index in range(1, TICKS, 2):
        recorder.on_tick(tick(index))
    recorder.close()
    with pytest.raises(BagError, match="nothing to show"):
        film(tmp_path / "blind", tmp_path / "blind.mp4", load_vehicle("passenger_car"), LANES)


def test_times_are_those_of_the_drive(bag):
    with BagReader(bag) as reader:
        assert (reader.first_ns, reader.last_ns) == (0, ego(TICKS - 1).stamp_ns)
    assert ego(TICKS - 1).stamp_ns < NS_PER_S


def test_a_map_goes_along(tmp_path):
    pytest.importorskip("carla")
    xodr = (resource("config/towns/grid_small") / "town.xodr").read_text(encoding="utf-8")
    recorder = DriveBag(tmp_path / "drive", xodr, "grid_small")
    for index in range(3):
        recorder.on_tick(tick(index))
    recorder.close()
    with BagReader(tmp_path / "drive") as reader:
        ((_, _, info),) = reader.messages([WORLD_INFO_TOPIC])
        lanes = recorded_map(reader)
    assert info.map_name == "grid_small"
    assert lanes is not None
    assert len(lanes.lanes) > 50
