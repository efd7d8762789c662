"""Collisions of the own box with others, and whose fault they are by NAVSIM's NC. Knows no lights and no route."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from wam_ros.core.geometry import SE2
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.core.scene import Actor, ActorKind
from wam_ros.metrics.infraction import STANDING, EgoBox, Infraction, Kind
from wam_ros.metrics.navsim.boxes import Boxes, boxes_meet, front_meets
from wam_ros.metrics.navsim.road_map import RoadMap
from wam_ros.metrics.navsim.scenario import MapArea

_STOPPED = 0.05  # m/s, NAVSIM, inclusive
_BEHIND = math.radians(150.0)
_SAME_TIME, _SAME_WAY = 5.0, 5.0  # s, m; a contact this near to the last one counted with that actor is the same
_AROUND = 40.0  # m, of the lanes looked at for a collision at the side
_KINDS: dict[ActorKind, Kind] = {
    ActorKind.PEDESTRIAN: "collision_pedestrian",
    ActorKind.VEHICLE: "collision_vehicle",
    ActorKind.BICYCLE: "collision_vehicle",
    ActorKind.STATIC: "collision_static",
}


@dataclass(frozen=True)
class _Counted:
    """The last collision with an actor that counted."""

    ego: EgoBox
    at_fault: bool


class CollisionWatch:
    """Remembers who was hit when, and how fast all were just before."""

    def __init__(self, lanes: LaneGraph) -> None:
        self._lanes = lanes
        self._counted: dict[int, _Counted] = {}
        self._speeds: dict[int, float] = {}
        self._ego_speed: float | None = None

    def update(self, ego: EgoBox, actors: Sequence[Actor]) -> list[Infraction]:
        """The collisions that are new.

        Speeds are those of the tick before: at the contact itself a simulator may have stopped both already.
        """
        # The first scene may already be one of contact.
        own_speed = ego.speed if self._ego_speed is None else self._ego_speed
        found = []
        for actor in _touching(ego, actors):
            last = self._counted.get(actor.id)
            if abs(own_speed) < STANDING or (last is not None and _same(last.ego, ego)):
                continue
            speed = self._speeds.get(actor.id, actor.speed)
            # An actor that was hit without fault is out of it from then on.
            how, fault = self._fault(ego, own_speed, actor, speed)
            fault = fault and (last is None or last.at_fault)
            self._counted[actor.id] = _Counted(ego, fault)
            detail = f"{actor.kind.value} {actor.id} ({speed:.1f} m/s) {how}, own speed {own_speed:.1f} m/s"
            found.append(ego.infraction(_KINDS[actor.kind], own_speed, detail, actor_id=actor.id, at_fault=fault))
        self._ego_speed, self._speeds = ego.speed, {actor.id: actor.speed for actor in actors}
        return found

    def _fault(self, ego: EgoBox, own_speed: float, actor: Actor, speed: float) -> tuple[str, bool]:
        if abs(own_speed) <= _STOPPED:
            return "while standing", False
        if actor.kind is ActorKind.STATIC or abs(speed) <= _STOPPED:
            return "that stood", True
        toward = ego.base.inverse().apply(actor.pose.position)
        if abs(math.atan2(toward[1], toward[0])) > _BEHIND:
            return "from behind", False
        if front_meets(ego.boxes(1), _boxes([actor]))[0]:
            return "with the front", True
        if self._out_of_lane(ego):
            return "at the side, not within one lane", True
        return "at the side, within the lane", False

    def _out_of_lane(self, ego: EgoBox) -> bool:
        """NAVSIM: corners in several lanes and no lane holds all, or a corner off the road."""
        point = ego.pose.position[None, None]
        road = RoadMap(_areas(self._lanes, ego.pose), frozenset())
        areas = road.areas(ego.boxes(1).corners()[None], point, ego.base.position[None, None])
        return bool(areas.multiple_lanes[0, 0] or areas.non_drivable[0, 0])


def _touching(ego: EgoBox, actors: Sequence[Actor]) -> list[Actor]:
    reach = math.hypot(ego.half_length, ego.half_width)
    near = [
        actor
        for actor in actors
        if math.hypot(actor.pose.x - ego.pose.x, actor.pose.y - ego.pose.y)
        <= reach + math.hypot(actor.length, actor.width) / 2.0
    ]
    if not near:
        return []
    meet = boxes_meet(ego.boxes(len(near)), _boxes(near))
    return [actor for actor, touches in zip(near, meet) if touches]


def _boxes(actors: Sequence[Actor]) -> Boxes:
    return Boxes.at(
        np.array([[actor.pose.x, actor.pose.y] for actor in actors]),
        np.array([actor.pose.yaw for actor in actors]),
        np.array([actor.length / 2.0 for actor in actors]),
        np.array([actor.width / 2.0 for actor in actors]),
    )


def _same(last: EgoBox, ego: EgoBox) -> bool:
    near = math.hypot(ego.pose.x - last.pose.x, ego.pose.y - last.pose.y) < _SAME_WAY
    return near or (ego.stamp_ns - last.stamp_ns) * 1e-9 < _SAME_TIME


def _areas(lanes: LaneGraph, pose: SE2) -> list[MapArea]:
    """The map around a pose in NAVSIM's layers; the hull of a junction's lanes stands for its intersection."""
    areas, junction = [], []
    for lane in lanes.near(pose.position, _AROUND):
        body = shapely.LineString(lane.centerline.points).buffer(lane.width / 2.0, cap_style="flat")
        ring = np.array(body.exterior.coords)
        areas.append(MapArea(lane.id, "LANE_CONNECTOR" if lane.in_junction else "LANE", ring))
        if lane.in_junction:
            junction.append(body)
        else:
            areas.append(MapArea(lane.id, "ROADBLOCK", ring))
    for number, part in enumerate(shapely.get_parts(shapely.union_all(junction)) if junction else ()):
        ring = np.array(shapely.convex_hull(part).exterior.coords)
        areas.append(MapArea(f"junction {number}", "INTERSECTION", ring))
    return areas
