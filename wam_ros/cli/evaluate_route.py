"""One route of `wam evaluate closed-loop`, as a process of its own drives it: world, planner and pictures together."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from wam_ros.cli.compose import EmbeddedDrive
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.evaluation.result import Row
from wam_ros.evaluation.route_run import RouteParts, RouteSettings, drive_route
from wam_ros.evaluation.route_task import RouteTask
from wam_ros.planning.catalog import PlannerOptions, load_vehicle

PRELOAD = (
    "wam_ros.cli.evaluate_route",
    "wam_ros.cli.event_pictures",
    "wam_ros.carla_server.environment",
    "wam_ros.planning.route_planner",
    "wam_ros.planning.expert",
)
"""Imported once for all routes."""


@dataclass(frozen=True)
class RouteWork:
    """Drives a task; the same task gives the same row, but for wall times.

    Fields:
        planner: Its name.
        options: Of the planner.
        images: Whether the camera is drawn all the time; else only where something happens.
        vehicle: Name or file.
        rig: Sensors.
        vehicles, pedestrians: Of the traffic.
        route_length: About [m].
        settings: Of the drive.

    """

    planner: str
    options: PlannerOptions
    images: bool
    vehicle: str
    rig: Path
    vehicles: int
    pedestrians: int
    route_length: float
    settings: RouteSettings

    def __call__(self, task: RouteTask) -> Row:
        """Drive.

        Raises:
            WamError: There is no such route, or world or planner fail.

        """
        from wam_ros.carla_server.towns.town import Town
        from wam_ros.carla_server.world.world import WorldSettings
        from wam_ros.cli.event_pictures import EventPictures
        from wam_ros.planning.route_planner import RoutePlanner

        town, vehicle = Town.load(task.town), load_vehicle(self.vehicle)
        planned = RoutePlanner(town.lanes).random_route(random.Random(task.route_seed), self.route_length)
        traffic = WorldSettings(seed=task.traffic_seed, vehicles=self.vehicles, pedestrians=self.pedestrians)
        rig = SensorRig.load(self.rig)
        drive = EmbeddedDrive(town, traffic, vehicle, rig, planned, self.images)
        world = drive.environment()
        pictures = EventPictures(drive, world)
        try:
            planner = drive.planner(self.planner, self.options, world)
            parts = RouteParts(world, planner, vehicle, town.lanes, planned, pictures)
            return drive_route(task, parts, self.settings).as_row()
        finally:
            pictures.close()
            world.close()
