"""A straight road of 120 m as an environment, for drives without a town."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.observation import Observation, Route
from wam_ros.core.polyline import Polyline
from wam_ros.core.scene import Actor, ActorKind, Scene
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import BicycleState, KinematicBicycle, VehicleCommand
from wam_ros.planning.catalog import load_vehicle
from wam_ros.planning.route_planner import PlannedRoute

VEHICLE = load_vehicle("passenger_car")
LENGTH = 120.0
POINTS = np.stack([np.arange(0.0, LENGTH + 1.0), np.zeros(121)], axis=1)
LANES = LaneGraph("map", {"lane": Lane("lane", Polyline(POINTS), 3.5, 10.0)})
PLANNED = PlannedRoute(Route.from_points("map", POINTS), ("lane",), ())


@dataclass
class StraightRoad:
    """Nothing but the bicycle, and whoever stands on the road; it ends after `goal` metres."""

    speed: float = 0.0
    actors: tuple[Actor, ...] = ()
    goal: float = math.inf
    tick_s: float = 0.05
    ticks: int = 0
    commands: list[VehicleCommand] = field(default_factory=list)

    def reset(self) -> Observation:
        self.state = BicycleState(SE2(0.0, 0.0, 0.0), speed=self.speed)
        self.ticks = 0
        self.commands.clear()
        return self.observe()

    def ego(self) -> EgoState:
        stamp_ns = round(self.ticks * self.tick_s * NS_PER_S)
        return EgoState(stamp_ns, "map", self.state.pose, self.state.speed, self.state.acceleration)

    def observe(self) -> Observation:
        ego = self.ego()
        return Observation(ego.stamp_ns, ego, {}, PLANNED.route, "follow")

    def apply(self, command: VehicleCommand) -> bool:
        self.commands.append(command)
        self.state = KinematicBicycle(VEHICLE).step(
            self.state, command.steering_angle, command.acceleration, self.tick_s
        )
        self.ticks += 1
        return self.state.pose.x < self.goal

    def scene(self) -> Scene:
        return Scene(self.ego().stamp_ns, self.ego(), self.actors)

    def close(self) -> None:
        pass


def parked(x: float) -> Actor:
    """A car that stands in the way."""
    return Actor(7, ActorKind.VEHICLE, SE2(x, 0.0, 0.0), 4.5, 1.9, 1.5, 0.0)
