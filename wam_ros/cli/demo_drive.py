"""One drive of `wam demos`, as a process of its own records it: world, expert, renderer and recorder together."""

from __future__ import annotations

import math
import random
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wam_ros.cli.compose import EmbeddedDrive, default_rig
from wam_ros.core.errors import InputError
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.evaluation.route_task import RouteTask
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.expert_planner import EnvironmentTruth, ExpertPlanner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy import uint8
    from numpy.typing import NDArray

    from wam_ros.carla_server.environment import EmbeddedEnvironment
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.cli.demo_learner import Learner
    from wam_ros.core.geometry import SE3
    from wam_ros.core.protocols import Planner
    from wam_ros.core.scene import LightState
    from wam_ros.core.vehicle import VehicleDescription
    from wam_ros.planning.route_planner import PlannedRoute
    from wam_ros.runtime.loop import DriveObserver, DriveTick
    from wam_ros.training.demo_recipe import DemoRecipe
    from wam_ros.training.learner_drive import LearnerDrive

PRELOAD = (
    "wam_ros.cli.demo_drive",
    "wam_ros.carla_server.environment",
    "wam_ros.carla_server.camera.town_camera",
    "wam_ros.control",
    "wam_ros.planning.route_planner",
    "wam_ros.training.demo_recorder",
    "wam_ros.training.demo_disturbance",
)
"""Imported once for all drives."""
VEHICLE = "passenger_car"
_SHORTER = (1.0, 1.0, 0.85, 0.7, 0.6, 0.5)  # of the wanted length, tried in turn
_PLANNING_PERIOD = 0.1  # s


@dataclass(frozen=True)
class DriveTask:
    """A drive and where its shard goes."""

    number: int
    route: RouteTask
    shard: Path


@dataclass(frozen=True)
class DemoWork:
    """Records a drive into its shard and tells how many samples it has; the same task gives the same samples.

    Fields:
        recipe: How.
        learners: With the weights that the recipe's driver names; none = the expert drives.

    """

    recipe: DemoRecipe
    learners: tuple[Learner, ...] = ()

    def __call__(self, task: DriveTask) -> int:
        """Record.

        Raises:
            WamError: There is no such route, the world fails, weights are missing, or no moment was kept.

        """
        from wam_ros.carla_server.towns.town import Town
        from wam_ros.carla_server.world.world import WorldSettings
        from wam_ros.control import TrajectoryController
        from wam_ros.planning import Fallback, PlanMonitor
        from wam_ros.planning.expert import PrivilegedExpert
        from wam_ros.runtime.checked_planner import CheckedPlanner
        from wam_ros.runtime.loop import DriveLoop, LoopSettings
        from wam_ros.training.demo_disturbance import DisturbedController
        from wam_ros.training.demo_labels import Labeller
        from wam_ros.training.demo_recorder import DemoRecorder
        from wam_ros.training.demo_shard import write_shard

        recipe, seed = self.recipe, task.route.traffic_seed
        rng = random.Random(f"drive {seed}")
        town, vehicle = Town.load(task.route.town), load_vehicle(VEHICLE)
        planned = _route(town, task.route.route_seed, recipe.route_length)
        settings = WorldSettings(
            seed=seed, vehicles=rng.randint(*recipe.vehicles), pedestrians=rng.randint(*recipe.pedestrians)
        )
        drive = EmbeddedDrive(town, settings, vehicle, SensorRig.load(default_rig()), planned, camera=False)
        disturbed = rng.random() < recipe.disturbed_share
        world = drive.environment()
        eye = TownEye(recipe, town, seed, world)
        try:
            labeller = Labeller(vehicle, town.lanes, planned)
            expert = ExpertPlanner(PrivilegedExpert(vehicle), EnvironmentTruth(world, town.lanes))
            observers: list[DriveObserver] = [Unhurt(world)]
            if recipe.driver is None:
                planner: Planner = expert
                recorder = DemoRecorder(recipe, task.number, seed, vehicle, planned, labeller, eye)
            else:
                planner = learner = self._learner_drive(seed, vehicle, expert, planned, eye)
                recorder = DemoRecorder(recipe, task.number, seed, vehicle, planned, labeller, eye, learner.source)
                observers.append(learner)
            checked = CheckedPlanner(planner, PlanMonitor(vehicle), Fallback(vehicle))
            tracking = TrajectoryController(vehicle)
            controller = DisturbedController(tracking, rng) if disturbed else tracking
            limits = LoopSettings(planning_period=_PLANNING_PERIOD, time_limit=recipe.time_limit)
            DriveLoop(world, checked, controller, limits, [*observers, recorder]).run()
        finally:
            eye.close()
            world.close()
        if not recorder.samples:
            msg = f"{task.route.id}: none of {recorder.moments} moments was kept"
            raise InputError(msg)
        write_shard(task.shard, recorder.samples)
        return len(recorder.samples)

    def _learner_drive(
        self, seed: int, vehicle: VehicleDescription, expert: ExpertPlanner, planned: PlannedRoute, eye: TownEye
    ) -> LearnerDrive:
        """One of the learners, drawn for this drive, with the expert beside it."""
        from wam_ros.training.handover import Handover
        from wam_ros.training.learner_drive import LearnerDrive

        driver = self.recipe.driver
        assert driver is not None
        assert tuple(learner.weights for learner in self.learners) == driver.weights
        learner = random.Random(f"learner {seed}").choice(self.learners)
        handover = Handover(driver.expert_share, seed, planned.route.line)
        return LearnerDrive(learner.load(vehicle, driver.steps), expert, handover, self.recipe, eye)


