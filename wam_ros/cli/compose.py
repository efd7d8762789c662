"""Puts a drive in process together: world, planner, controller, loop. `wam drive` and `wam bench world` share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wam_ros.core.protocols import Planner
from wam_ros.core.resources import resource
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning import Fallback, PlanMonitor
from wam_ros.planning.catalog import PRIVILEGED, PlannerOptions, make_planner
from wam_ros.planning.expert_planner import EnvironmentTruth, ExpertPlanner

if TYPE_CHECKING:
    from wam_ros.carla_server.environment import EmbeddedEnvironment
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.carla_server.world.world import WorldSettings
    from wam_ros.planning.route_planner import PlannedRoute
    from wam_ros.runtime.loop import DriveLoop, DriveObserver, LoopSettings

DEFAULT_RIG = "config/sensors/front_camera.yaml"


def default_rig() -> Path:
    """The rig that ships with the package."""
    return resource(DEFAULT_RIG)


@dataclass(frozen=True)
class EmbeddedDrive:
    """What a drive in process is made of.

    Fields:
        town: Where.
        settings: Traffic and its seed.
        vehicle: The own one.
        rig: Its sensors.
        planned: The route.
        camera: Whether images are drawn.

    """

    town: Town
    settings: WorldSettings
    vehicle: VehicleDescription
    rig: SensorRig
    planned: PlannedRoute
    camera: bool = True

    def environment(self) -> EmbeddedEnvironment:
        """The world; close it."""
        from wam_ros.carla_server.environment import EmbeddedEnvironment

        return EmbeddedEnvironment(self.town, self.settings, self.vehicle, self.rig, self.planned, camera=self.camera)

    def planner(self, name: str, options: PlannerOptions, world: EmbeddedEnvironment) -> Planner:
        """The planner of that name; the expert sees the truth of `world`."""
        if name != PRIVILEGED:
            return make_planner(name, self.vehicle, options)
        from wam_ros.planning.expert import PrivilegedExpert

        return ExpertPlanner(PrivilegedExpert(self.vehicle), EnvironmentTruth(world, self.town.lanes))

    def loop(
        self, world: EmbeddedEnvironment, planner: Planner, limits: LoopSettings, observers: Sequence[DriveObserver]
    ) -> DriveLoop:
        """The loop, ready to run; the planner is warmed up."""
        from wam_ros.control import TrajectoryController
        from wam_ros.runtime.checked_planner import CheckedPlanner
        from wam_ros.runtime.loop import DriveLoop

        planner.warm_up()
        checked = CheckedPlanner(planner, PlanMonitor(self.vehicle), Fallback(self.vehicle))
        return DriveLoop(world, checked, TrajectoryController(self.vehicle), limits, observers)
