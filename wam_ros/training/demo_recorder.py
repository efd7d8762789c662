"""Records a drive: at moments that are kept, pictures and labels as driven, from other poses, and at other speeds.

World and renderer are handed in. Everything that is drawn depends on the drive's own seed only.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2, SE3
from wam_ros.core.observation import Observation, Route
from wam_ros.core.scene import Actor, LightState, Scene, TrafficLight
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.models.config import ROUTE_DISTANCES
from wam_ros.models.prompt import Situation
from wam_ros.models.vocabulary import COMMANDS
from wam_ros.planning.route_planner import PlannedRoute
from wam_ros.planning.wam_diff import situation_of
from wam_ros.runtime.loop import DriveTick
from wam_ros.training.demo_labels import Labeller, Labels, light_number
from wam_ros.training.demo_recipe import DemoRecipe, camera_pose
from wam_ros.training.demo_sample import CATEGORIES, SOURCES, Sample, encoded
from wam_ros.training.demo_semantics import cells
from wam_ros.training.demo_shard import MAX_SAMPLES
from wam_ros.training.questions import RATIONALE_NAMES
from wam_ros.training.relight import other_state, relit

FULL = "shard full"
NO_LIGHTS: Mapping[str, LightState] = MappingProxyType({})
_HALTS = 2  # of a moment
_MOST_OF_A_MOMENT = 3  # without halts
_RELIT_WEIGHT = 2.0  # at least
_HALT_BEFORE = 25.0  # m from the front to a stop line that a halt is put at
_ON_THE_MOVE = 0.5  # m/s; who waits sees the same again and again
_AT_LINE = (-0.8, 3.0)  # m that the front of a halt is before the line, mostly; drivers do not stop to the centimetre
_OFF_LINE = (3.0, 10.0)  # m, else
_MOSTLY = 0.75
_HALT_ASIDE = 0.4  # m to either side
_HALT_TURN = math.radians(4.0)  # to either side
_CLEARANCE = 0.3  # m around the ego where it is put elsewhere
_DISCS = 4  # that stand for its body
_UNSAID = "follow"  # of route planners; the prompt says "unknown" then


class Eye(Protocol):
    """Draws the present moment."""

    def color(self, map_from_camera: SE3, lights: Mapping[str, LightState] = NO_LIGHTS) -> NDArray[np.uint8]:
        """(H, W, 3) red, green, blue, of the recipe's camera; axes of a body (x forward, y left, z up).

        Args:
            map_from_camera: Its pose.
            lights: By id, what lights show otherwise than they do.

        """

    def classes(self, map_from_camera: SE3) -> NDArray[np.uint8]:
        """(90, 160) CARLA's class of each pixel, of the same view."""


