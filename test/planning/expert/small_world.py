"""A small world for the expert alone: the one bicycle, the controller, and actors that move as a function of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from wam_ros.control import TrajectoryController
from wam_ros.core import (
    SE2,
    Actor,
    BicycleState,
    EgoState,
    KinematicBicycle,
    LaneGraph,
    Plan,
    Route,
    Scene,
    TrafficLight,
    Trajectory,
    VehicleDescription,
)
from wam_ros.core.resources import resource
from wam_ros.planning.expert import PrivilegedExpert

CAR = VehicleDescription.load(resource("config/vehicle/passenger_car.yaml"))
TICK = 0.05  # s
DELAY = 2  # ticks from a scene to the plan's effect
Others = Callable[[float], tuple[Actor, ...]]
Lights = Callable[[float], tuple[TrafficLight, ...]]


@dataclass
class Trace:
    """What was driven, every TICK."""

    poses: list[SE2] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    accelerations: list[float] = field(default_factory=list)
    steering: list[float] = field(default_factory=list)
    plans: list[Trajectory] = field(default_factory=list)

    @property
    def xy(self) -> np.ndarray:
        """(N, 2) of base_link [m]."""
        return np.array([(pose.x, pose.y) for pose in self.poses])

    @property
    def lateral_accelerations(self) -> np.ndarray:
        """(N,) [m/s^2]."""
        return np.array(self.speeds) ** 2 * np.tan(self.steering) / CAR.wheelbase


def ego_of(state: BicycleState, time: float) -> EgoState:
    """The bicycle's state as odometry tells it."""
    rate = state.speed * np.tan(state.steering_angle) / CAR.wheelbase
    return EgoState(
        round(time * 1e9),
        "map",
        state.pose,
        state.speed,
        state.acceleration,
        float(rate),
        lateral_acceleration=float(rate * state.speed),
    )


def nobody(_time: float) -> tuple[Actor, ...]:
    """An empty world."""
    return ()


def no_lights(_time: float) -> tuple[TrafficLight, ...]:
    """A world without lights."""
    return ()


def drive_small(
    lanes: LaneGraph,
    route: Route,
    start: SE2,
    seconds: float,
    speed: float = 0.0,
    others: Others = nobody,
    lights: Lights = no_lights,
    expert: PrivilegedExpert | None = None,
) -> Trace:
    """Drive: a plan each 0.1 s that takes effect 0.1 s later, the controller and the bicycle at 20 Hz."""
    expert = PrivilegedExpert(CAR) if expert is None else expert
    controller, bicycle = TrajectoryController(CAR), KinematicBicycle(CAR)
    state = BicycleState(start, speed)
    trace, waiting = Trace(), []
    plan: Plan | None = None
    for tick in range(round(seconds / TICK)):
        time = tick * TICK
        ego = ego_of(state, time)
        if tick % 2 == 0:
            scene = Scene(ego.stamp_ns, ego, others(time), lights(time))
            trace.plans.append(expert.plan(scene, lanes, route))
            waiting.append((tick + DELAY, Plan(trace.plans[-1], "expert")))
            if tick == 0:
                plan = waiting[0][1]
        while waiting and waiting[0][0] <= tick:
            plan = waiting.pop(0)[1]
        trace.poses.append(state.pose)
        trace.speeds.append(state.speed)
        trace.accelerations.append(state.acceleration)
        trace.steering.append(state.steering_angle)
        command = controller.control(ego, plan)
        state = bicycle.step(state, command.steering_angle, command.acceleration, TICK)
        state = replace(state, acceleration=0.0) if state.speed == 0.0 and state.acceleration < 0.0 else state
    return trace
