"""One case of `wam evaluate starts`, as a process of its own drives it: the embedded world set up for it.

Lights are held by hand from the first image on: at green those of the own road green and the junction's others red, so
that nobody crosses; at red those of the own road red. The lead stands for a second, then drives off along the route.
"""

from __future__ import annotations

import math
import random
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wam_ros.cli.compose import EmbeddedDrive
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2
from wam_ros.core.observation import Observation
from wam_ros.core.scene import ActorKind, LightState, Scene
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription
from wam_ros.evaluation.result import Row
from wam_ros.evaluation.start_case import StartCase, StartDraw
from wam_ros.evaluation.start_run import LEAD_AWAY, StartParts, drive_start, is_case
from wam_ros.evaluation.start_task import StartKind, StartTask
from wam_ros.planning.catalog import PlannerOptions, load_vehicle

if TYPE_CHECKING:
    from wam_ros.carla_server.environment import EmbeddedEnvironment
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.carla_server.world.world import World

PRELOAD = (
    "wam_ros.cli.start_stage",
    "wam_ros.carla_server.environment",
    "wam_ros.carla_server.camera.town_camera",
    "wam_ros.planning.expert",
)
"""Imported once for all cases."""
_MOST_DRAWS = 40  # for one case
_FREE = 12.0  # m around what is ahead, where no traffic of the town stands
_LEAD_STANDS_S = 1.0
_LOOK_AHEAD = 6.0  # m, of the lead
_WHEELBASE_SHARE, _FRONT_SHARE = 0.59, 0.20  # of a vehicle's length


@dataclass(frozen=True)
class StartWork:
    """Drives a task; the same task gives the same row.

    Fields:
        planner: Its name.
        options: Of the planner.
        images: Whether the planner needs the camera.
        vehicle: Name or file.
        rig: Sensors.
        vehicles: Of the traffic.

    """

    planner: str
    options: PlannerOptions
    images: bool
    vehicle: str
    rig: Path
    vehicles: int

    def __call__(self, task: StartTask) -> Row:
        """Draw until the expert agrees that it is a case, then drive.

        Raises:
            WamError: There is no such case, or world or planner fail.

        """
        from wam_ros.carla_server.towns.town import Town
        from wam_ros.planning.expert import PrivilegedExpert

        town, vehicle = Town.load(task.town), load_vehicle(self.vehicle)
        places, expert = StartDraw(town.lanes, town.signals, vehicle), PrivilegedExpert(vehicle)
        for refused in range(_MOST_DRAWS):
            case = places.draw(task.kind, task.numbers(refused))
            drive = self._drive(town, vehicle, case)
            with closing(Stage(replace(drive, camera=False), case)) as trial:
                if not is_case(case, StartParts(trial, vehicle, town.lanes), expert):
                    continue
            with closing(Stage(drive, case)) as stage:
                planner = drive.planner(self.planner, self.options, stage.inner)
                return drive_start(task, case, StartParts(stage, vehicle, town.lanes), planner, refused).as_row()
        msg = f"{task.id}: the expert itself did not do what is asked in {_MOST_DRAWS} draws; lower --vehicles?"
        raise InputError(msg)

    def _drive(self, town: Town, vehicle: VehicleDescription, case: StartCase) -> EmbeddedDrive:
        from wam_ros.carla_server.world.world import WorldSettings

        traffic = WorldSettings(seed=case.world_seed, vehicles=self.vehicles, pedestrians=0)
        return EmbeddedDrive(town, traffic, vehicle, SensorRig.load(self.rig), case.planned, self.images)


