"""Who is on the way in the town and where to: keeps SUMO's vehicles and pedestrians going for ever.

It draws everything from its own seeded numbers and knows neither bodies nor clients, except where not to appear.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import libsumo

from wam_ros.carla_server.towns.sumo_net import SumoNet
from wam_ros.carla_server.world.vehicle_types import COLORS, TRAFFIC, WALKER_TYPE, WALKER_TYPES, Color, TrafficType

KEEP_AWAY = 60.0  # m from clients' vehicles: nobody appears or vanishes nearer
_STUCK = 90.0  # s of waiting after which a vehicle is taken elsewhere
_MIN_EDGE = 40.0  # m of a street that vehicles start on
_WRONG_LANE = 15.0  # s of waiting after which the way is looked at
_ENDS = 12.0  # m at the ends of a street, where nobody starts
_MARGIN = 30.0  # m: a start may have to wait a second until it is free
_AHEAD = 3  # edges of a route that are known at least
_TRIES = 20
Place = tuple[float, float]


class Demand:
    """Fills a running SUMO simulation."""

    def __init__(self, net: SumoNet, seed: int, vehicles: int, pedestrians: int) -> None:
        self._rng = random.Random(f"{seed} demand")
        self._wanted = (vehicles, pedestrians)
        self._count = 0
        self.types: dict[str, TrafficType] = {}
        self.colors: dict[str, Color] = {}
        self.walkers: dict[str, str] = {}
        self._ends: dict[str, str] = {}
        self._streets = {lane.edge: lane for lane in net.lanes.values() if not lane.internal}
        self._edges = sorted(edge for edge, lane in self._streets.items() if lane.length >= _MIN_EDGE)
        self._onward: dict[str, list[str]] = {}
        for connection in net.connections:
            self._onward.setdefault(connection.start, []).append(net.lanes[connection.end].edge)

    def fill(self, clients: Sequence[Place]) -> None:
        """Bring vehicles and pedestrians to the wanted numbers, away from clients."""
        vehicles, pedestrians = self._wanted
        for _ in range(vehicles - len(self.types)):
            self._add_vehicle(clients)
        for _ in range(pedestrians - len(self.walkers)):
            self._add_pedestrian(clients)

    def tend(self, clients: Sequence[Place]) -> None:
        """Once a second: longer routes for all; those that are stuck or never came in go elsewhere."""
        driving, walking = set(libsumo.vehicle.getIDList()), set(libsumo.person.getIDList())
        for name in [name for name in self.types if name not in driving]:
            self.forget(name)
        for name in [name for name in self.walkers if name not in walking]:
            self.forget(name)
        for name in list(self.types):
            x, y = libsumo.vehicle.getPosition(name)
            if libsumo.vehicle.getWaitingTime(name) > _STUCK and _far(x, y, clients):
                self.forget(name)
                continue
            if libsumo.vehicle.getWaitingTime(name) > _WRONG_LANE:
                self._give_way_up(name)
            self._extend(name)
        for name in self.walkers:
            if libsumo.person.getRemainingStages(name) <= 1:
                self._walk_on(name, self._ends[name])
        self.fill(clients)

    def _add_vehicle(self, clients: Sequence[Place]) -> None:
        kind = self._rng.choices(TRAFFIC, [each.share for each in TRAFFIC])[0]
        self._count += 1
        name = f"v{self._count}"
        start = self._start(clients)
        if start is None:
            return
        edge, position = start
        for _ in range(_TRIES):
            edges = libsumo.simulation.findRoute(edge, self._rng.choice(self._edges), kind.type_id).edges
            if len(edges) >= _AHEAD:
                libsumo.route.add(name, edges)
                libsumo.vehicle.add(name, name, kind.type_id, "now", "best", str(position), "0")
                self.types[name] = kind
                self.colors[name] = self._rng.choice(COLORS)
                return

    def _add_pedestrian(self, clients: Sequence[Place]) -> None:
        self._count += 1
        name, start = f"p{self._count}", self._start(clients)
        if start is None:
            return
        libsumo.person.add(name, *start)
        if self._walk_on(name, start[0]):
            self.walkers[name] = WALKER_TYPE.format(self._rng.randint(1, WALKER_TYPES))
            self.colors[name] = self._rng.choice(COLORS)
        else:
            libsumo.person.removeStages(name)

    def _walk_on(self, name: str, start: str) -> bool:
        """Add a walk from one street, where the one before ends, to another."""
        for _ in range(_TRIES):
            stages = libsumo.simulation.findIntermodalRoute(start, self._rng.choice(self._edges))
            if stages and len(stages[0].edges) > 1:
                libsumo.person.appendWalkingStage(name, stages[0].edges, self._rng.uniform(5.0, _MIN_EDGE - 5.0))
                self._ends[name] = stages[0].edges[-1]
                return True
        return False

    def _extend(self, name: str) -> None:
        route = libsumo.vehicle.getRoute(name)
        index = max(libsumo.vehicle.getRouteIndex(name), 0)
        if len(route) - index >= _AHEAD:
            return
        kind = self.types[name]
        for _ in range(_TRIES):
            onward = libsumo.simulation.findRoute(route[-1], self._rng.choice(self._edges), kind.type_id).edges
            if len(onward) >= _AHEAD:
                libsumo.vehicle.setRoute(name, [*route[index:], *onward[1:]])
                return

    def _give_way_up(self, name: str) -> None:
        """Who waits in a lane that does not lead where it wants to go takes the way that there is."""
        onward = self._onward.get(libsumo.vehicle.getLaneID(name), [])
        route = libsumo.vehicle.getRoute(name)
        index = libsumo.vehicle.getRouteIndex(name)
        if onward and index >= 0 and (index + 1 == len(route) or route[index + 1] not in onward):
            libsumo.vehicle.setRoute(name, [route[index], self._rng.choice(onward)])

    def forget(self, name: str) -> None:
        """Take a vehicle or pedestrian away."""
        if self.types.pop(name, None) is not None and name in libsumo.vehicle.getLoadedIDList():
            libsumo.vehicle.remove(name)
        if self.walkers.pop(name, None) is not None and name in libsumo.person.getIDList():
            libsumo.person.removeStages(name)
        self.colors.pop(name, None)
        self._ends.pop(name, None)

    def _start(self, clients: Sequence[Place]) -> tuple[str, float] | None:
        """A street and a position along it, away from clients; None if none was found."""
        for _ in range(_TRIES):
            edge = self._rng.choice(self._edges)
            street = self._streets[edge]
            share = self._rng.uniform(_ENDS, street.length - _ENDS) / street.length
            x, y = street.shape.position(share * street.shape.length)
            if _far(float(x), float(y), clients, KEEP_AWAY + _MARGIN):
                return edge, share * street.length
        return None


def _far(x: float, y: float, clients: Sequence[Place], distance: float = KEEP_AWAY) -> bool:
    return all(math.hypot(x - client[0], y - client[1]) > distance for client in clients)
