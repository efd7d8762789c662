"""The parameters of the node `carla_bridge`: one table, from which declarations, schema and YAML are made.

Run `python -m wam_ros.ros.carla_parameters` after a change of the table: it writes config/carla_bridge.param.yaml and
config/schema/carla_bridge.schema.json. A test holds the three equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wam_ros.carla_bridge.settings import ACTUATIONS, BridgeSettings, GoalRoute, RandomRoute
from wam_ros.core.errors import ConfigError
from wam_ros.core.resources import resource
from wam_ros.ros.parameter_table import Parameter, ParameterTable

_DEFAULT_RIG = "config/sensors/front_camera.yaml"
_BRIDGE = BridgeSettings()
ROUTES = ("random", "goal", "none")

PARAMETERS = (
    Parameter("host", _BRIDGE.host, "Of the CARLA server."),
    Parameter("port", _BRIDGE.port, "Of the CARLA server's RPC.", 1, 65535),
    Parameter("timeout_s", _BRIDGE.timeout_s, "The longest that one call to the server may take [s].", 0.1, 600.0),
    Parameter("role_name", _BRIDGE.role_name, "Of the vehicle to drive; topics are under /carla/ROLE_NAME/."),
    Parameter("town", _BRIDGE.town, "Loaded where the server shows another one; empty = whatever is there."),
    Parameter("tick_s", _BRIDGE.tick_s, "Length of a tick of the simulation [s].", 0.005, 0.1),
    Parameter("passive", _BRIDGE.passive, "Follow the ticks of another process, which owns the world's settings."),
    Parameter(
        "sensor_timeout_s", _BRIDGE.sensor_timeout_s, "The longest wait for a sensor that is due [s].", 0.05, 60.0
    ),
    Parameter("spawn", _BRIDGE.spawn, "Spawn the vehicle where none of that role is there; else wait for one."),
    Parameter("blueprint", _BRIDGE.blueprint, "Of a vehicle that is spawned."),
    Parameter(
        "spawn_index", _BRIDGE.spawn_index, "Which of the town's spawn points; random routes ignore it.", 0, 9999
    ),
    Parameter(
        "spawn_attempts", _BRIDGE.spawn_attempts, "Places (or random routes) to try while one is occupied.", 1, 1000
    ),
    Parameter(
        "actuation",
        _BRIDGE.actuation,
        "Ackermann control, or throttle, brake and steering for servers whose Ackermann control is poor.",
        choices=ACTUATIONS,
    ),
    Parameter("scene_radius", _BRIDGE.scene_radius, "How far around the vehicle the truth reaches [m].", 1.0, 10000.0),
    Parameter(
        "vehicle", "passenger_car", "Vehicle description: a name under config/vehicle or the path of a YAML file."
    ),
    Parameter("rig", "", "Path of the sensor rig's YAML file; empty = the one front camera of the package."),
    Parameter("map_frame", _BRIDGE.frame_id, "Frame of odometry, route and truth."),
    Parameter("base_frame", "base_link", "Frame of the rear axle's centre."),
    Parameter(
        "route",
        "random",
        "random: drawn with route_seed; goal: from where the vehicle is to goal_x, goal_y; none: whoever drives knows.",
        choices=ROUTES,
    ),
    Parameter("route_seed", 0, "Of a random route.", 0, 2**31 - 1),
    Parameter("route_length", 300.0, "About, of a random route [m].", 50.0, 100000.0),
    Parameter("goal_x", 0.0, "Of the goal, in the map frame: east [m].", -1e6, 1e6),
    Parameter("goal_y", 0.0, "Of the goal, in the map frame: north [m].", -1e6, 1e6),
    Parameter("stop_at_goal", True, "End the process when the goal is reached; otherwise go on."),
    Parameter("lockstep", True, "Tick, then wait for the command of that tick; otherwise tick in real time."),
    Parameter("command_timeout_s", 2.0, "Lockstep: brake where no command comes within this time [s].", 0.01, 600.0),
    Parameter("max_command_age_s", 0.5, "Not lockstep: brake where the newest command is older [s].", 0.01, 60.0),
    Parameter(
        "start_timeout_s",
        30.0,
        "Before the first tick wait this long for whoever commands and takes the images; 0 = do not wait [s].",
        0.0,
        3600.0,
    ),
    Parameter(
        "image_readers", 1, "How many must take the images before the first tick; 2 = a recorder besides.", 0, 100
    ),
    Parameter(
        "max_real_time_factor", 0.0, "Lockstep: not faster than this times real time; 0 = as fast as it goes.", 0.0, 1e3
    ),
    Parameter("reconnect", False, "After a failure connect again, waiting longer each time; otherwise end."),
)

TABLE = ParameterTable("carla_bridge", PARAMETERS)


@dataclass(frozen=True)
class BridgeConfig:
    """The parameters of the node, checked, in SI units."""

    settings: BridgeSettings
    vehicle: str
    rig: Path
    base_frame: str
    route: RandomRoute | GoalRoute | None
    stop_at_goal: bool
    lockstep: bool
    command_timeout_s: float
    max_command_age_s: float
    start_timeout_s: float
    image_readers: int
    max_real_time_factor: float
    reconnect: bool

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> BridgeConfig:
        """From all parameters by name.

        Raises:
            ConfigError: An unknown name, or a value that cannot be used; the text names it.

        """
        given = TABLE.checked(values)
        if not given["role_name"].isidentifier():
            msg = f"role_name = {given['role_name']!r}, wanted letters, digits and _ (it becomes part of topic names)"
            raise ConfigError(msg)
        routes: dict[str, RandomRoute | GoalRoute | None] = {
            "random": RandomRoute(given["route_seed"], given["route_length"]),
            "goal": GoalRoute(given["goal_x"], given["goal_y"]),
            "none": None,
        }
        same = (
            "host", "port", "timeout_s", "role_name", "town", "tick_s", "passive", "sensor_timeout_s", "spawn",
            "blueprint", "spawn_index", "spawn_attempts", "actuation", "scene_radius",
        )  # fmt: skip
        return cls(
            settings=BridgeSettings(**{name: given[name] for name in same}, frame_id=given["map_frame"]),
            vehicle=given["vehicle"],
            rig=Path(given["rig"]) if given["rig"] else resource(_DEFAULT_RIG),
            base_frame=given["base_frame"],
            route=routes[given["route"]],
            stop_at_goal=given["stop_at_goal"],
            lockstep=given["lockstep"],
            command_timeout_s=given["command_timeout_s"],
            max_command_age_s=given["max_command_age_s"],
            start_timeout_s=given["start_timeout_s"],
            image_readers=given["image_readers"],
            max_real_time_factor=given["max_real_time_factor"],
            reconnect=given["reconnect"],
        )


if __name__ == "__main__":
    TABLE.write()
