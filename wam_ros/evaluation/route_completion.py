"""How much of its route a drive has done, and when its time is up, by the rules of CARLA's leaderboard 2.x."""

from __future__ import annotations

import numpy as np

from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.metrics.infraction import EgoBox
from wam_ros.runtime.loop import DriveTick

_SPACING = 1.0  # m between the route's points
_WINDOW = 2  # points beyond the last one passed that are looked at
_NEARLY_ALL = 99.0  # percent
_AT_GOAL = 10.0  # m

_TIME = 300.0  # s, at first
_SLOWEST = 0.1  # of the speed limit; each metre done gives the time to drive it so slowly
_USUAL_LIMIT = 13.9  # m/s, where no lane is near


class RouteCompletion:
    """Passes the route's points one after the other; one is passed where the middle of the vehicle is beyond it.

    The goal is reached beyond 99 % and less than 10 m from the end.

    """

    def __init__(self, route: Route, vehicle: VehicleDescription) -> None:
        self._vehicle = vehicle
        line = route.line
        self._arc_lengths = np.append(np.arange(0.0, line.length, _SPACING), line.length)
        self._points = line.position(self._arc_lengths)
        headings = line.heading(self._arc_lengths)
        self._forward = np.stack([np.cos(headings), np.sin(headings)], axis=1)
        self._passed = 0

    @property
    def arc_length(self) -> float:
        """Of the last point passed [m]."""
        return float(self._arc_lengths[self._passed])

    @property
    def percent(self) -> float:
        """Of the route's length."""
        return 100.0 * self.arc_length / float(self._arc_lengths[-1])

    def on_tick(self, tick: DriveTick) -> str | None:
        """See what has been passed."""
        middle = EgoBox.of(tick.ego, self._vehicle).pose.position
        ahead = slice(self._passed, self._passed + _WINDOW + 1)
        beyond = np.einsum("ij,ij->i", self._forward[ahead], middle - self._points[ahead]) > 0.0
        if beyond.any():
            self._passed += int(np.flatnonzero(beyond)[-1])
        near = float(np.linalg.norm(middle - self._points[-1])) < _AT_GOAL
        return "goal" if near and self.percent > _NEARLY_ALL else None


class RouteTimeout:
    """Ends the drive when its time is up: 300 s, and more with each metre done."""

    def __init__(self, completion: RouteCompletion, lanes: LaneGraph) -> None:
        """Ask `completion`, which must be told of each tick before."""
        self._completion = completion
        self._lanes = lanes
        self._done = 0.0
        self._limit = _USUAL_LIMIT
        self._begun_ns: int | None = None
        self.allowed = _TIME

    def on_tick(self, tick: DriveTick) -> str | None:
        """Look at the time."""
        stamp_ns = tick.ego.stamp_ns
        self._begun_ns = stamp_ns if self._begun_ns is None else self._begun_ns
        step, self._done = self._completion.arc_length - self._done, self._completion.arc_length
        if step > 0.0:
            match = self._lanes.match(tick.ego.pose)
            self._limit = self._limit if match is None else match.lane.speed_limit
            self.allowed += step / (_SLOWEST * self._limit)
        return "time limit" if (stamp_ns - self._begun_ns) / NS_PER_S > self.allowed else None