class DemoRecorder:
    """An observer of a drive; its samples are complete when the drive has ended.

    Args:
        recipe: How.
        number: Of the drive.
        seed: Of all that is drawn here.
        vehicle: The ego.
        planned: The route.
        labeller: For that route.
        eye: The renderer.
        source: Tells who drives now: "drive", the expert, or "learner".

    """

    def __init__(
        self,
        recipe: DemoRecipe,
        number: int,
        seed: int,
        vehicle: VehicleDescription,
        planned: PlannedRoute,
        labeller: Labeller,
        eye: Eye,
        source: Callable[[], str] = lambda: "drive",
    ) -> None:
        self.samples: list[Sample] = []
        self.moments = 0
        self._recipe = recipe
        self._most = _MOST_OF_A_MOMENT + (_HALTS if recipe.halted_share > 0.0 else 0) + (recipe.relit_share > 0.0)
        self._number = number
        self._rng = random.Random(f"demo {seed}")
        # Their own: drives without halts or relit moments stay as they were.
        self._halts, self._relit = random.Random(f"halts {seed}"), random.Random(f"relit {seed}")
        self._vehicle = vehicle
        self._planned = planned
        self._labeller = labeller
        self._eye = eye
        self._source = source
        self._mounted = self._camera_noise()
        self._begun_ns: int | None = None
        self._due_ns = 0

    def on_tick(self, tick: DriveTick) -> str | None:
        """Record, if this moment is due; ends the drive where the shard has no room for another moment."""
        scene = tick.scene
        if scene is None:
            return None
        if self._begun_ns is None:
            self._begun_ns = self._due_ns = scene.stamp_ns
        if scene.stamp_ns >= self._due_ns:
            self._due_ns += round(self._recipe.period * NS_PER_S)
            self.moments += 1
            self._moment(scene)
        return FULL if len(self.samples) > MAX_SAMPLES - self._most else None

    def _moment(self, scene: Scene) -> None:
        recipe, rng = self._recipe, self._rng
        # Drawn in any case: what is kept does not move what is drawn later.
        kept, moves, speeds = rng.random(), rng.random() < recipe.moved_share, rng.random() < recipe.speed_share
        aside, turn = rng.uniform(-1.0, 1.0) * recipe.moved_aside, rng.uniform(-1.0, 1.0) * recipe.moved_turn
        at_rest, share = rng.random() < recipe.rest_share, rng.uniform(0.2, 1.4)
        noise, moved_noise = (tuple(np.add(self._mounted, self._camera_noise())) for _ in range(2))
        labels = self._labeller.label(scene)
        light = labels.light
        if light is not None and scene.ego.speed > _ON_THE_MOVE:
            if 0.0 < light.distance < _HALT_BEFORE:
                for _ in range(_HALTS):
                    self._halt(scene, light.distance, moved_noise)
            self._relight(scene, light.light, noise)
        if kept >= _most(recipe.kept, labels):
            return
        seen = self._seen(scene.ego.pose, noise)
        self._add(scene, labels, seen, noise, self._source())
        if speeds:
            ego = _at_speed(scene.ego, 0.0 if at_rest else min(share * scene.ego.speed, self._vehicle.max_speed))
            other = replace(scene, ego=ego)
            self._add(other, self._labeller.label(other), seen, noise, "speed")
        if moves:
            turn *= min(1.0, recipe.moved_speed / max(scene.ego.speed, 0.1))
            pose = scene.ego.pose @ SE2(0.0, aside, turn)
            if not any(self._touches(pose, actor) for actor in scene.actors):
                other = replace(scene, ego=replace(scene.ego, pose=pose))
                view = self._seen(pose, moved_noise)
                self._add(other, self._labeller.label(other), view, moved_noise, "moved", (aside, turn))

    def _halt(self, scene: Scene, distance: float, noise: tuple[float, ...]) -> None:
        """The moment as it would be at rest near the stop line, whatever the light shows; not where somebody stands."""
        rng = self._halts
        kept, mostly, at = rng.random() < self._recipe.halted_share, rng.random() < _MOSTLY, rng.random()
        aside, turn = rng.uniform(-1.0, 1.0) * _HALT_ASIDE, rng.uniform(-1.0, 1.0) * _HALT_TURN
        if not kept:
            return
        nearest, farthest = _AT_LINE if mostly else _OFF_LINE
        line = self._planned.route.line
        along = line.project(scene.ego.pose.position).arc_length + distance - (nearest + at * (farthest - nearest))
        x, y = line.position(along)
        pose = SE2(float(x), float(y), float(line.heading(along))) @ SE2(0.0, aside, turn)
        if along < 0.0 or any(self._touches(pose, actor) for actor in scene.actors):
            return
        other = replace(scene, ego=replace(_at_speed(scene.ego, 0.0), pose=pose))
        self._add(other, self._labeller.label(other), self._seen(pose, noise), noise, "halted", (aside, turn))

    def _relight(self, scene: Scene, light: TrafficLight, noise: tuple[float, ...]) -> None:
        """The moment as it would be with the light ahead in another state; not red where nobody could stop any more."""
        drawn, state = self._relit.random(), other_state(light.state, self._relit)
        if drawn >= self._recipe.relit_share:
            return
        other = relit(scene, light, state)
        labels = self._labeller.label(other)
        if state is LightState.RED and labels.light is not None and _way(labels.plan) > labels.light.distance:
            return
        seen = self._seen(scene.ego.pose, noise, {one.id: one.state for one in other.lights})
        self._add(other, labels, seen, noise, "relit", least_weight=_RELIT_WEIGHT)

    def _add(
        self,
        scene: Scene,
        labels: Labels,
        seen: tuple[bytes, NDArray[np.uint8]],
        noise: tuple[float, ...],
        source: str,
        offset: tuple[float, float] = (0.0, 0.0),
        least_weight: float = 0.0,
    ) -> None:
        ego, light, lead = scene.ego, labels.light, labels.lead
        situation = told(ego, self._planned)
        assert situation.route is not None
        assert self._begun_ns is not None
        route = [(math.nan, math.nan) if point is None else point for point in situation.route]
        self.samples.append(
            Sample(
                jpeg=seen[0],
                command=COMMANDS.index(situation.command),
                velocity=np.array([ego.speed, ego.lateral_speed], np.float32),
                acceleration=np.array([ego.acceleration, ego.lateral_acceleration], np.float32),
                yaw_rate=ego.yaw_rate,
                route=np.array(route, np.float32),
                plan=labels.plan,
                semantics=seen[1],
                light=light_number(labels),
                light_distance=math.nan if light is None else light.distance,
                lead_distance=math.nan if lead is None else lead.distance,
                lead_speed=math.nan if lead is None else lead.speed,
                start_due=labels.start_due,
                rationale=RATIONALE_NAMES.index(labels.rationale),
                answers=labels.answers,
                categories=labels.categories,
                weight=max(_most(self._recipe.weights, labels), least_weight),
                source=SOURCES.index(source),
                offset=np.array(offset, np.float32),
                camera_offset=np.array(noise, np.float32),
                drive=self._number,
                time=(scene.stamp_ns - self._begun_ns) / NS_PER_S,
            )
        )

    def _seen(
        self, pose: SE2, noise: tuple[float, ...], lights: Mapping[str, LightState] = NO_LIGHTS
    ) -> tuple[bytes, NDArray[np.uint8]]:
        """Picture and classes from a pose of base_link, with some lights otherwise than they are."""
        place = SE3.from_se2(pose) @ camera_pose(self._recipe.camera, self._recipe.camera_x, noise)
        picture = encoded(self._eye.color(place, lights), self._recipe.jpeg_quality)
        return picture, cells(self._eye.classes(place))

    def _camera_noise(self) -> tuple[float, float, float]:
        """Half of what the recipe allows: pitch, yaw, height."""
        recipe = self._recipe
        bounds = (recipe.camera_pitch, recipe.camera_yaw, recipe.camera_height)
        pitch, yaw, height = (0.5 * self._rng.uniform(-bound, bound) for bound in bounds)
        return pitch, yaw, height

    def _touches(self, pose: SE2, actor: Actor) -> bool:
        """Whether the ego's body at `pose` comes closer to an actor than the clearance; its corners are rounded."""
        vehicle = self._vehicle
        radius = 0.5 * vehicle.width
        places = np.linspace(radius - vehicle.rear_overhang, vehicle.length - vehicle.rear_overhang - radius, _DISCS)
        middles = pose.apply(np.column_stack([places, np.zeros(_DISCS)]))
        there = np.abs(actor.pose.inverse().apply(middles)) - (0.5 * actor.length, 0.5 * actor.width)
        return bool((np.hypot(*np.maximum(there, 0.0).T) < radius + _CLEARANCE).any())


