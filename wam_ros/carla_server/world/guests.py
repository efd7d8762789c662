"""Clients' bodies as SUMO's drivers see them: moved from outside, on a guessed route.

Pedestrians and things are seen too while they are on a lane: as vehicles of their size.
"""

from __future__ import annotations

import math
from contextlib import suppress

import libsumo

from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.world.bodies import Body

_TYPE = "guest"
_ANYWHERE = 2  # SUMO's keepRoute: where we say, on a road or off it


class Guests:
    """The guests of a running simulation, by body id."""

    def __init__(self, town: Town) -> None:
        self._lanes = town.lanes
        self._edges = town.lane_map.edge_of_lane
        self._onward: dict[str, str] = {}
        for connection in town.net.connections:
            lanes = town.net.lanes
            self._onward.setdefault(lanes[connection.start].edge, lanes[connection.end].edge)
        self._guests: dict[int, Body] = {}

    def add(self, body: Body) -> None:
        """Show a body to SUMO's drivers."""
        self._guests[body.id] = body

    def remove(self, body_id: int) -> None:
        """Take it away again."""
        if self._guests.pop(body_id, None) is not None and _name(body_id) in libsumo.vehicle.getLoadedIDList():
            libsumo.vehicle.remove(_name(body_id))

    def places(self) -> list[tuple[float, float]]:
        """Where the guests are."""
        return [(body.x, body.y) for body in self._guests.values()]

    def before_step(self) -> None:
        """Put every guest where its body is; who is off the road does not concern SUMO's drivers."""
        if not self._guests:
            return
        present = set(libsumo.vehicle.getLoadedIDList())
        for body in self._guests.values():
            name = _name(body.id)
            match = self._lanes.match(body.pose, math.pi)
            if match is None or match.projection.distance > match.lane.width:
                if name in present:
                    libsumo.vehicle.remove(name)
                continue
            if name not in present:
                self._enter(body, match.lane.id)
            half = body.length / 2.0
            x, y = body.x + half * math.cos(body.yaw), body.y + half * math.sin(body.yaw)
            libsumo.vehicle.moveToXY(name, "", -1, x, y, 90.0 - math.degrees(body.yaw), _ANYWHERE)

    def after_step(self) -> None:
        """Tell SUMO the way on."""
        if not self._guests:
            return
        present = set(libsumo.vehicle.getIDList())
        for body in self._guests.values():
            name = _name(body.id)
            if name in present:
                index = max(libsumo.vehicle.getRouteIndex(name), 0)
                ahead = libsumo.vehicle.getRoute(name)[index:]
                wanted = self._route(ahead[0])
                if list(ahead) != wanted:
                    # Refused inside a junction that leads elsewhere; asked again in the next step.
                    with suppress(libsumo.TraCIException):
                        libsumo.vehicle.setRoute(name, wanted)

    def _enter(self, body: Body, lane: str) -> None:
        name = _name(body.id)
        kind = f"{_TYPE}{body.id}"
        if kind not in libsumo.vehicletype.getIDList():
            libsumo.vehicletype.copy("DEFAULT_VEHTYPE", kind)
            libsumo.vehicletype.setLength(kind, body.length)
            libsumo.vehicletype.setWidth(kind, body.width)
        route = f"{name} {libsumo.simulation.getTime()}"
        libsumo.route.add(route, self._route(self._edge(lane)))
        libsumo.vehicle.add(name, route, kind)
        libsumo.vehicle.setSpeedMode(name, 0)
        libsumo.vehicle.setLaneChangeMode(name, 0)

    def _route(self, edge: str) -> list[str]:
        """From an edge on by the first turn that there is: where clients mean to go is not known."""
        route = [edge]
        while len(route) < 3 and route[-1] in self._onward:
            route = [*route, self._onward[route[-1]]]
        return route

    def _edge(self, lane: str) -> str:
        """The street of a lane; for one inside a junction, the street that it leads to."""
        while lane not in self._edges:
            lane = self._lanes.lanes[lane].successors[0]
        return self._edges[lane]


def _name(body_id: int) -> str:
    return f"guest{body_id}"
