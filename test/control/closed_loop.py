"""A vehicle in closed loop with the controller: the bicycle with its lags, and plans cut from known motions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from wam_ros.control import PlanSchedule, TrackingReport, TrajectoryController
from wam_ros.core import (
    SE2,
    BicycleState,
    EgoState,
    KinematicBicycle,
    Plan,
    PlanStatus,
    Trajectory,
    VehicleCommand,
    VehicleDescription,
)
from wam_ros.core.geometry import Array
from wam_ros.core.timing import NS_PER_S

DT = 0.05
TIMES: Array = 0.5 * np.arange(1, 9, dtype=np.float64)
PoseAt = Callable[[float], tuple[float, float, float]]  # x, y, heading at a time
PlanMaker = Callable[[EgoState, float], Plan]


def ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)


def trajectory_of(pose_at: PoseAt, time: float, frame_id: str = "odom", times: Array = TIMES) -> Trajectory:
    """The waypoints of a motion, seen from `time` on."""
    step = 1e-3
    at = [np.array(pose_at(time + float(t))) for t in times]
    before = [np.array(pose_at(time + float(t) - step)) for t in times]
    after = [np.array(pose_at(time + float(t) + step)) for t in times]
    velocities = [(b - a) / (2.0 * step) for a, b in zip(before, after)]
    speeds = [float(np.hypot(v[0], v[1])) for v in velocities]
    return Trajectory(
        frame_id,
        ns(time),
        times,
        np.array([p[:2] for p in at]),
        np.array([p[2] for p in at]),
        np.array(speeds),
        np.zeros(len(at)),
        np.array([v[2] for v in velocities]),
    )


def plan_of(trajectory: Trajectory, status: PlanStatus = PlanStatus.FULL) -> Plan:
    return Plan(trajectory, "test", status, "" if status is PlanStatus.FULL else "test")


def standing_plan(stamp_ns: int, x: float = 0.0, y: float = 0.0, yaw: float = 0.0) -> Plan:
    zeros = np.zeros(8)
    return plan_of(Trajectory("odom", stamp_ns, TIMES, np.tile([x, y], (8, 1)), np.full(8, yaw), zeros, zeros, zeros))


def straight(speed: float) -> PoseAt:
    return lambda t: (speed * t, 0.0, 0.0)


def circle(radius: float, speed: float, side: int = 1) -> PoseAt:
    def pose_at(t: float) -> tuple[float, float, float]:
        angle = speed * t / radius
        return radius * math.sin(angle), side * radius * (1.0 - math.cos(angle)), side * angle

    return pose_at


def lane_change(speed: float, width: float = 3.5, begin: float = 2.0, duration: float = 4.0) -> PoseAt:
    """A quintic from one lane to the next."""

    def pose_at(t: float) -> tuple[float, float, float]:
        u = min(max((t - begin) / duration, 0.0), 1.0)
        y = width * u**3 * (10.0 - 15.0 * u + 6.0 * u * u)
        slope = width * 30.0 * u * u * (1.0 - u) ** 2 / duration
        return speed * t, y, math.atan2(slope, speed)

    return pose_at


def braking(speed: float, deceleration: float, begin: float = 0.0) -> PoseAt:
    """Straight on, then to a stop."""

    def pose_at(t: float) -> tuple[float, float, float]:
        u = min(max(t - begin, 0.0), speed / deceleration)
        return speed * min(t, begin) + speed * u - 0.5 * deceleration * u * u, 0.0, 0.0

    return pose_at


def starting(acceleration: float, top: float) -> PoseAt:
    """From a standstill, straight on."""

    def pose_at(t: float) -> tuple[float, float, float]:
        u = min(max(t, 0.0), top / acceleration)
        return 0.5 * acceleration * u * u + top * max(t - top / acceleration, 0.0), 0.0, 0.0

    return pose_at


@dataclass
class Drive:
    """What a closed loop gave, one entry a tick."""

    states: list[BicycleState] = field(default_factory=list)
    egos: list[EgoState] = field(default_factory=list)
    commands: list[VehicleCommand] = field(default_factory=list)
    reports: list[TrackingReport] = field(default_factory=list)

    def errors(self, pose_at: PoseAt) -> np.ndarray:
        """(T, 2) how far ahead of the planned place [m], how far left of it [m]."""
        found = []
        for ego in self.egos:
            x, y, yaw = pose_at(ego.stamp_ns / NS_PER_S)
            dx, dy = ego.pose.x - x, ego.pose.y - y
            found.append([math.cos(yaw) * dx + math.sin(yaw) * dy, math.cos(yaw) * dy - math.sin(yaw) * dx])
        return np.array(found)

    def values(self, name: str) -> np.ndarray:
        return np.array([getattr(state, name) for state in self.states])


def ego_of(state: BicycleState, time: float, vehicle: VehicleDescription) -> EgoState:
    """As odometry tells it: no acceleration."""
    rate = state.speed * math.tan(state.steering_angle) / vehicle.wheelbase
    return EgoState(ns(time), "odom", state.pose, state.speed, yaw_rate=rate)


def ackermann(command: VehicleCommand, speed: float, vehicle: VehicleDescription) -> float:
    """The acceleration that the world makes of a command."""
    limit = abs(float(np.float32(command.acceleration)))
    if limit == 0.0:
        limit = vehicle.max_deceleration
    return min(max(4.0 * (float(np.float32(command.speed)) - speed), -limit), limit)


def drive(
    controller: TrajectoryController,
    plans: PlanMaker,
    seconds: float,
    *,
    state: BicycleState | None = None,
    delay: float = 0.0,
    period: float = 0.1,
    vehicle: VehicleDescription | None = None,
) -> Drive:
    """Run a loop of ticks of 0.05 s; a plan is made each `period` and followed `delay` later."""
    car = controller.vehicle if vehicle is None else vehicle
    bicycle, schedule, found = KinematicBicycle(car), PlanSchedule(delay, period), Drive()
    now = BicycleState(SE2(0.0, 0.0, 0.0)) if state is None else state
    stride = round(period / DT)
    for back in range(round(delay / period), 0, -1):  # what was planned before the drive is seen
        schedule.add(plans(ego_of(now, 0.0, car), -back * period))
    for tick in range(round(seconds / DT)):
        time = tick * DT
        ego = ego_of(now, time, car)
        if tick % stride == 0:
            schedule.add(plans(replace(ego, acceleration=now.acceleration), time))  # planners filter it
        command = controller.control(ego, schedule.in_effect(ego.stamp_ns))
        assert controller.report is not None
        found.states.append(now)
        found.egos.append(ego)
        found.commands.append(command)
        found.reports.append(controller.report)
        now = bicycle.step(now, command.steering_angle, ackermann(command, now.speed, car), DT)
    return found


def fixed(pose_at: PoseAt, status: PlanStatus = PlanStatus.FULL) -> PlanMaker:
    """Plans cut from one motion, wherever the vehicle is."""
    return lambda _ego, time: plan_of(trajectory_of(pose_at, time), status)


def mirrored_ego(ego: EgoState) -> EgoState:
    return replace(
        ego,
        pose=SE2(ego.pose.x, -ego.pose.y, -ego.pose.yaw),
        yaw_rate=-ego.yaw_rate,
        lateral_speed=-ego.lateral_speed,
    )


def mirrored_plan(plan: Plan) -> Plan:
    path = plan.trajectory
    flipped = replace(
        path,
        positions=path.positions * [1.0, -1.0],
        headings=-path.headings,
        heading_rates=-path.heading_rates,
    )
    return replace(plan, trajectory=flipped)
