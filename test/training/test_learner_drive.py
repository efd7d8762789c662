"""The learner beside the expert: it sees its camera's picture, on its turn only, and the source tells whose it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.observation import Observation, Route
from wam_ros.core.plan import Plan
from wam_ros.core.scene import LightState
from wam_ros.core.timing import Deadline
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.cnn_planner import load_cnn_planner
from wam_ros.planning.route_follower import RouteFollower
from wam_ros.training.demo_recipe import DemoRecipe
from wam_ros.training.demo_recorder import NO_LIGHTS
from wam_ros.training.demo_semantics import DRAWN
from wam_ros.training.handover import Handover
from wam_ros.training.learner_drive import LearnerDrive

RECIPE = DemoRecipe(camera=CanonicalCamera(640, 360, 400.0, 320.0, 180.0, 1.5))
SMALLER = CanonicalCamera(64, 36, 40.0, 32.0, 18.0, 1.5)
ROUTE = Route.from_points("map", np.array([[0.0, 0.0], [500.0, 0.0]]))


class PlainEye:
    """Green on the left, red on the right."""

    def __init__(self) -> None:
        self.places: list[SE3] = []

    def color(self, map_from_camera: SE3, lights: Mapping[str, LightState] = NO_LIGHTS) -> np.ndarray:
        assert not lights, "a learner sees what is"
        self.places.append(map_from_camera)
        image = np.zeros((360, 640, 3), np.uint8)
        image[:, :320, 1] = image[:, 320:, 0] = 200
        return image

    def classes(self, _map_from_camera: SE3) -> np.ndarray:
        return np.ones(DRAWN, np.uint8)


class Onlooker(RouteFollower):
    """Notes what it is shown."""

    camera = SMALLER

    def __init__(self) -> None:
        super().__init__(load_vehicle("passenger_car"), 8.0)
        self.seen: list[np.ndarray] = []

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        self.seen.extend(image.rgb() for image in observation.images.values())
        return super().plan(observation, deadline)


def _observation(seconds: float, speed: float = 8.0) -> Observation:
    ego = EgoState(round(seconds * 1e9), "map", SE2(10.0 + speed * seconds, 1.0, 0.2), speed)
    return Observation(ego.stamp_ns, ego, {}, ROUTE)


def _expert() -> RouteFollower:
    return RouteFollower(load_vehicle("passenger_car"), 8.0)


def test_the_picture_is_that_of_the_learners_camera_where_the_recipe_has_it() -> None:
    learner, eye = Onlooker(), PlainEye()
    drive = LearnerDrive(learner, _expert(), Handover(0.0, 1, ROUTE.line), RECIPE, eye)
    drive.plan(_observation(0.0), Deadline.unlimited())
    (image,) = learner.seen
    assert image.shape == (36, 64, 3)
    assert (image[:, :31] == (0, 200, 0)).all()
    assert (image[:, 33:] == (200, 0, 0)).all()
    place = eye.places[0]
    assert np.allclose(place.translation[:2], SE2(10.0, 1.0, 0.2).apply(np.array([[RECIPE.camera_x, 0.0]]))[0])
    assert place.translation[2] == RECIPE.camera.height_above_ground


def test_nothing_is_drawn_on_the_experts_turn_and_the_source_tells_whose_it_is() -> None:
    learner, eye = Onlooker(), PlainEye()
    drive = LearnerDrive(learner, _expert(), Handover(0.5, 1, ROUTE.line), RECIPE, eye)
    sources = []
    for number in range(300):
        before = len(eye.places)
        drive.plan(_observation(0.1 * number), Deadline.unlimited())
        sources.append(drive.source())
        assert (len(eye.places) > before) == (sources[-1] == "learner")
    assert set(sources) == {"learner", "drive"}
    assert len(learner.seen) == sources.count("learner")


def test_a_network_plans_from_it() -> None:
    learner = load_cnn_planner("random:tiny")
    drive = LearnerDrive(learner, _expert(), Handover(0.0, 1, ROUTE.line), RECIPE, PlainEye())
    drive.warm_up()
    assert drive.plan(_observation(0.0), Deadline.unlimited()).planner == "cnn"
    assert drive.weights_hash == learner.weights_hash