class Stage:
    """The embedded world with its lights and its lead as a case wants them: a `StagedWorld`."""

    def __init__(self, drive: EmbeddedDrive, case: StartCase) -> None:
        self.inner: EmbeddedEnvironment = drive.environment()
        self._town = drive.town
        self._vehicle = drive.vehicle
        self._case = case
        self._lead: _Lead | None = None

    @property
    def tick_s(self) -> float:
        """Of the world's clock [s]."""
        return self.inner.tick_s

    @property
    def go(self) -> bool:
        """Whether there is reason to go by now: green from the start, or the lead has left."""
        if self._lead is not None:
            return self._lead.moved >= LEAD_AWAY
        return self._case.kind is StartKind.GREEN

    @property
    def collided(self) -> bool:
        """Whether the own vehicle has touched anybody."""
        return any(each.first == self.inner.ego_id for each in self.inner.collisions)

    def reset(self) -> Observation:
        """Start anew; what is seen has the lights and the lead in it."""
        self.inner.reset()
        self._hold_lights()
        self._lead = None
        if self._case.kind is StartKind.LEAD:
            self._lead = _Lead(self.inner.world, self._vehicle, self._case)
        return self.inner.observe()

    def ego(self) -> EgoState:
        """The own vehicle now."""
        return self.inner.ego()

    def observe(self) -> Observation:
        """What is seen now."""
        return self.inner.observe()

    def apply(self, command: VehicleCommand) -> bool:
        """Go on by one tick, the lead too."""
        if self._lead is not None:
            self._lead.drive()
        return self.inner.apply(command)

    def scene(self) -> Scene:
        """The truth around the ego."""
        return self.inner.scene()

    def close(self) -> None:
        """End the world."""
        self.inner.close()

    def _hold_lights(self) -> None:
        light = self._case.light
        if light is None:
            return
        world, road = self.inner.world, self._road(light.approach)
        x, y = light.stop_line.mean(axis=0)
        world.make_room(SE2(float(x), float(y), 0.0), _FREE)
        at_red = self._case.kind is StartKind.RED
        for signal in self._town.signals:
            if signal.approach in road:
                world.set_light(signal.id, LightState.RED if at_red else LightState.GREEN)
            elif not at_red and _junction(signal.id) == _junction(light.id):
                world.set_light(signal.id, LightState.RED)

    def _road(self, lane: str) -> frozenset[str]:
        """A lane and those beside it that go the same way."""
        lanes, found, waiting = self._town.lanes.lanes, set[str](), [lane]
        while waiting:
            name = waiting.pop()
            found.add(name)
            beside = (lanes[name].left, lanes[name].right)
            waiting += [other for other in beside if other is not None and other not in found]
        return frozenset(found)


class _Lead:
    """A vehicle that stands ahead of the ego and drives off along the ego's route."""

    def __init__(self, world: World, ego: VehicleDescription, case: StartCase) -> None:
        from wam_ros.carla_server.world.vehicle_types import COLORS, TRAFFIC

        assert case.lead_acceleration is not None
        numbers = random.Random(f"lead {case.world_seed}")
        cars = [kind for kind in TRAFFIC if kind.kind is ActorKind.VEHICLE]
        kind = numbers.choices(cars, [each.share for each in cars])[0]
        self._car = replace(
            ego,
            name=kind.type_id,
            width=kind.width,
            height=kind.height,
            wheelbase=_WHEELBASE_SHARE * kind.length,
            front_overhang=_FRONT_SHARE * kind.length,
            rear_overhang=(1.0 - _WHEELBASE_SHARE - _FRONT_SHARE) * kind.length,
        )
        self._world = world
        self._line = case.planned.route.line
        self._acceleration = case.lead_acceleration
        middle = ego.wheelbase + ego.front_overhang + case.distance + kind.length / 2.0
        x, y = self._line.position(middle)
        place = SE2(float(x), float(y), float(self._line.heading(middle)))
        world.make_room(place, _FREE)
        body = world.spawn_vehicle(kind.type_id, place, self._car, numbers.choice(COLORS))
        self._id, self._first, self._begun_ns = body.id, body.pose, world.time_ns

    @property
    def moved(self) -> float:
        """From where it stood [m]."""
        pose = self._world.bodies[self._id].pose
        return math.hypot(pose.x - self._first.x, pose.y - self._first.y)

    def drive(self) -> None:
        """The command until the next tick: stand, then go; pure pursuit of the route (see planning/pursuit)."""
        if self._world.time_ns - self._begun_ns < _LEAD_STANDS_S * NS_PER_S:
            self._world.drive(self._id, 0.0, -self._car.max_deceleration)
            return
        pose = self._world.ego_state(self._id).pose
        goal = self._line.position(self._line.project(pose.position).arc_length + _LOOK_AHEAD)
        ahead, left = pose.inverse().apply([goal])[0]
        curvature = 2.0 * float(left) / float(ahead**2 + left**2)
        self._world.drive(self._id, math.atan(self._car.wheelbase * curvature), self._acceleration)


def _junction(signal: str) -> str:
    """SUMO's signals are JUNCTION_LINK."""
    return signal.rpartition("_")[0]
