"""Draws places to start from: before a traffic light or behind another vehicle, with a way on. Knows no world."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2, wrap_angle
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.evaluation.start_task import StartKind
from wam_ros.planning.route_planner import PlannedRoute, RoutePlanner

if TYPE_CHECKING:
    from wam_ros.maps.signals import Signal  # it needs carla

_GREEN_DISTANCE = (1.0, 12.0)  # m, front bumper before the stop line
_RED_DISTANCE = (1.0, 8.0)  # m, likewise
_GAP = (3.0, 7.0)  # m, bumper to bumper
_LEAD_ACCELERATION = (1.2, 2.2)  # m/s^2
_LEAD_ROOM = 35.0  # m of road before the ego's front where no light follows: the lead drives there
_LIGHT_ROOM = 15.0  # m likewise, up to a light that is green
_BEHIND = 1.0  # m of road behind the rear bumper
_ONWARD = 60.0  # m of way after the lane of the start, at least
_AFTER_JUNCTION = 10.0  # m, of the way's end
_TRIES = 200
_TURN = np.radians(30.0)


@dataclass(frozen=True, eq=False)
class StartCase:
    """Where the vehicle stands and why; lengths in m.

    Fields:
        kind: Of case.
        planned: From its place at rest through what is ahead.
        light: That holds for its way; None = there is none.
        distance: Front bumper to the stop line, or to the lead's rear bumper.
        lead_acceleration: With which the lead leaves [m/s^2]; None = there is no lead.
        world_seed: Of traffic, look and daylight.

    """

    kind: StartKind
    planned: PlannedRoute
    light: Signal | None
    distance: float
    lead_acceleration: float | None
    world_seed: int


class StartDraw:
    """Draws cases in one town.

    Args:
        lanes: Of the town.
        signals: Its traffic lights.
        vehicle: The own one.

    """

    def __init__(self, lanes: LaneGraph, signals: Sequence[Signal], vehicle: VehicleDescription) -> None:
        self._lanes = lanes
        self._routes = RoutePlanner(lanes)
        self._front = vehicle.wheelbase + vehicle.front_overhang
        self._length = vehicle.length
        self._lights = {(signal.approach, lane): signal for signal in signals for lane in signal.controlled}
        self._streets = [lane for lane in lanes.lanes.values() if not lane.in_junction]

    def draw(self, kind: StartKind, rng: random.Random) -> StartCase:
        """A case of that kind.

        Raises:
            InputError: The town has no place for one.

        """
        for _ in range(_TRIES):
            case = self._behind_lead(rng) if kind is StartKind.LEAD else self._before_light(kind, rng)
            if case is not None:
                return case
        msg = f"no place for a start of kind {kind.value!r} on this map; it has {len(self._lights)} lights"
        raise InputError(msg)

    def _before_light(self, kind: StartKind, rng: random.Random) -> StartCase | None:
        """Turns are equally frequent, as far as there are such."""
        distance = rng.uniform(*(_RED_DISTANCE if kind is StartKind.RED else _GREEN_DISTANCE))
        needed = distance + self._length + _BEHIND
        ways: dict[int, list[tuple[str, str]]] = {}
        for approach, ahead in self._lights:
            if self._lanes.lanes[approach].centerline.length >= needed:
                ways.setdefault(_side(self._lanes.lanes[ahead]), []).append((approach, ahead))
        if not ways:
            return None
        approach, ahead = rng.choice(ways[rng.choice(sorted(ways))])
        lane = self._lanes.lanes[approach]
        planned = self._way(lane, lane.centerline.length - distance - self._front, ahead, rng)
        if planned is None:
            return None
        return StartCase(kind, planned, self._lights[approach, ahead], distance, None, rng.getrandbits(31))

    def _behind_lead(self, rng: random.Random) -> StartCase | None:
        lane = rng.choice(self._streets)
        if not lane.successors:
            return None
        ahead = rng.choice(lane.successors)
        light = self._lights.get((lane.id, ahead))
        first = self._length - self._front + _BEHIND
        last = lane.centerline.length - self._front - (_LEAD_ROOM if light is None else _LIGHT_ROOM)
        if last < first:
            return None
        planned = self._way(lane, rng.uniform(first, last), ahead, rng)
        if planned is None:
            return None
        gap, acceleration = rng.uniform(*_GAP), rng.uniform(*_LEAD_ACCELERATION)
        return StartCase(StartKind.LEAD, planned, light, gap, acceleration, rng.getrandbits(31))

    def _way(self, lane: Lane, along: float, ahead: str, rng: random.Random) -> PlannedRoute | None:
        """From a place of base_link on a lane [m] by a given next lane; None where it ends too soon."""
        driven, last = 0.0, self._lanes.lanes[ahead]
        while last.in_junction or driven + last.centerline.length < _ONWARD:
            if not last.successors or driven > 10.0 * _ONWARD:
                return None
            driven += last.centerline.length
            last = self._lanes.lanes[rng.choice(last.successors)]
        end = min(max(_ONWARD - driven, _AFTER_JUNCTION), last.centerline.length - 0.5)
        try:
            planned = self._routes.route(_pose(lane, along), _pose(last, end))
        except InputError:
            return None
        return planned if planned.lane_ids[:2] == (lane.id, ahead) else None


def _pose(lane: Lane, along: float) -> SE2:
    x, y = lane.centerline.position(along)
    return SE2(float(x), float(y), float(lane.centerline.heading(along)))


def _side(lane: Lane) -> int:
    """1 = to the left, -1 = to the right, 0 = straight on."""
    line = lane.centerline
    turn = float(wrap_angle(line.heading(line.length) - line.heading(0.0)))
    return int(math.copysign(1.0, turn)) if abs(turn) > _TURN else 0
