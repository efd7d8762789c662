"""What vehicles are told of the road: the speed limit, and the traffic light that they stand at."""

from __future__ import annotations

from collections.abc import Container, Mapping

from wam_ros.carla_server.actors.signal_actors import STATE_NUMBER, SignalActor, SignalActors
from wam_ros.carla_server.towns.town import Town
from wam_ros.carla_server.wire.layouts import LightAhead
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.scene import ActorKind, LightState

_AT_LIGHT = 10.0  # m from the middle of a vehicle to the end of the lane before a light
_KPH = 3.6
_PERIOD = 20  # ticks between two looks at a vehicle of the town's own traffic
_STRICTEST = (LightState.RED, LightState.YELLOW, LightState.GREEN, LightState.OFF)


class RoadWatch:
    """Looks at clients' vehicles in each tick, at the others now and then; lights are for clients' vehicles only."""

    def __init__(self, town: Town, lights: SignalActors) -> None:
        self._lanes = town.lanes
        self._lights = lights
        self._limits: dict[int, float] = {}
        self._ahead: dict[int, LightAhead] = {}

    def update(self, frame: int, bodies: Mapping[int, Body], watched: Container[int]) -> None:
        """After a tick."""
        self._limits = {number: limit for number, limit in self._limits.items() if number in bodies}
        self._ahead = {}
        for body in bodies.values():
            if body.kind not in {ActorKind.VEHICLE, ActorKind.BICYCLE}:
                continue
            if body.id in watched or body.id not in self._limits or (frame + body.id) % _PERIOD == 0:
                self._look(body, body.id in watched)

    def speed_limit_kph(self, body_id: int) -> float:
        """Of the lane that a vehicle is on, or was on last [km/h]."""
        return self._limits.get(body_id, 0.0)

    def light_ahead(self, body_id: int) -> LightAhead | None:
        """The light that a client's vehicle stands at; where a lane has several, the strictest."""
        return self._ahead.get(body_id)

    def _look(self, body: Body, at_lights: bool) -> None:
        match = self._lanes.match(body.pose)
        if match is None:
            return
        self._limits[body.id] = match.lane.speed_limit * _KPH
        signals = self._lights.by_approach.get(match.lane.id)
        if at_lights and signals and match.lane.centerline.length - match.projection.arc_length <= _AT_LIGHT:
            light = min(signals, key=_strictness)
            self._ahead[body.id] = LightAhead(light.id, STATE_NUMBER[light.state])


def _strictness(light: SignalActor) -> int:
    return _STRICTEST.index(light.state)
