"""The town's own vehicles and pedestrians, moved by SUMO, as bodies on the LaneGraph.

It knows clients' vehicles only as guests that SUMO's drivers see. One simulation per process: libsumo allows no more.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import libsumo

from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.bodies import Body
from wam_ros.carla_server.world.demand import Demand
from wam_ros.carla_server.world.guests import Guests
from wam_ros.carla_server.world.lights import LightProgram
from wam_ros.carla_server.world.trail import Trail
from wam_ros.carla_server.world.vehicle_types import WALKER_SIZE, sumo_definitions
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import wrap_angle
from wam_ros.core.scene import ActorKind

Pose = tuple[float, float, float]
STEP = 0.05  # s, of SUMO
_BRAKE_LIGHT = 8  # bit of SUMO's signals
_STEPS_PER_S = round(1.0 / STEP)
_HURRY = 2.5  # m/s, the fastest a pedestrian goes
_LOST = 20.0  # m; too far to hurry after
_TURN_SHARE = 0.25  # of the way to its new heading that a pedestrian turns in a step


class Traffic:
    """SUMO with its bodies.

    Args:
        town: Where.
        seed: Of everything that is drawn, SUMO's numbers too.
        vehicles, pedestrians: How many are kept on the way.
        next_id: Gives a new body id.

    Raises:
        WorldError: Another world runs in this process.

    """

    def __init__(self, town: Town, seed: int, vehicles: int, pedestrians: int, next_id: Callable[[], int]) -> None:
        if libsumo.isLoaded():
            msg = "another world runs in this process and libsumo allows one; close it, or use a process of its own"
            raise WorldError(msg)
        _start(town, seed)
        self._pieces = town.lane_map.pieces
        self._next_id = next_id
        self._demand = Demand(town.net, seed, vehicles, pedestrians)
        self.guests = Guests(town)
        self._trails: dict[str, Trail] = {}
        self._before: dict[str, Pose] = {}
        self._now: dict[str, Pose] = {}
        self._steps = 0
        self._shown_early = self._closed = False
        self.bodies: dict[str, Body] = {}
        self._demand.fill(())

    @staticmethod
    def programs() -> list[LightProgram]:
        """Those of the town's signals."""
        found = []
        for junction in libsumo.trafficlight.getIDList():
            logic = libsumo.trafficlight.getAllProgramLogics(junction)[0]
            phases = tuple((float(phase.duration), str(phase.state)) for phase in logic.phases)
            offset = float(libsumo.trafficlight.getParameter(junction, "offset"))
            found.append(LightProgram(junction, offset, phases))
        return found

    def step(self, lights: dict[str, str]) -> None:
        """Go on by `STEP` under these letters of each junction's lights."""
        for junction, letters in lights.items():
            libsumo.trafficlight.setRedYellowGreenState(junction, letters)
        self.guests.before_step()
        libsumo.simulationStep()
        self._steps += 1
        self.guests.after_step()
        if self._steps % _STEPS_PER_S == 0:
            self._demand.tend(self.guests.places())
        self._before, self._now = self._now, {}
        self._move_vehicles()
        self._move_pedestrians()

    def show(self, share: float) -> None:
        """Put the bodies this share of the last step before its end: for clients with a finer clock than ours."""
        if share == 0.0 and not self._shown_early:
            return
        self._shown_early = share > 0.0
        for name, body in self.bodies.items():
            x, y, yaw = self._now[name]
            old_x, old_y, old_yaw = self._before.get(name, (x, y, yaw))
            turned = yaw - share * float(wrap_angle(yaw - old_yaw))
            body.x, body.y, body.yaw = x - share * (x - old_x), y - share * (y - old_y), float(wrap_angle(turned))

    def clear(self, x: float, y: float, radius: float) -> None:
        """Take everybody within `radius` [m] of a place away; the demand brings others elsewhere."""
        for name, body in list(self.bodies.items()):
            if math.hypot(body.x - x, body.y - y) <= radius:
                self._demand.forget(name)
                self._trails.pop(name, None)
                del self.bodies[name]

    def close(self) -> None:
        """End the simulation; again does nothing."""
        if not self._closed:
            self._closed = True
            libsumo.close()

    def _move_vehicles(self) -> None:
        api, types = libsumo.vehicle, self._demand.types
        present = set()
        for name in api.getIDList():
            kind = types.get(name)
            piece = self._pieces.get(api.getLaneID(name)) if kind is not None else None
            if kind is None or piece is None:
                continue
            present.add(name)
            position, lateral = api.getLanePosition(name), api.getLateralLanePosition(name)
            front = piece.place(position, lateral)
            trail = self._trails.get(name)
            if trail is None or not trail.move(*front):
                back = range(math.ceil(kind.length) + 1, 0, -1)
                trail = Trail(kind.length, [*(piece.place(position - step, lateral) for step in back), front])
                self._trails[name] = trail
            x, y, yaw = trail.pose()
            body = self.bodies.get(name)
            if body is None:
                box = (kind.length, kind.width, kind.height)
                body = Body(self._next_id(), kind.kind, kind.type_id, *box, x, y, yaw, color=self._demand.colors[name])
                self.bodies[name] = body
            self._now[name] = (x, y, yaw)
            body.yaw_rate = float(wrap_angle(yaw - self._before.get(name, (x, y, yaw))[2])) / STEP
            body.x, body.y, body.yaw = x, y, yaw
            slope = piece.slope(position)
            body.speed, body.acceleration = slope * api.getSpeed(name), slope * api.getAcceleration(name)
            body.braking = bool(api.getSignals(name) & _BRAKE_LIGHT)
        for name in [name for name in self._trails if name not in present]:
            del self._trails[name], self.bodies[name]

    def _move_pedestrians(self) -> None:
        api = libsumo.person
        names = api.getIDList()
        for name in names:
            if name not in self._demand.walkers:
                continue
            x, y = self._within_reach(name, *api.getPosition(name))
            yaw = math.radians(90.0 - api.getAngle(name))
            body = self.bodies.get(name)
            if body is None:
                kind = self._demand.walkers[name]
                look = self._demand.colors[name]
                body = Body(self._next_id(), ActorKind.PEDESTRIAN, kind, *WALKER_SIZE, x, y, yaw, color=look)
                self.bodies[name] = body
            old_yaw = self._before.get(name, (x, y, yaw))[2]
            turn = _TURN_SHARE * float(wrap_angle(yaw - old_yaw))
            speed = api.getSpeed(name)
            body.acceleration, body.yaw_rate = (speed - body.speed) / STEP, turn / STEP
            self._now[name] = (x, y, float(wrap_angle(old_yaw + turn)))
            body.x, body.y, body.yaw = self._now[name]
            body.speed = speed
        self._drop_gone(names)

    def _within_reach(self, name: str, x: float, y: float) -> tuple[float, float]:
        """SUMO's pedestrians jump about a metre at the ends of crossings: ours hurry after them."""
        old_x, old_y, _ = self._before.get(name, (x, y, 0.0))
        distance = math.hypot(x - old_x, y - old_y)
        if distance <= _HURRY * STEP or distance > _LOST:
            return x, y
        share = _HURRY * STEP / distance
        return old_x + share * (x - old_x), old_y + share * (y - old_y)

    def _drop_gone(self, names: Sequence[str]) -> None:
        present = set(names)
        gone = [name for name in self.bodies if name not in self._trails and name not in present]
        for name in gone:
            del self.bodies[name]


def _start(town: Town, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        types = Path(folder) / "types.add.xml"
        types.write_text(sumo_definitions(), encoding="utf-8")
        libsumo.start(
            [
                *("sumo", "-n", str(town.net_path), "-a", str(types), "--seed", str(seed), "--step-length", str(STEP)),
                *("--no-warnings", "--no-step-log", "--collision.action", "none", "--time-to-teleport", "-1"),
                *("--lanechange.duration", "3", "--default.action-step-length", "0.25", "--step-method.ballistic"),
                *("--pedestrian.model", "striping", "--ignore-route-errors"),
            ]
        )
