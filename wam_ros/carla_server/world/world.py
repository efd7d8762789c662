"""The embedded world: a town, its traffic and lights, and the vehicles of clients. It knows no wire and no camera."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from wam_ros.carla_server.towns.buildings import Building
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.bodies import Body, Collision
from wam_ros.carla_server.world.clients import Clients
from wam_ros.carla_server.world.crash import Crashes
from wam_ros.carla_server.world.dynamics import AckermannDrive, Drive, rounded
from wam_ros.carla_server.world.lights import LightBoard, LightTimes
from wam_ros.carla_server.world.traffic import STEP, Traffic
from wam_ros.carla_server.world.vehicle_types import Color
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import ConfigError, WorldError
from wam_ros.core.geometry import SE2
from wam_ros.core.scene import Actor, LightState, Scene, TrafficLight
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleDescription

MAX_STEP = 0.2  # s
_FIRST_ID = 1000
_STEP_NS = round(STEP * NS_PER_S)
FRAME = "map"


@dataclass(frozen=True)
class WorldSettings:
    """What is in the world.

    Fields:
        seed: Of everything that is drawn.
        vehicles, pedestrians: Kept on the way in the town's traffic.
        warm_up_s: The traffic runs this long before time 0 [s].

    """

    seed: int = 0
    vehicles: int = 25
    pedestrians: int = 15
    warm_up_s: float = 20.0

    def __post_init__(self) -> None:
        if self.vehicles < 0 or self.pedestrians < 0 or not 0.0 <= self.warm_up_s <= 3600.0:
            msg = (
                f"vehicles {self.vehicles}, pedestrians {self.pedestrians}, warm-up {self.warm_up_s} s: "
                "wanted 0 or more, and at most an hour"
            )
            raise ConfigError(msg)


class World:
    """A world at one moment; `step` moves it on. One per process at a time.

    Its bodies are by id, from 1000 up, in the order of appearance. The same town, settings and calls give the same
    motion.

    Raises:
        WorldError: Another world runs in this process.

    """

    def __init__(self, town: Town, settings: WorldSettings | None = None) -> None:
        self.town = town
        self.settings = WorldSettings() if settings is None else settings
        self.frame = 0
        self._time_ns = self._traffic_ns = 0
        self._last_id = _FIRST_ID - 1
        self.bodies: dict[int, Body] = {}
        self._crashes = Crashes(town)
        chosen = self.settings
        self._traffic = Traffic(town, chosen.seed, chosen.vehicles, chosen.pedestrians, self._next_id)
        self._lights = LightBoard(self._traffic.programs(), (signal.id for signal in town.signals))
        self._clients = Clients(self._traffic.guests, self._crashes, self._next_id)
        self._signals = _Signals(town)
        for _ in range(round(chosen.warm_up_s / STEP)):
            self._traffic.step(self._lights.letters)
            self._lights.step(STEP)
        self._gather()

    @property
    def time(self) -> float:
        """Since the start [s]."""
        return self._time_ns / NS_PER_S

    @property
    def time_ns(self) -> int:
        """Since the start [ns]."""
        return self._time_ns

    @property
    def lights(self) -> Mapping[str, LightState]:
        """What each signal shows, by its id in the OpenDRIVE map."""
        return MappingProxyType(self._lights.states)

    def light_times(self, signal_id: str) -> LightTimes:
        """How long a signal's program shows what."""
        return self._lights.times(signal_id)

    def set_light(self, signal_id: str, state: LightState) -> None:
        """Show this until released; the other lights of the junction go on, whatever comes of it."""
        self._lights.set(signal_id, state)

    def release_light(self, signal_id: str) -> None:
        """Go on with the program."""
        self._lights.release(signal_id)

    def freeze_lights(self, frozen: bool) -> None:
        """Stop or go on with the programs of all lights."""
        self._lights.freeze(frozen)

    def step(self, dt: float = STEP) -> tuple[Collision, ...]:
        """Move on by `dt` [s] and tell who touched whom.

        Raises:
            WorldError: `dt` is not in (0, 0.2].

        """
        if not 0.0 < dt <= MAX_STEP:
            msg = f"step of {dt} s, wanted more than 0 and at most {MAX_STEP} s"
            raise WorldError(msg)
        parts = math.ceil(dt / STEP - 1e-6)
        end_ns = self._time_ns + round(dt * NS_PER_S)
        collisions: dict[tuple[int, int], Collision] = {}
        for part in range(parts):
            until_ns = end_ns - round((parts - 1 - part) * dt / parts * NS_PER_S)
            for collision in self._step_part((until_ns - self._time_ns) / NS_PER_S, until_ns):
                collisions[collision.first, collision.second] = collision
        self.frame += 1
        return tuple(collisions.values())

    def spawn_vehicle(
        self, type_id: str, pose: SE2, description: VehicleDescription | None = None, color: Color | None = None
    ) -> Body:
        """A client's vehicle, standing.

        Args:
            type_id: CARLA's blueprint id.
            pose: Middle of its box.
            description: Size and limits; default: the passenger car of config/vehicle.
            color: Its paint.

        Raises:
            WorldError: Something is there already.

        """
        return self._added(self._clients.spawn_vehicle(self.bodies, type_id, pose, description, color))

    def spawn_pedestrian(self, type_id: str, pose: SE2) -> Body:
        """A client's pedestrian, standing; it goes where `walk` says, through everything.

        Raises:
            WorldError: Something is there already.

        """
        return self._added(self._clients.spawn_pedestrian(self.bodies, type_id, pose))

    def spawn_prop(self, type_id: str, pose: SE2, size: tuple[float, float, float]) -> Body:
        """A thing of length, width and height [m] that stands in the way.

        Raises:
            WorldError: Something is there already.

        """
        return self._added(self._clients.spawn_prop(self.bodies, type_id, pose, size))

    def make_room(self, pose: SE2, radius: float) -> None:
        """Take the town's own vehicles and pedestrians within `radius` [m] elsewhere."""
        self._traffic.clear(pose.x, pose.y, radius)
        self._gather()

    def remove(self, body_id: int) -> bool:
        """Take away what a client put there; False if there is no such thing."""
        if not self._clients.remove(body_id):
            return False
        del self.bodies[body_id]
        return True

    def drive(self, body_id: int, steering_angle: float, acceleration: float) -> None:
        """Hold this steering angle [rad], left positive, and wanted acceleration [m/s^2] until told otherwise.

        Numbers are rounded to 32 bit, as the wire carries them.

        Raises:
            WorldError: There is no such vehicle of a client, or a number is not finite.

        """
        self._clients.vehicle(body_id).command = Drive(rounded(steering_angle), rounded(acceleration))

    def drive_ackermann(self, body_id: int, steering_angle: float, speed: float, acceleration: float) -> None:
        """Hold this steering angle [rad] and go for this speed [m/s] until told otherwise.

        Wanted acceleration = clip(4/s (speed - own speed), +-|acceleration|); 0 = no limit but the vehicle's. Numbers
        are rounded to 32 bit, as the wire carries them.

        Raises:
            WorldError: There is no such vehicle of a client, or a number is not finite.

        """
        command = AckermannDrive(rounded(steering_angle), rounded(speed), rounded(acceleration))
        self._clients.vehicle(body_id).command = command

    def set_reverse(self, body_id: int, backwards: bool) -> None:
        """Change the gear of a client's vehicle as soon as it stands; a positive acceleration then goes backwards."""
        self._clients.vehicle(body_id).reverse(backwards)

    def teleport(self, body_id: int, pose: SE2) -> None:
        """Put the middle of a client's body somewhere, whatever is there.

        Raises:
            WorldError: There is no such body of a client.

        """
        self._clients.teleport(body_id, pose)

    def set_speed(self, body_id: int, speed: float) -> None:
        """Give a client's vehicle a speed along its heading [m/s], negative = backwards."""
        self._clients.vehicle(body_id).set_speed(speed)

    def walk(self, body_id: int, direction_yaw: float, speed: float) -> None:
        """Have a client's pedestrian go in a direction [rad] at a speed [m/s] until told otherwise."""
        self._clients.walk(body_id, direction_yaw, speed)

    def set_physics(self, body_id: int, enabled: bool) -> None:
        """Without physics a client's vehicle stays where it is put."""
        self._clients.vehicle(body_id).physics = enabled

    @property
    def buildings(self) -> tuple[Building, ...]:
        """The houses that vehicles collide with."""
        return self._crashes.buildings

    def ego_state(self, body_id: int, vehicle: VehicleDescription | None = None) -> EgoState:
        """Motion of base_link (rear axle) of a body, which is described by `vehicle` if it is none of a client.

        Raises:
            WorldError: There is no such body.

        """
        body = self.bodies.get(body_id)
        if body is None:
            msg = f"no body {body_id} in the world"
            raise WorldError(msg)
        back = self._clients.rear_axle_to_center(body_id)
        if back is None:
            back = 0.25 * body.length if vehicle is None else vehicle.rear_axle_to_center
        pose = body.pose @ SE2(-back, 0.0, 0.0)
        lateral = body.speed * body.yaw_rate
        motion = (body.speed, body.acceleration, body.yaw_rate)
        return EgoState(self._time_ns, FRAME, pose, *motion, lateral_acceleration=lateral)

    def scene(self, ego_id: int, vehicle: VehicleDescription, radius: float = 100.0) -> Scene:
        """The truth within `radius` [m] of a body, as its driver may be told it; frame "map".

        Raises:
            WorldError: There is no such body.

        """
        ego = self.ego_state(ego_id, vehicle)
        x, y = ego.pose.x, ego.pose.y
        actors = tuple(
            Actor(body.id, body.kind, body.pose, body.length, body.width, body.height, body.speed)
            for body in self.bodies.values()
            if body.id != ego_id and math.hypot(body.x - x, body.y - y) <= radius
        )
        return Scene(self._time_ns, ego, actors, self._signals.near(x, y, radius, self._lights.states))

    def close(self) -> None:
        """End the simulation; another world may begin then."""
        self._traffic.close()

    def _step_part(self, dt: float, until_ns: int) -> list[Collision]:
        before = self._clients.step(dt)
        while self._traffic_ns < until_ns:
            self._traffic.step(self._lights.letters)
            self._lights.step(STEP)
            self._traffic_ns += _STEP_NS
        self._time_ns = until_ns
        self._traffic.show((self._traffic_ns - until_ns) / _STEP_NS)
        self._gather()
        return self._crashes.resolve(self._clients.vehicles, before, self.bodies)

    def _gather(self) -> None:
        """All bodies by id."""
        town = self._traffic.bodies
        self.bodies = {body.id: body for body in (*town.values(), *self._clients.bodies.values())}

    def _added(self, body: Body) -> Body:
        self.bodies[body.id] = body
        return body

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id


class _Signals:
    """The town's signals as lights of a scene."""

    def __init__(self, town: Town) -> None:
        self._places = [(signal, signal.stop_line.mean(axis=0).tolist()) for signal in town.signals]
        self._made: dict[tuple[str, LightState], TrafficLight] = {}

    def near(self, x: float, y: float, radius: float, states: Mapping[str, LightState]) -> tuple[TrafficLight, ...]:
        found = []
        for signal, (at_x, at_y) in self._places:
            if math.hypot(at_x - x, at_y - y) <= radius:
                key = (signal.id, states[signal.id])
                if key not in self._made:
                    self._made[key] = TrafficLight(signal.id, key[1], signal.controlled, signal.stop_line)
                found.append(self._made[key])
        return tuple(found)
