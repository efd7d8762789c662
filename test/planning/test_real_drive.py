"""Baselines and monitor on a real drive (KITTI, 12 m/s, nearly straight)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from wam_ros.core import SE2, Deadline, EgoState, Observation, Plan, Planner, Route, Trajectory, VehicleDescription
from wam_ros.planning import ConstantVelocityPlanner, Horizon, PlanMonitor, RouteFollower


def drive(folder: Path) -> list[Observation]:
    """The left camera's motion in the plane, forward x and left y, as if it were base_link's."""
    poses = np.loadtxt(folder / "poses.txt").reshape(-1, 3, 4)
    positions = np.column_stack([poses[:, 2, 3], -poses[:, 0, 3]])
    headings = -np.arctan2(poses[:, 0, 2], poses[:, 2, 2])
    distances = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(positions, axis=0), axis=1)))
    speeds = np.gradient(distances, 0.1)
    accelerations, rates = np.gradient(speeds, 0.1), np.gradient(headings, 0.1)
    end = positions[-1] - positions[-4]
    beyond = positions[-1] + end / np.linalg.norm(end) * np.arange(2.0, 61.0, 2.0)[:, None]
    route = Route.from_points("odom", np.concatenate([positions, beyond]))
    egos = [
        EgoState(index * 100_000_000, "odom", SE2(*map(float, (*place, heading))), *map(float, motion))
        for index, (place, heading, *motion) in enumerate(zip(positions, headings, speeds, accelerations, rates))
    ]
    return [Observation(ego.stamp_ns, ego, route=route) for ego in egos]


def test_the_monitor_accepts_what_a_real_car_drove(kitti_folder: Path, vehicle: VehicleDescription):
    observations = drive(kitti_folder)
    for index in range(11):
        future = [observation.ego.pose for observation in observations[index + 5 : index + 41 : 5]]
        positions = np.array([pose.position for pose in future])
        ego = observations[index].ego
        for headings in (None, np.array([pose.yaw for pose in future])):
            path = Trajectory.from_waypoints(ego, Horizon().times, positions, headings)
            assert PlanMonitor(vehicle).check(Plan(path, "driven"), observations[index]) == ()


def test_the_baselines_are_accepted_and_near_the_truth(kitti_folder: Path, vehicle: VehicleDescription):
    observations = drive(kitti_folder)
    planners: list[tuple[Planner, float]] = [(ConstantVelocityPlanner(), 0.5), (RouteFollower(vehicle, 12.0), 0.25)]
    for planner, limit in planners:
        errors = []
        for index, observation in enumerate(observations):
            plan = planner.plan(observation, Deadline.unlimited())
            assert PlanMonitor(vehicle).check(plan, observation) == ()
            if index <= 10:
                truth = [later.ego.pose.position for later in observations[index + 5 : index + 41 : 5]]
                errors.append(np.linalg.norm(plan.trajectory.positions - truth, axis=1).mean())
        assert np.mean(errors) < limit
