"""The labeller on a real town: labels agree with where things were put, and plans from other poses lead back."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

pytest.importorskip("carla")

from wam_ros.carla_server.towns.town import Town
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, wrap_angle
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.route_planner import PlannedRoute, RoutePlanner
from wam_ros.training.demo_labels import Labeller
from wam_ros.training.questions import LEAD, LIGHT, QUESTIONS, SLOW_FOR, TURN, YIELD_TO, Question

VEHICLE = load_vehicle("passenger_car")
FRONT = VEHICLE.wheelbase + VEHICLE.front_overhang


class Place:
    """A route through a signalled junction of the town, and scenes on it."""

    def __init__(self) -> None:
        self.town = Town.load("grid_small")
        self.lanes: LaneGraph = self.town.lanes
        self.signal, self.planned, self.line_at = self._route()
        self.labeller = Labeller(VEHICLE, self.lanes, self.planned)

    def _route(self) -> tuple[str, PlannedRoute, float]:
        planner, rng = RoutePlanner(self.lanes), random.Random(3)
        while True:
            planned = planner.random_route(rng, 400.0)
            for manoeuvre in planned.manoeuvres:
                if manoeuvre.instruction != "straight" or manoeuvre.start < 110.0:
                    continue
                for signal in self.town.signals:
                    if set(signal.controlled) & set(planned.lane_ids):
                        at = planned.route.line.project(signal.stop_line.mean(axis=0)).arc_length
                        if abs(at - manoeuvre.start) < 12.0:
                            return signal.id, planned, float(at)

    def pose(self, before_line: float) -> SE2:
        """On the route, the front bumper this far before the stop line [m]."""
        line, at = self.planned.route.line, self.line_at - FRONT - before_line
        x, y = line.position(at)
        return SE2(float(x), float(y), float(line.heading(at)))

    def scene(
        self,
        pose: SE2,
        speed: float,
        state: LightState = LightState.GREEN,
        actors: tuple[Actor, ...] = (),
    ) -> Scene:
        """All lights of the town but ours are red."""
        lights = tuple(
            TrafficLight(
                signal.id, state if signal.id == self.signal else LightState.RED, signal.controlled, signal.stop_line
            )
            for signal in self.town.signals
            if math.hypot(*(signal.stop_line.mean(axis=0) - pose.position)) < 100.0
        )
        return Scene(0, EgoState(0, "map", pose, speed), actors, lights)

    def ahead(self, pose: SE2, gap: float, kind: ActorKind = ActorKind.VEHICLE, speed: float = 0.0) -> Actor:
        """Somebody ahead on the route, bumper to bumper."""
        length, width = (4.5, 1.9) if kind is ActorKind.VEHICLE else (0.5, 0.5)
        line = self.planned.route.line
        at = line.project(pose.position).arc_length + FRONT + gap + 0.5 * length
        x, y = line.position(at)
        turned = math.pi / 2.0 if kind is ActorKind.PEDESTRIAN else 0.0
        return Actor(7, kind, SE2(float(x), float(y), float(line.heading(at)) + turned), length, width, 1.6, speed)


@pytest.fixture(scope="module")
def place() -> Place:
    return Place()


def _answer(answers: np.ndarray, question: Question) -> str:
    return question.answers[int(answers[QUESTIONS.index(question)])]


@pytest.mark.parametrize("aside", [-1.2, -0.5, 1.2])
@pytest.mark.parametrize("turn_deg", [-12.0, 0.0, 12.0])
@pytest.mark.parametrize("speed", [2.0, 5.0])
def test_the_plan_from_a_moved_pose_leads_back_to_the_lane(
    place: Place, aside: float, turn_deg: float, speed: float
) -> None:
    pose = place.pose(70.0) @ SE2(0.0, aside, math.radians(turn_deg))
    labels = place.labeller.label(place.scene(pose, speed))
    line = place.planned.route.line
    ends = pose.apply(labels.plan[:, :2])
    off = line.distances(ends)
    heading = float(line.heading(line.project(ends[-1]).arc_length)) - pose.yaw
    assert labels.plan[-1, 0] > 6.0
    assert off[-1] < 0.3
    assert off[-1] < 0.5 * abs(aside)
    assert abs(float(wrap_angle(labels.plan[-1, 2] - heading))) < math.radians(4.0)
    assert off.max() < abs(aside) + 0.7


def test_the_plan_is_told_in_the_ego_frame(place: Place) -> None:
    labels = place.labeller.label(place.scene(place.pose(70.0), 8.0))
    assert labels.plan.shape == (8, 3)
    assert (np.diff(labels.plan[:, 0]) > 2.0).all()
    assert np.abs(labels.plan[:, 1]).max() < 2.0
    assert labels.plan[0, 0] == pytest.approx(4.0, abs=0.7)


@pytest.mark.parametrize("distance", [6.0, 20.0, 40.0])
@pytest.mark.parametrize("state", [LightState.RED, LightState.GREEN])
def test_the_light_ahead_is_as_far_as_its_line(place: Place, distance: float, state: LightState) -> None:
    labels = place.labeller.label(place.scene(place.pose(distance), 5.0, state))
    assert labels.light is not None
    assert labels.light.state is state
    assert labels.light.distance == pytest.approx(distance, abs=0.6)
    assert _answer(labels.answers, LIGHT) == state.value


def test_red_is_the_reason_to_stop_and_the_plan_ends_before_the_line(place: Place) -> None:
    labels = place.labeller.label(place.scene(place.pose(18.0), 8.0, LightState.RED))
    assert labels.cause == "light"
    assert labels.rationale == "stop-for-red"
    assert _answer(labels.answers, SLOW_FOR) == "light"
    assert labels.plan[-1, 0] < 18.0
    assert labels.is_a("red light")


def test_at_rest_red_means_stay_and_green_means_start(place: Place) -> None:
    pose = place.pose(1.5)
    red = place.labeller.label(place.scene(pose, 0.0, LightState.RED))
    green = place.labeller.label(place.scene(pose, 0.0, LightState.GREEN))
    assert not red.start_due
    assert red.rationale == "stop-for-red"
    assert abs(red.plan[:, 0]).max() < 0.7
    assert green.start_due
    assert green.rationale == "start"
    assert green.is_a("start")
    assert green.plan[-1, 0] > 5.0


def test_behind_a_lead_that_leaves_a_start_is_due(place: Place) -> None:
    pose = place.pose(60.0)
    stands = place.labeller.label(place.scene(pose, 0.0, actors=(place.ahead(pose, 3.0),)))
    leaves = place.labeller.label(place.scene(pose, 0.0, actors=(place.ahead(pose, 4.0, speed=5.0),)))
    assert not stands.start_due
    assert stands.rationale == "stop-for-lead"
    assert leaves.start_due


@pytest.mark.parametrize(("gap", "band"), [(6.0, "near"), (15.0, "ahead"), (40.0, "far")])
def test_the_lead_is_as_far_as_it_was_put(place: Place, gap: float, band: str) -> None:
    pose = place.pose(85.0)
    labels = place.labeller.label(place.scene(pose, 6.0, actors=(place.ahead(pose, gap, speed=4.0),)))
    assert labels.lead is not None
    assert labels.lead.distance == pytest.approx(gap, abs=0.6)
    assert labels.lead.speed == pytest.approx(4.0, abs=0.1)
    assert _answer(labels.answers, LEAD) == band
    assert labels.is_a("following") == (gap < 25.0)


def test_whoever_drives_on_another_lane_is_no_lead(place: Place) -> None:
    pose = place.pose(85.0)
    there = place.ahead(pose, 15.0)
    beside = Actor(8, there.kind, there.pose @ SE2(0.0, 3.5, 0.0), there.length, there.width, there.height, 4.0)
    towards = Actor(9, there.kind, there.pose @ SE2(0.0, 0.8, math.pi), there.length, there.width, there.height, 4.0)
    assert place.labeller.label(place.scene(pose, 6.0, actors=(beside,))).lead is None
    assert place.labeller.label(place.scene(pose, 6.0, actors=(towards,))).lead is None


def test_a_pedestrian_on_the_road_is_waited_for(place: Place) -> None:
    pose = place.pose(60.0)
    labels = place.labeller.label(place.scene(pose, 6.0, actors=(place.ahead(pose, 12.0, ActorKind.PEDESTRIAN, 0.2),)))
    assert labels.cause == "pedestrian"
    assert labels.rationale == "yield"
    assert _answer(labels.answers, YIELD_TO) == "pedestrian"


def test_of_two_reasons_the_stricter_counts(place: Place) -> None:
    pose = place.pose(30.0)
    queue = place.ahead(pose, 8.0)
    labels = place.labeller.label(place.scene(pose, 6.0, LightState.RED, (queue,)))
    assert labels.cause == "lead"
    assert labels.rationale == "stop-for-lead"


def test_alone_on_the_road_there_is_no_reason(place: Place) -> None:
    labels = place.labeller.label(place.scene(place.pose(70.0), 8.0))
    assert labels.cause == ""
    assert labels.rationale == "keep-lane"
    assert _answer(labels.answers, TURN) == "none"
    assert labels.is_a("plain")
