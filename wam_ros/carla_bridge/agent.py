"""The agent for CARLA's leaderboard 2.0 and Bench2Drive: sensors in, carla.VehicleControl out.

The vehicle is localised by GNSS, compass, gyroscope and speedometer (`ego_filter`), the route is the global plan as
given, and the plan goes through monitor, fallback and controller as everywhere else. The leaderboard package is
subclassed where it is installed, otherwise the class stands alone with the same methods.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from wam_ros.carla_bridge.actuation import vehicle_control
from wam_ros.carla_bridge.agent_config import AgentConfig
from wam_ros.carla_bridge.agent_sensors import Readings, read_images, read_motion, sensor_list
from wam_ros.carla_bridge.carla_poses import transform_to_pose
from wam_ros.carla_bridge.ego_filter import EgoFilter
from wam_ros.carla_bridge.geo_reference import GeoReference
from wam_ros.control import TrajectoryController
from wam_ros.control.plan_schedule import PlanSchedule
from wam_ros.core.ego import EgoState
from wam_ros.core.observation import Observation, Route
from wam_ros.core.timing import NS_PER_S, Deadline
from wam_ros.planning import Fallback, PlanMonitor
from wam_ros.planning.catalog import PlannerOptions, load_vehicle, make_planner
from wam_ros.runtime.checked_planner import CheckedPlanner


def _leaderboard() -> tuple[Any, Any]:
    """The leaderboard's base class and our track; stand-ins where it is not installed."""
    try:
        module = importlib.import_module("leaderboard.autoagents.autonomous_agent")
    except ImportError:
        return object, "SENSORS"
    return module.AutonomousAgent, module.Track.SENSORS


_BASE, _TRACK = _leaderboard()
_FRAME = "map"
# By the number of agents.navigation.local_planner.RoadOption; lane changes and lane following are to follow the route.
_INSTRUCTIONS = {1: "left", 2: "right", 3: "straight"}
_ANNOUNCED = 40.0  # m before a manoeuvre from which on its instruction is given


def get_entry_point() -> str:
    """The leaderboard asks for the agent's class by name."""
    return "WamAgent"


class WamAgent(_BASE):  # type: ignore[misc, valid-type]  # known at import only
    """Drives with a planner of ours: setup, set_global_plan and sensors are called once, then run_step in each tick."""

    def setup(self, path_to_conf_file: str) -> None:
        """Load planner, vehicle and rig as the file says.

        Raises:
            ConfigError: The file or something that it names cannot be used.

        """
        self.track = _TRACK
        self._config = config = AgentConfig.load(path_to_conf_file)
        self._vehicle = vehicle = load_vehicle(config.vehicle)
        self._rig = config.load_rig()
        options = PlannerOptions(
            target_speed=config.target_speed, checkpoint=config.checkpoint, steps=config.decode_steps
        )
        planner = make_planner(config.planner, vehicle, options)
        planner.warm_up()
        self._planner = CheckedPlanner(planner, PlanMonitor(vehicle), Fallback(vehicle))
        self._controller = TrajectoryController(vehicle)
        self._filter = EgoFilter(_FRAME)
        self._schedule = PlanSchedule(config.planning_period, config.planning_period)
        self._next_plan_ns: int | None = None
        self._progress = 0.0
        self.ego: EgoState | None = None

    def sensors(self) -> list[dict[str, Any]]:
        """The rig's colour cameras, GNSS, IMU and speedometer."""
        return sensor_list(self._rig, self._vehicle)

    def set_global_plan(
        self,
        global_plan_gps: Sequence[tuple[Mapping[str, float], Any]],
        global_plan_world_coord: Sequence[tuple[Any, Any]],
    ) -> None:
        """Take the route: carla.Transforms with RoadOptions, and the same places by "lat" and "lon" in degrees.

        Raises:
            InputError: The two do not fit together, or are no route.

        """
        poses = [transform_to_pose(transform).to_se2() for transform, _ in global_plan_world_coord]
        xy = [(pose.x, pose.y) for pose in poses]
        geographic = [(float(place["lat"]), float(place["lon"])) for place, _ in global_plan_gps]
        self._reference = GeoReference.from_places(geographic, xy)
        self._route = Route.from_points(_FRAME, xy)
        self._start = xy[0]
        self._oriented = False
        self._manoeuvres = _manoeuvres(self._route, xy, [option for _, option in global_plan_world_coord])

    def run_step(self, input_data: Mapping[str, Any], timestamp: float) -> Any:
        """The carla.VehicleControl for this tick; `timestamp` is the simulator's time [s]."""
        stamp_ns = round(timestamp * NS_PER_S)
        self.ego = ego = self._localised(stamp_ns, read_motion(input_data))
        along = self._route.line.project(ego.pose.position, near=self._progress).arc_length
        self._progress = max(self._progress, along)
        if self._next_plan_ns is None or stamp_ns >= self._next_plan_ns:
            self._next_plan_ns = stamp_ns + round(self._config.planning_period * NS_PER_S)
            images = read_images(input_data, self._rig, stamp_ns)
            observation = Observation(stamp_ns, ego, images, self._route, self._instruction())
            self._schedule.add(self._planner.answer(observation, Deadline.after(self._config.budget)).plan)
        command = self._controller.control(ego, self._schedule.in_effect(stamp_ns))
        return vehicle_control(command, ego.speed, self._vehicle, math.radians(self._config.max_steering_deg))

    def destroy(self) -> None:
        """Forget the drive."""
        self._planner.reset()
        self._controller.reset()
        self._filter.reset()
        self._schedule.reset()

    def _localised(self, stamp_ns: int, readings: Readings) -> EgoState:
        if not self._oriented:
            self._reference = self._reference.towards(readings.geographic, self._start)
            self._oriented = True
        fix, heading = self._reference.to_map(*readings.geographic), readings.heading
        if heading is None and self.ego is None:
            heading = float(self._route.line.heading(0.5))  # the leaderboard starts along the route
        return self._filter.update(stamp_ns, fix, heading, readings.speed, readings.yaw_rate, readings.accelerations)

    def _instruction(self) -> str:
        for start, end, instruction in self._manoeuvres:
            if start - _ANNOUNCED <= self._progress <= end:
                return instruction
        return "follow"


def _manoeuvres(
    route: Route, xy: Sequence[tuple[float, float]], options: Sequence[Any]
) -> tuple[tuple[float, float, str], ...]:
    """Where along the route [m] something is to be done, from and to, in order."""
    found: list[tuple[float, float, str]] = []
    along = 0.0
    for place, option in zip(xy, options):
        along = route.line.project(place, near=along).arc_length
        instruction = _INSTRUCTIONS.get(int(getattr(option, "value", option)))
        if instruction is None:
            continue
        if found and found[-1][2] == instruction and along - found[-1][1] < _ANNOUNCED / 4.0:
            found[-1] = (found[-1][0], along, instruction)
        else:
            found.append((along, along, instruction))
    return tuple(found)