def told(ego: EgoState, planned: PlannedRoute) -> Situation:
    """What the prompt tells of an ego on a route."""
    route: Route = planned.route
    place = route.line.project(ego.pose.position)
    instruction = planned.instruction_at(place.arc_length)
    said = None if instruction == _UNSAID else instruction
    return situation_of(Observation(ego.stamp_ns, ego, {}, route, said), ROUTE_DISTANCES)


def _way(plan: NDArray[np.float32]) -> float:
    """The length of a plan (T, 3) from the origin on [m]."""
    steps = np.diff(plan[:, :2], axis=0, prepend=np.zeros((1, 2), plan.dtype))
    return float(np.hypot(*steps.T).sum())


def _most(table: dict[str, float], labels: Labels) -> float:
    """The greatest value of the categories that hold."""
    return max(table[name] for name in CATEGORIES if labels.is_a(name))


def _at_speed(ego: EgoState, speed: float) -> EgoState:
    """The same pose and curvature at another speed, neither braking nor speeding up."""
    share = speed / ego.speed if ego.speed > 0.1 else 0.0
    return replace(
        ego,
        speed=speed,
        acceleration=0.0,
        yaw_rate=ego.yaw_rate * share,
        lateral_speed=ego.lateral_speed * share,
        lateral_acceleration=ego.lateral_acceleration * share**2,
    )