class Unhurt:
    """Ends a drive at its first collision: what comes after is no demonstration."""

    def __init__(self, world: EmbeddedEnvironment) -> None:
        self._world = world

    def on_tick(self, _tick: DriveTick) -> str | None:
        """Look."""
        return "collision" if self._world.collisions else None


class TownEye:
    """Draws what a recipe's camera sees of an embedded world now."""

    def __init__(self, recipe: DemoRecipe, town: Town, seed: int, world: EmbeddedEnvironment) -> None:
        from wam_ros.carla_server.camera.town_camera import TownCamera
        from wam_ros.training.demo_semantics import DRAWN

        camera, (rows, columns) = recipe.camera, DRAWN
        fov = math.degrees(2.0 * math.atan(0.5 * camera.width / camera.focal_length))
        self._world = world
        self._camera = TownCamera(town, seed)
        self._color = self._camera.view(camera.width, camera.height, fov)
        self._classes = self._camera.view(columns, rows, fov)

    def color(self, map_from_camera: SE3, lights: Mapping[str, LightState] | None = None) -> NDArray[uint8]:
        """(H, W, 3) red, green, blue; `lights` are shown otherwise than they are, by id."""
        world = self._world.world
        shown = {**world.lights, **(lights or {})}
        return self._color.render(map_from_camera, world.bodies.values(), shown, hide=(self._world.ego_id,))

    def classes(self, map_from_camera: SE3) -> NDArray[uint8]:
        """(90, 160) CARLA's classes."""
        world = self._world.world
        hidden = (self._world.ego_id,)
        return self._classes.render_semantics(map_from_camera, world.bodies.values(), world.lights, hide=hidden)

    def close(self) -> None:
        """Give the renderer back."""
        self._camera.close()


def _route(town: Town, seed: int, length: float) -> PlannedRoute:
    """A random route; some draws of small towns give none."""
    from wam_ros.planning.route_planner import RoutePlanner

    planner, rng = RoutePlanner(town.lanes), random.Random(seed)
    for share in _SHORTER:
        with suppress(InputError):
            return planner.random_route(rng, share * length)
    return planner.random_route(rng, _SHORTER[-1] * length)
