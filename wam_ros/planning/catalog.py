"""The planners by name, and the vehicle descriptions that ship with the package."""

from __future__ import annotations

from pathlib import Path

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError
from wam_ros.core.protocols import Planner
from wam_ros.core.resources import resource
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.planning.constant_velocity import ConstantVelocityPlanner
from wam_ros.planning.route_follower import RouteFollower

PLANNER_NAMES = ("constant_velocity", "route_follower")
DEFAULT_TARGET_SPEED = 13.9  # m/s, 50 km/h


def make_planner(name: str, vehicle: VehicleDescription, target_speed: float = DEFAULT_TARGET_SPEED) -> Planner:
    """The planner of that name; `target_speed` [m/s] is what the route follower seeks.

    Raises:
        ConfigError: There is no such planner; the text names the nearest.

    """
    match name:
        case "constant_velocity":
            return ConstantVelocityPlanner()
        case "route_follower":
            return RouteFollower(vehicle, target_speed)
    msg = f"planner: {unknown_key(name, PLANNER_NAMES)}"
    raise ConfigError(msg)


def load_vehicle(name_or_path: str) -> VehicleDescription:
    """A vehicle by its name under config/vehicle, or by the path of a YAML file.

    Raises:
        ConfigError: There is none of that name, or the file is wrong.

    """
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        return VehicleDescription.load(path)
    folder = resource("config/vehicle")
    shipped = sorted(file.stem for file in folder.glob("*.yaml"))
    if name_or_path not in shipped:
        msg = f"vehicle: {unknown_key(name_or_path, shipped)}; or give the path of a .yaml file"
        raise ConfigError(msg)
    return VehicleDescription.load(folder / f"{name_or_path}.yaml")
