"""The privileged truth out of a snapshot: others as boxes, lights by their OpenDRIVE signals."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wam_ros.carla_bridge.carla_poses import vector_from_carla
from wam_ros.carla_bridge.connection import calling
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2
from wam_ros.core.scene import Actor, ActorKind, LightState, Scene, TrafficLight
from wam_ros.maps.handedness import planar_from_carla
from wam_ros.maps.signals import Signal

_LIGHT = "traffic.traffic_light"
_BICYCLES = ("vehicle.bh.crossbike", "vehicle.diamondback.century", "vehicle.gazelle.omafiets")
_STATES = {"Red": LightState.RED, "Yellow": LightState.YELLOW, "Green": LightState.GREEN}
_THINNEST = 0.1  # m; some of CARLA's boxes, such as those of bicycles, have no width


@dataclass(frozen=True, eq=False)
class _Box:
    """What is known of an actor once and for all."""

    kind: ActorKind
    actor_from_center: SE2
    length: float
    width: float
    height: float


class SceneReader:
    """Reads scenes. Descriptions and boxes of actors are asked for once: in carla each look at a box is a call.

    Args:
        world: carla.World.
        ego_id: The own vehicle, which is not among the actors.
        signals: The lights of the map; those without an actor in the world show nothing and are left out.
        radius: How far around the ego actors and stop lines are told [m].

    """

    def __init__(self, world: Any, ego_id: int, signals: Iterable[Signal], radius: float) -> None:
        self._world = world
        self._ego_id = ego_id
        self._signals = {signal.id: (signal, *signal.stop_line.mean(axis=0)) for signal in signals}
        self._radius = radius
        self._boxes: dict[int, _Box | None] = {}
        self._lights: dict[str, Any] = {}

    def read(self, snapshot: Any, ego: EgoState) -> Scene:
        """The scene of a snapshot, whose ego state is given.

        Raises:
            WorldError: The server does not answer when asked about actors that are new.

        """
        self._learn([found.id for found in snapshot if found.id not in self._boxes])
        actors = []
        for found in snapshot:
            box = self._boxes[found.id]
            actor = None if box is None else self._actor(found, box, ego)
            if actor is not None:
                actors.append(actor)
        return Scene(ego.stamp_ns, ego, tuple(actors), self._lights_near(ego))

    def _learn(self, new: list[int]) -> None:
        if not new:
            return
        with calling("asking about new actors"):
            for actor in self._world.get_actors(new):
                if actor.type_id == _LIGHT:
                    self._lights[actor.get_opendrive_id()] = actor
                kind = None if actor.id == self._ego_id else kind_of(actor)
                self._boxes[actor.id] = None if kind is None else _box(actor, kind)
        for number in new:
            self._boxes.setdefault(number, None)

    def _actor(self, found: Any, box: _Box, ego: EgoState) -> Actor | None:
        transform, velocity = found.get_transform(), found.get_velocity()
        where = transform.location
        actor = planar_from_carla(where.x, where.y, transform.rotation.yaw)
        if math.hypot(actor.x - ego.pose.x, actor.y - ego.pose.y) > self._radius:
            return None
        vx, vy, _ = vector_from_carla(velocity)
        speed = float(vx * math.cos(actor.yaw) + vy * math.sin(actor.yaw))
        return Actor(found.id, box.kind, actor @ box.actor_from_center, box.length, box.width, box.height, speed)

    def _lights_near(self, ego: EgoState) -> tuple[TrafficLight, ...]:
        lights = []
        for name, actor in self._lights.items():
            if name not in self._signals:
                continue
            signal, x, y = self._signals[name]
            if math.hypot(x - ego.pose.x, y - ego.pose.y) > self._radius:
                continue
            state = _STATES.get(str(actor.get_state()), LightState.OFF)
            lights.append(TrafficLight(name, state, signal.controlled, signal.stop_line))
        return tuple(lights)


def kind_of(actor: Any) -> ActorKind | None:
    """What a carla.Actor is by its blueprint; None for sensors, signs and the like."""
    if actor.type_id.startswith("walker."):
        return ActorKind.PEDESTRIAN
    if actor.type_id.startswith("static.prop."):
        return ActorKind.STATIC
    if not actor.type_id.startswith("vehicle."):
        return None
    is_bicycle = actor.attributes.get("base_type") == "bicycle" or actor.type_id in _BICYCLES
    return ActorKind.BICYCLE if is_bicycle else ActorKind.VEHICLE


def _box(actor: Any, kind: ActorKind) -> _Box:
    box = actor.bounding_box
    sides = (2.0 * box.extent.x, 2.0 * box.extent.y, 2.0 * box.extent.z)
    length, width, height = (float(max(side, _THINNEST)) for side in sides)
    return _Box(kind, planar_from_carla(box.location.x, box.location.y, box.rotation.yaw), length, width, height)
