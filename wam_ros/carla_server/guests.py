"""Clients' vehicles as SUMO's drivers see them: moved from outside, on a route as far as it is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import libsumo

from wam_ros.carla_server.bodies import Body
from wam_ros.carla_server.town import Town
from wam_ros.core.geometry import SE2

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
        self._ways: dict[int, list[str]] = {}

    def add(self, body: Body) -> None:
        """Show a vehicle to SUMO's drivers."""
        self._guests[body.id] = body
        self._enter(body)

    def remove(self, body_id: int) -> None:
        """Take it away again."""
        if self._guests.pop(body_id, None) is not None:
            self._ways.pop(body_id, None)
            libsumo.vehicle.remove(_name(body_id))

    def announce(self, body_id: int, lane_ids: Sequence[str]) -> None:
        """The lanes that it will drive, so that others know where it turns."""
        edges: list[str] = []
        for lane in lane_ids:
            edge = self._edges.get(lane)
            if edge is not None and edges[-1:] != [edge]:
                edges.append(edge)
        self._ways[body_id] = edges

    def places(self) -> list[tuple[float, float]]:
        """Where the guests are."""
        return [(body.x, body.y) for body in self._guests.values()]

    def before_step(self) -> None:
        """Put every guest where its body is."""
        for body in self._guests.values():
            half = body.length / 2.0
            x, y = body.x + half * math.cos(body.yaw), body.y + half * math.sin(body.yaw)
            libsumo.vehicle.moveToXY(_name(body.id), "", -1, x, y, 90.0 - math.degrees(body.yaw), _ANYWHERE)

    def after_step(self) -> None:
        """Bring back who reached the end of its route, and tell SUMO the way on."""
        if not self._guests:
            return
        present = set(libsumo.vehicle.getIDList())
        for body in self._guests.values():
            name = _name(body.id)
            if name not in present:
                self._enter(body)
                continue
            edge = libsumo.vehicle.getRoadID(name)
            if edge and not edge.startswith(":"):
                route = self._route(body.id, edge)
                index = max(libsumo.vehicle.getRouteIndex(name), 0)
                if tuple(libsumo.vehicle.getRoute(name)[index:]) != tuple(route):
                    libsumo.vehicle.setRoute(name, route)

    def _enter(self, body: Body) -> None:
        name = _name(body.id)
        kind = f"{_TYPE}{body.id}"
        if kind not in libsumo.vehicletype.getIDList():
            libsumo.vehicletype.copy("DEFAULT_VEHTYPE", kind)
            libsumo.vehicletype.setLength(kind, body.length)
            libsumo.vehicletype.setWidth(kind, body.width)
        route = f"{name} {libsumo.simulation.getTime()}"
        libsumo.route.add(route, self._route(body.id, self._nearest_edge(body)))
        libsumo.vehicle.add(name, route, kind)
        libsumo.vehicle.setSpeedMode(name, 0)
        libsumo.vehicle.setLaneChangeMode(name, 0)

    def _route(self, body_id: int, edge: str) -> list[str]:
        """The announced way from an edge on; where none is known, the first turn that there is."""
        way = self._ways.get(body_id, [])
        route = way[way.index(edge) :] if edge in way else [edge]
        while len(route) < 3 and route[-1] in self._onward:
            route = [*route, self._onward[route[-1]]]
        return route

    def _nearest_edge(self, body: Body) -> str:
        match = self._lanes.match(SE2(body.x, body.y, body.yaw), math.pi)
        lane = "" if match is None else match.lane.id
        while lane not in self._edges:
            lane = self._lanes.lanes[lane].successors[0]
        return self._edges[lane]


def _name(body_id: int) -> str:
    return f"guest{body_id}"
