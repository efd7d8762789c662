"""Data types, geometry, vehicle and protocols: what every other layer speaks. numpy and transforms3d only."""

from wam_ros.core.camera import CameraImage, CameraModel, CanonicalCamera
from wam_ros.core.ego import EgoState, interpolate_ego
from wam_ros.core.errors import BagError, ConfigError, InputError, PlannerError, WamError
from wam_ros.core.geometry import SE2, SE3, wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.observation import Observation, Route
from wam_ros.core.plan import Candidate, Plan, PlanStatus, Trajectory
from wam_ros.core.polyline import Polyline
from wam_ros.core.protocols import Controller, Environment, Expert, Planner
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight
from wam_ros.core.timing import Deadline
from wam_ros.core.vehicle import BicycleState, KinematicBicycle, VehicleCommand, VehicleDescription

__all__ = [
    "SE2",
    "SE3",
    "Actor",
    "ActorKind",
    "BagError",
    "BicycleState",
    "CameraImage",
    "CameraModel",
    "Candidate",
    "CanonicalCamera",
    "ConfigError",
    "Controller",
    "Deadline",
    "EgoState",
    "Environment",
    "Expert",
    "InputError",
    "KinematicBicycle",
    "Lane",
    "LaneGraph",
    "LightState",
    "Observation",
    "Plan",
    "PlanStatus",
    "Planner",
    "PlannerError",
    "Polyline",
    "Route",
    "Scene",
    "TrafficLight",
    "Trajectory",
    "VehicleCommand",
    "VehicleDescription",
    "WamError",
    "interpolate_ego",
    "wrap_angle",
]
