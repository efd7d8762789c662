"""The privileged expert: from the truth of a scene to a plan of 4 s, from any pose. It remembers nothing.

The way first (`merge`), then who comes in that way and when (`prediction`, `occupancy`), then the motion along it that
gives way where it must (`giving_way`, `motion`). What is kept between calls is geometry of lanes and routes only, so
the same scene, lanes and route give the same plan.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.plan import Trajectory
from wam_ros.core.scene import Scene
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning.expert.course import STEP, Course, Place
from wam_ros.planning.expert.detour import around
from wam_ros.planning.expert.giving_way import give_way
from wam_ros.planning.expert.merge import MergePath, merge
from wam_ros.planning.expert.motion import envelope
from wam_ros.planning.expert.road import Road
from wam_ros.planning.expert.settings import ExpertSettings
from wam_ros.planning.expert.situation import Situation
from wam_ros.planning.speed_profile import Motion
from wam_ros.planning.stop import comfortable_stop

_KEPT_ROADS = 2
_KEPT_COURSES = 16
_MAX_ROLL_BACK = 0.3  # m/s
_LOOK_AHEAD = 8.0  # s
_MIN_REACH = 20.0  # m
_MAX_REACH = 110.0  # m
_OFF = 0.7  # m from the course, from where on the ego slows down
_ASKEW = 0.12  # rad, likewise
_SLIGHTLY_OFF_SPEED = 13.0  # m/s
_RECOVERY_SPEED = 3.0  # m/s, far off
_MERGING_SLACK = 1.15  # on lateral acceleration, while getting back


class _Key(NamedTuple):
    """What a course depends on."""

    road: int
    points: bytes


class PrivilegedExpert:
    """Plans from truth, for one vehicle."""

    def __init__(self, vehicle: VehicleDescription, settings: ExpertSettings | None = None) -> None:
        self.vehicle = vehicle
        self.settings = ExpertSettings() if settings is None else settings
        self._roads: OrderedDict[int, Road] = OrderedDict()
        self._courses: OrderedDict[_Key, Course] = OrderedDict()

    def plan(self, scene: Scene, lanes: LaneGraph, route: Route) -> Trajectory:
        """A plan in the frame of `scene.ego`, which must be that of the lanes and the route.

        Raises:
            InputError: The frames differ.

        """
        ego = scene.ego
        for what, frame in (("lanes", lanes.frame_id), ("route", route.frame_id)):
            if frame != ego.frame_id:
                msg = f"{what} in frame {frame!r}, ego state in {ego.frame_id!r}"
                raise InputError(msg)
        horizon = self.settings.horizon
        if ego.speed < -_MAX_ROLL_BACK:
            return comfortable_stop(ego, self.vehicle, horizon)
        ego = replace(ego, speed=min(max(ego.speed, 0.0), self.vehicle.max_speed))
        road = self._road(lanes)
        course = around(self._course(road, route), scene.actors)
        place = course.place(ego.pose)
        path, highest = self._way(ego, course, place)
        situation = Situation(self.vehicle, self.settings, road, course, place, path, highest, scene)
        drive = give_way(situation)
        distances, speeds, accelerations = drive.at(horizon.times)
        return path.path.trajectory(ego, horizon.times, Motion(distances, speeds, accelerations))

    def _way(self, ego: EgoState, course: Course, place: Place) -> tuple[MergePath, Array]:
        """The path and the highest speed at each of its nodes."""
        count = math.ceil(_MAX_REACH / STEP)
        index = min(place.station, len(course.caps) - 1)
        caps = course.caps[index : index + count]
        caps = np.append(caps, np.full(count - len(caps), caps[-1]))
        astray = max(abs(place.lateral) - _OFF, 0.0) * 3.0 + max(abs(place.heading_error) - _ASKEW, 0.0) * 10.0
        if astray > 0.0:
            caps = np.minimum(caps, max(_SLIGHTLY_OFF_SPEED - astray, _RECOVERY_SPEED))
        gained = np.sqrt(ego.speed**2 + 2.0 * self.settings.acceleration * STEP * np.arange(count))
        fastest = np.maximum(envelope(caps, self.settings.deceleration), 0.5)
        expected = np.minimum(np.maximum(fastest, self._braked(ego, count)), np.maximum(gained, 0.5))
        durations = np.cumsum(STEP / expected)
        steps = int(np.searchsorted(durations, _LOOK_AHEAD)) + 4
        steps = min(max(steps, math.ceil(_MIN_REACH / STEP)), count)
        lateral = self.settings.lateral_acceleration
        path = merge(self.vehicle, lateral, ego, course, place, expected[:steps].tolist())
        at = np.clip(path.stations / STEP, 0, len(course.caps) - 1).astype(int)
        bends = np.sqrt(_MERGING_SLACK * lateral / np.maximum(np.abs(path.path.curvatures), 1e-4))
        return path, np.minimum(np.minimum(course.caps[at], caps[:steps]), bends)

    def _braked(self, ego: EgoState, count: int) -> Array:
        """Speed at each step under comfortable braking: a cap that comes too soon is not met at once."""
        squares = ego.speed**2 - 2.0 * self.settings.deceleration * STEP * np.arange(count)
        slowest: Array = np.sqrt(np.maximum(squares, 0.0))
        return slowest

    def _road(self, lanes: LaneGraph) -> Road:
        known = self._roads.get(id(lanes))
        if known is None or known.lanes is not lanes:  # a Road keeps its lanes alive, so ids cannot be taken anew
            known = self._roads[id(lanes)] = Road(lanes)
            while len(self._roads) > _KEPT_ROADS:
                self._roads.popitem(last=False)
        return known

    def _course(self, road: Road, route: Route) -> Course:
        key = _Key(id(road), route.line.points.tobytes())
        known = self._courses.get(key)
        if known is None or known.road is not road:
            known = self._courses[key] = Course.of(road, route, self.settings)
            while len(self._courses) > _KEPT_COURSES:
                self._courses.popitem(last=False)
        return known
