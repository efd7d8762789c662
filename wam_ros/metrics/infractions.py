"""Finds what goes wrong in a drive from the privileged truth, tick by tick; rules of CARLA's leaderboard and NAVSIM.

It gives events and metres, no scores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from wam_ros.core.errors import InputError
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.scene import Scene
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.metrics.infraction import KINDS, STANDING, EgoBox, Infraction, Kind
from wam_ros.metrics.infraction_collisions import CollisionWatch
from wam_ros.metrics.infraction_lanes import LaneMetres, LaneWatch
from wam_ros.metrics.infraction_lights import LightWatch

__all__ = ["KINDS", "Infraction", "InfractionDetector", "InfractionSummary", "Kind", "LaneMetres"]

_DEVIATION = 30.0  # m from the route, CARLA's leaderboard


@dataclass(frozen=True)
class InfractionSummary:
    """A drive so far: events by kind, collisions at fault, metres."""

    counts: Mapping[Kind, int]
    collisions_at_fault: int
    metres: LaneMetres


class InfractionDetector:
    """Watches one drive. Scenes must come in order, each tick of the world, in the frame of the lanes."""

    def __init__(
        self,
        vehicle: VehicleDescription,
        lanes: LaneGraph,
        route: Route | None,
        *,
        blocked_after: float = 180.0,
        green_patience: float = 5.0,
    ) -> None:
        """Watch for what needs no route only, where there is none.

        Args:
            vehicle: The own one.
            lanes: Of the map.
            route: In the frame of the lanes.
            blocked_after: Standing for this long counts as blocked [s]; Bench2Drive takes 60.
            green_patience: Standing before a green light for this long is told of [s].

        Raises:
            InputError: The route is in another frame than the lanes.

        """
        if route is not None and route.frame_id != lanes.frame_id:
            msg = f"route in frame {route.frame_id!r}, lanes in {lanes.frame_id!r}"
            raise InputError(msg)
        self._vehicle, self._lanes, self._route = vehicle, lanes, route
        self._blocked_after = blocked_after
        self._collisions = CollisionWatch(lanes)
        self._lights = LightWatch(lanes, route, green_patience)
        self._lane_watch = LaneWatch(lanes)
        self._deviated = False
        self._standing_since: int | None = None
        self._blocked = False
        self._counts: Counter[Kind] = Counter()
        self._at_fault = 0

    def update(self, scene: Scene) -> tuple[Infraction, ...]:
        """What is new at this tick.

        Raises:
            InputError: The scene is in another frame than the lanes.

        """
        if scene.ego.frame_id != self._lanes.frame_id:
            msg = f"scene in frame {scene.ego.frame_id!r}, lanes in {self._lanes.frame_id!r}"
            raise InputError(msg)
        ego = EgoBox.of(scene.ego, self._vehicle)
        found = (
            *self._collisions.update(ego, scene.actors),
            *self._lights.update(ego, scene.lights, scene.actors),
            *self._lane_watch.update(ego),
            *self._route_deviation(ego),
            *self._standing(ego),
        )
        self._counts.update(infraction.kind for infraction in found)
        self._at_fault += sum(event.at_fault and event.kind.startswith("collision") for event in found)
        return found

    @property
    def summary(self) -> InfractionSummary:
        """Of all updates so far."""
        return InfractionSummary({kind: self._counts[kind] for kind in KINDS}, self._at_fault, self._lane_watch.metres)

    def _route_deviation(self, ego: EgoBox) -> list[Infraction]:
        if self._route is None:
            return []
        distance = self._route.line.project(ego.pose.position).distance
        before, self._deviated = self._deviated, distance > _DEVIATION
        if not self._deviated or before:
            return []
        return [ego.infraction("route_deviation", distance, f"{distance:.0f} m from the route")]

    def _standing(self, ego: EgoBox) -> list[Infraction]:
        if abs(ego.speed) >= STANDING:
            self._standing_since, self._blocked = None, False
            return []
        if self._standing_since is None:
            self._standing_since = ego.stamp_ns
        stood = (ego.stamp_ns - self._standing_since) * 1e-9
        if self._blocked or stood < self._blocked_after:
            return []
        self._blocked = True
        return [ego.infraction("blocked", stood, f"standing for {stood:.0f} s")]
