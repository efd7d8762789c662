"""All that the expert decides from at one moment, with places of the course told along the path."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import Array
from wam_ros.core.scene import Scene
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning.expert.course import STEP, Course, Junction, Place
from wam_ros.planning.expert.merge import MergePath
from wam_ros.planning.expert.road import Road
from wam_ros.planning.expert.settings import ExpertSettings


@dataclass(frozen=True, eq=False)
class Situation:
    """One moment.

    Fields:
        vehicle: The ego.
        settings: How to drive.
        road: The lanes.
        course: The route.
        place: Of the ego on the course.
        path: The way.
        caps: (N,) highest speed at its nodes [m/s].
        scene: The truth.

    """

    vehicle: VehicleDescription
    settings: ExpertSettings
    road: Road
    course: Course
    place: Place
    path: MergePath
    caps: Array
    scene: Scene
    front: float = field(init=False)  # m from base_link to the front bumper
    junctions: tuple[Junction, ...] = field(init=False)  # those within reach

    def __post_init__(self) -> None:
        first, last = float(self.path.stations[0]), float(self.path.stations[-1])
        near = tuple(one for one in self.course.junctions if one.leave > first - 5.0 and one.enter < last + 5.0)
        object.__setattr__(self, "front", self.vehicle.wheelbase + self.vehicle.front_overhang)
        object.__setattr__(self, "junctions", near)

    @property
    def ego(self) -> EgoState:
        """Its state."""
        return self.scene.ego

    def stop_before(self, gap: float) -> float:
        """How far to drive to stop `stop_margin` before a place that lies `gap` ahead of the front [m], at least 0.

        Nearer to it where comfortable braking does not do, up to half of the gap. Who stands within the margin stays:
        a share of the gap alone would have it creep up to the line by halves.
        """
        braking = max(self.ego.speed, 0.0) ** 2 / (2.0 * self.settings.deceleration)
        return max(gap - self.settings.stop_margin, min(0.5 * gap, braking), 0.0)

    def along(self, station: float) -> float:
        """Arc length of the path at a station of the course [m]; negative where it lies behind."""
        stations = self.path.stations
        if station <= stations[0]:
            return station - float(stations[0])
        if station >= stations[-1]:
            return STEP * (len(stations) - 1) + station - float(stations[-1])
        return float(np.interp(station, stations, STEP * np.arange(len(stations))))
