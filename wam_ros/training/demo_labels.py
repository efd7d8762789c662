"""The one labeller: from the truth of a scene, at any pose, to the expert's plan and what is to be known around it.

Why the expert goes slower than it would alone is found by asking it again with some of the others left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.plan import Trajectory
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning.expert import ExpertSettings, PrivilegedExpert
from wam_ros.planning.expert.course import STEP, Course, Place
from wam_ros.planning.expert.road import Road
from wam_ros.planning.route_planner import PlannedRoute
from wam_ros.training.demo_sample import CATEGORIES, LIGHTS
from wam_ros.training.questions import LIGHT, QUESTIONS, RATIONALE_NAMES, SLOW_FOR, TURN, YIELD_TO, Question, lead_band

SIGHT = 60.0  # m; what is farther is not told
_PASSED = 1.0  # m that the front may be over a stop line and still be held by its light
_LEAD_ANGLE = math.radians(60.0)
_SIDE = 0.2  # m beside the ego that a leader's side may be
_STANDS = 0.5  # m/s
_MOVED_OFF = 1.0  # m within 3 s
_SLOWER = (0.8, 0.08)  # m, and share of the way, that others have to cost within 4 s to count as a cause
_SAME = 0.4  # m; causes this close are as strict
_BRAKES = 1.0  # m/s within 2 s
_BENDS = math.radians(15.0)
_NEAR_LIGHT = 40.0  # m
_NEAR_LEAD = 25.0  # m
_END = 30.0  # m before the end of the route, where the expert slows down to stop
_CAUSES = ("light", "lead", "pedestrian", "car")


class LightAhead(NamedTuple):
    """The light that matters."""

    light: TrafficLight
    distance: float  # m from the front bumper to its stop line, at least 0

    @property
    def state(self) -> LightState:
        """What it shows."""
        return self.light.state


class Lead(NamedTuple):
    """Whoever is ahead on the route."""

    actor: Actor
    distance: float  # m, bumper to bumper
    speed: float  # m/s along the route


@dataclass(frozen=True, eq=False)
class Labels:
    """What is true of one moment, seen from one pose.

    Fields:
        plan: (8, 3) x, y [m], heading [rad] in base_link.
        light: The light ahead on the route within 60 m, or None.
        lead: Whoever is ahead on the route within 60 m, or None.
        cause: Who makes the expert slower than it would be alone: one of "light", "lead", "pedestrian", "car", or "".
        start_due: Whether the ego stands and moves off now.
        rationale: Name of it.
        answers: (Q,) numbers of the answers to QUESTIONS.
        categories: Bits of CATEGORIES.

    """

    plan: NDArray[np.float32]
    light: LightAhead | None
    lead: Lead | None
    cause: str
    start_due: bool
    rationale: str
    answers: NDArray[np.uint8]
    categories: int

    def is_a(self, category: str) -> bool:
        """Whether it counts as one of CATEGORIES."""
        return bool(self.categories >> CATEGORIES.index(category) & 1)


class Labeller:
    """Labels moments of drives along one route.

    Args:
        vehicle: The ego.
        lanes: Of the town.
        planned: The route.

    """

    def __init__(self, vehicle: VehicleDescription, lanes: LaneGraph, planned: PlannedRoute) -> None:
        self._vehicle = vehicle
        self._lanes = lanes
        self._planned = planned
        self._expert = PrivilegedExpert(vehicle)
        self._course = Course.of(Road(lanes), planned.route, ExpertSettings())
        self._front = vehicle.wheelbase + vehicle.front_overhang

    def label(self, scene: Scene) -> Labels:
        """The truth of `scene` for its ego, whatever pose and speed that has.

        Raises:
            InputError: The frames of scene, lanes and route differ.

        """
        ego = scene.ego
        place = self._course.place(ego.pose)
        light, lead = self._light(scene, place), self._lead(scene, place)
        expert = self._expert.plan(scene, self._lanes, self._planned.route)
        points = ego.pose.inverse().apply(expert.positions)
        headings = np.asarray(wrap_angle(expert.headings - ego.pose.yaw))
        plan = np.column_stack([points, headings]).astype(np.float32)
        cause = self._cause(scene, lead, _way(expert, scene))
        moves = ego.speed >= _STANDS
        start_due = not moves and float(np.hypot(*points[5])) > _MOVED_OFF
        turn = self._turn(place)
        slows = not cause and float(expert.speeds[3]) < ego.speed - _BRAKES
        curve = slows and self._course.length - place.arc_length > _END
        rationale = _rationale(ego.speed, expert, cause, float(headings[-1]), start_due=start_due, curve=curve)
        answers = np.zeros(len(QUESTIONS), np.uint8)
        told: dict[Question, int] = {
            LIGHT: LIGHT.number(LIGHTS[_light_number(light)]),
            YIELD_TO: YIELD_TO.number(cause if cause in YIELD_TO.answers else "none"),
            SLOW_FOR: SLOW_FOR.number(cause or ("turn" if curve else "none")),
            TURN: TURN.number(turn or "none"),
        }
        for number, question in enumerate(QUESTIONS):
            answers[number] = told[question] if question in told else lead_band(None if lead is None else lead.distance)
        held = {
            "turn": bool(turn) and moves and self._in_junction(place),
            "stop": not start_due and (not moves or float(expert.speeds[-1]) < _STANDS),
            "red light": moves and light is not None and light.state is LightState.RED and light.distance < _NEAR_LIGHT,
            "following": moves and lead is not None and lead.distance < _NEAR_LEAD,
            "start": start_due,
            "yield": cause in YIELD_TO.answers,
        }
        bits = sum(1 << CATEGORIES.index(name) for name, holds in held.items() if holds)
        bits = bits or 1 << CATEGORIES.index("plain")
        return Labels(plan, light, lead, cause, start_due, rationale, answers, bits)

    def _light(self, scene: Scene, place: Place) -> LightAhead | None:
        """The nearest light on the route whose stop line was not passed."""
        for junction in self._course.junctions:
            if junction.leave < place.arc_length or junction.enter - place.arc_length > SIGHT + self._front + 10.0:
                continue
            found = [
                (self._course.stop_line(light, junction) - place.arc_length - self._front, light)
                for light in scene.lights
                if not set(light.lanes).isdisjoint(junction.lanes) and light.state is not LightState.OFF
            ]
            ahead = [(gap, light) for gap, light in found if -_PASSED < gap < SIGHT]
            if ahead:
                gap, light = min(ahead, key=lambda one: one[0])
                return LightAhead(light, max(gap, 0.0))
        return None

    def _lead(self, scene: Scene, place: Place) -> Lead | None:
        """The nearest vehicle or bicycle whose box reaches into the ego's lane of the route, going the same way."""
        course, half = self._course, 0.5 * self._vehicle.width + _SIDE
        first = min(place.station, len(course.points) - 1)
        last = min(first + math.ceil((SIGHT + self._front + 10.0) / STEP), len(course.points))
        part = course.points[first:last]
        best: Lead | None = None
        for actor in scene.actors:
            if actor.kind not in {ActorKind.VEHICLE, ActorKind.BICYCLE}:
                continue
            gaps = part - (actor.pose.x, actor.pose.y)
            index = int(np.argmin((gaps**2).sum(axis=1)))
            heading = float(course.headings[first + index])
            turn = float(wrap_angle(actor.pose.yaw - heading))
            dx, dy = -float(gaps[index, 0]), -float(gaps[index, 1])
            along = math.cos(heading) * dx + math.sin(heading) * dy
            aside = abs(math.cos(heading) * dy - math.sin(heading) * dx)
            width = 0.5 * (abs(math.cos(turn)) * actor.width + abs(math.sin(turn)) * actor.length)
            length = 0.5 * (abs(math.cos(turn)) * actor.length + abs(math.sin(turn)) * actor.width)
            distance = STEP * (first + index) + along - length - place.arc_length - self._front
            if abs(turn) > _LEAD_ANGLE or aside > half + width or not -1.0 < distance < SIGHT or abs(along) > 2.0:
                continue
            if best is None or distance < best.distance:
                best = Lead(actor, max(distance, 0.0), actor.speed * math.cos(turn))
        return best

    def _cause(self, scene: Scene, lead: Lead | None, driven: float) -> str:
        """Who costs the most way within 4 s; each is asked for alone, with the lights as they are."""
        if not scene.actors and not scene.lights:
            return ""
        alone = self._reach(scene, (), lights=False)
        if driven >= alone - max(_SLOWER[0], _SLOWER[1] * alone):
            return ""
        leader = () if lead is None else (lead.actor,)
        walking = tuple(one for one in scene.actors if one.kind is ActorKind.PEDESTRIAN)
        driving = tuple(one for one in scene.actors if one.kind is not ActorKind.PEDESTRIAN and one not in leader)
        groups = dict(zip(_CAUSES, ((), leader, walking, driving)))
        best, found = math.inf, ""
        for name, actors in groups.items():
            if actors or name == "light":
                reach = self._reach(scene, actors, lights=True)
                if reach < best - _SAME:
                    best, found = reach, name
            if best <= driven + _SAME:
                break
        return found if best < alone - 0.5 * _SLOWER[0] else ""

    def _reach(self, scene: Scene, actors: tuple[Actor, ...], *, lights: bool) -> float:
        asked = replace(scene, actors=actors, lights=scene.lights if lights else ())
        return _way(self._expert.plan(asked, self._lanes, self._planned.route), asked)

    def _turn(self, place: Place) -> str:
        """Left or right, from 40 m before a junction on; else nothing."""
        instruction = self._planned.instruction_at(place.arc_length)
        return instruction if instruction in {"left", "right"} else ""

    def _in_junction(self, place: Place) -> bool:
        """Whether a junction is less than 15 m ahead or not left yet."""
        at = place.arc_length
        return any(one.enter - 15.0 <= at <= one.leave for one in self._course.junctions)


def light_number(labels: Labels) -> int:
    """Index into LIGHTS."""
    return _light_number(labels.light)


def _light_number(light: LightAhead | None) -> int:
    return 0 if light is None else LIGHTS.index(light.state.value)


def _way(plan: Trajectory, scene: Scene) -> float:
    """Length of a plan [m]."""
    points: Array = np.vstack([scene.ego.pose.position, plan.positions])
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _rationale(speed: float, plan: Trajectory, cause: str, turn: float, *, start_due: bool, curve: bool) -> str:
    if start_due:
        name = "start"
    elif cause == "light":
        name = "stop-for-red"
    elif cause == "lead":
        name = "stop-for-lead" if float(plan.speeds[-1]) < _STANDS else "follow"
    elif cause:
        name = "yield"
    elif speed < _STANDS:
        name = "wait"
    elif abs(turn) > _BENDS:
        name = "turn-left" if turn > 0.0 else "turn-right"
    else:
        name = "slow-for-curve" if curve else "keep-lane"
    assert name in RATIONALE_NAMES, name
    return name
