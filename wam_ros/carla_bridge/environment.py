"""A CARLA server as an Environment: the driven world, a route through it, and how far along it we are."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

from wam_ros.carla_bridge.camera_images import rgb_image
from wam_ros.carla_bridge.connection import ServerGoneError
from wam_ros.carla_bridge.drive_progress import DriveProgress
from wam_ros.carla_bridge.driven_world import DrivenWorld
from wam_ros.carla_bridge.measurement import CollisionEvent, Measurement
from wam_ros.carla_bridge.settings import BridgeSettings, GoalRoute, RandomRoute
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError, WorldError
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Observation
from wam_ros.core.scene import Scene
from wam_ros.core.sensor_rig import SensorRig
from wam_ros.core.vehicle import VehicleCommand, VehicleDescription
from wam_ros.planning.route_planner import PlannedRoute, RoutePlanner

_CLOSED = "the CARLA environment is closed; call reset() first"
_RGB = "sensor.camera.rgb"

RouteChoice: TypeAlias = PlannedRoute | RandomRoute | GoalRoute | None


class CarlaEnvironment:
    """Implements core.protocols.Environment on a CARLA server, the embedded one or a real one.

    Nothing is connected before `reset`. A reset puts back what is ours only;
    other traffic goes on as the server has it.

    Args:
        settings: Which server, which vehicle.
        vehicle: Its description.
        rig: Its sensors.
        route: To drive; or how to choose one on the server's map; None = no route, and the drive never ends by itself.

    """

    def __init__(
        self, settings: BridgeSettings, vehicle: VehicleDescription, rig: SensorRig, route: RouteChoice = None
    ) -> None:
        self._settings = settings
        self._vehicle = vehicle
        self._rig = rig
        self._choice = route
        self._world: DrivenWorld | None = None
        self._measurement: Measurement | None = None
        self._scene: Scene | None = None
        self._drive = DriveProgress(None)

    # -- Environment

    @property
    def tick_s(self) -> float:
        """How far `apply` moves the world's clock [s]; in passive mode known after `reset` only."""
        return self._settings.tick_s if self._world is None else self._world.clock.tick_s

    def reset(self) -> Observation:
        """Connect, spawn or attach, wait for the sensors; whatever was there of ours before is gone.

        Raises:
            WorldError: The server, the vehicle or a sensor is not to be had; the text says what to do.
            InputError: There is no route as wanted.

        """
        self.close()
        try:
            self._world = DrivenWorld(self._settings, self._vehicle)
            self._begin(self._world)
        except BaseException:
            self.close()
            raise
        return self.observe()

    def ego(self) -> EgoState:
        """The own vehicle now."""
        return self.measurement.ego

    def observe(self) -> Observation:
        """Ego state, route, instruction, and the image of each colour camera that measured in this frame."""
        now = self.measurement
        cameras = (spec for spec in self._rig.cameras if spec.type == _RGB and spec.id in now.readings)
        return Observation(
            stamp_ns=now.stamp_ns,
            ego=now.ego,
            images={spec.id: rgb_image(now.readings[spec.id], spec, now.stamp_ns) for spec in cameras},
            route=None if self.planned is None else self.planned.route,
            instruction=self.instruction,
        )

    def apply(self, command: VehicleCommand) -> bool:
        """Go on by one tick under a command; False once the goal is reached.

        Raises:
            WorldError: The server is gone, or a sensor silent.

        """
        self.world.actuator.apply(command, self.measurement.ego.speed)
        return self.advance()

    def scene(self) -> Scene:
        """The privileged truth of this frame."""
        if self._scene is None:
            self._scene = self.world.scene(self.measurement)
        return self._scene

    def close(self) -> None:
        """Destroy what is ours, put the world's settings back. Never raises, bounded also when the server is gone."""
        world, self._world = self._world, None
        self._measurement = self._scene = None
        if world is not None:
            world.close()

    # -- more than an Environment

    def advance(self) -> bool:
        """Go on by one tick under whatever was applied last; False once the goal is reached."""
        self._take(self.world.tick())
        return not self.goal_reached

    @property
    def world(self) -> DrivenWorld:
        """What is driven in, between `reset` and `close`."""
        if self._world is None:
            raise WorldError(_CLOSED)
        return self._world

    @property
    def lanes(self) -> LaneGraph:
        """The town's lanes."""
        return self.world.lanes

    @property
    def measurement(self) -> Measurement:
        """All of this frame."""
        if self._measurement is None:
            raise WorldError(_CLOSED)
        return self._measurement

    @property
    def planned(self) -> PlannedRoute | None:
        """The route, known after `reset`."""
        return self._drive.planned

    @property
    def instruction(self) -> str | None:
        """Where to go at the next junction, as the route has it; None without a route."""
        return self._drive.instruction

    @property
    def progress(self) -> float:
        """Driven along the route [m]."""
        return self._drive.progress

    @property
    def collisions(self) -> tuple[CollisionEvent, ...]:
        """Collisions begun since `reset`."""
        return self._drive.collisions

    @property
    def goal_reached(self) -> bool:
        """Whether the end of the route is reached."""
        return self._drive.goal_reached

    def _begin(self, world: DrivenWorld) -> None:
        planned = self._choice if isinstance(self._choice, PlannedRoute) else None
        if not world.attach():
            planned = self._spawn(world)
        elif isinstance(self._choice, RandomRoute):
            msg = (
                f"a vehicle of role {self._settings.role_name!r} is there already, a random route begins elsewhere; "
                "destroy it or give a goal"
            )
            raise WorldError(msg)
        first = world.mount(self._rig)
        if isinstance(self._choice, GoalRoute):
            planned = RoutePlanner(world.lanes).route(first.ego.pose, (self._choice.x, self._choice.y))
        self._drive = DriveProgress(planned)
        self._take(first)

    def _spawn(self, world: DrivenWorld) -> PlannedRoute | None:
        """Put the vehicle at the first place that is free; the route from there."""
        refusal = WorldError("the town has no spawn points; give a route, whose start is then used")
        for place, planned in islice(self._places(world), self._settings.spawn_attempts):
            refused = _refused(world, place)
            if refused is None:
                return planned
            refusal = refused
        raise refusal

    def _places(self, world: DrivenWorld) -> Iterator[tuple[Any, PlannedRoute | None]]:
        """Where the vehicle may be spawned, with the route from there, the wanted place first."""
        if isinstance(self._choice, PlannedRoute):
            yield world.spawn_place(self._choice.start), self._choice
        elif isinstance(self._choice, RandomRoute):
            rng, planner = random.Random(self._choice.seed), RoutePlanner(world.lanes)
            while True:
                planned = planner.random_route(rng, self._choice.length)
                yield world.spawn_place(planned.start), planned
        else:
            points = world.spawn_points()
            if points and self._settings.spawn_index >= len(points):
                msg = f"spawn_index = {self._settings.spawn_index}, the town has {len(points)} spawn points"
                raise InputError(msg)
            for count in range(len(points)):
                yield points[(self._settings.spawn_index + count) % len(points)], None

    def _take(self, measurement: Measurement) -> None:
        self._measurement, self._scene = measurement, None
        self._drive.take(measurement)


def _refused(world: DrivenWorld, place: Any) -> WorldError | None:
    """Spawn the vehicle; why the server would not, or None."""
    try:
        world.spawn(place)
    except ServerGoneError:
        raise
    except WorldError as err:
        return err
    return None
