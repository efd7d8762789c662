"""Metres off the lanes and against them, by CARLA's rule for driving outside of the route's lanes. Knows no actors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wam_ros.core.geometry import wrap_angle
from wam_ros.core.lane_graph import LaneGraph
from wam_ros.metrics.infraction import EgoBox, Infraction, Kind

_MARGIN = 0.5  # m beyond a lane's edge that the middle of the vehicle may be
_FAR = 15.0  # m; lanes farther away do not matter
_SAME_EXCURSION = 5.0  # m; off again within this is still the same


@dataclass(frozen=True)
class LaneMetres:
    """Driven by the middle of the vehicle [m]: in all, off every lane, against a lane."""

    driven: float = 0.0
    off_lane: float = 0.0
    wrong_way: float = 0.0

    @property
    def outside(self) -> float:
        """What CARLA's driving score takes as outside of the route's lanes [m]."""
        return self.off_lane + self.wrong_way


class LaneWatch:
    """Adds up metres, and tells where each excursion begins."""

    def __init__(self, lanes: LaneGraph) -> None:
        self._lanes = lanes
        self._last: EgoBox | None = None
        self._until: dict[Kind, float] = {}  # driven [m] when last off
        self.metres = LaneMetres()

    def update(self, ego: EgoBox) -> list[Infraction]:
        """The excursions that begin here."""
        last, self._last = self._last, ego
        moved = 0.0 if last is None else math.hypot(ego.pose.x - last.pose.x, ego.pose.y - last.pose.y)
        kind, value, detail = self._where(ego)
        done = self.metres
        self.metres = LaneMetres(
            done.driven + moved,
            done.off_lane + (moved if kind == "off_lane" else 0.0),
            done.wrong_way + (moved if kind == "wrong_way" else 0.0),
        )
        if kind is None:
            return []
        begun = kind in self._until and self.metres.driven - self._until[kind] <= _SAME_EXCURSION
        self._until[kind] = self.metres.driven
        return [] if begun else [ego.infraction(kind, value, detail)]

    def _where(self, ego: EgoBox) -> tuple[Kind | None, float, str]:
        """What is wrong with the place of the middle of the vehicle."""
        point = ego.pose.position
        near = self._lanes.near(point, _FAR)
        if not near:
            return "off_lane", _FAR, f"no lane within {_FAR:.0f} m"
        lane = near[0]
        projection = lane.centerline.project(point)
        beyond = projection.distance - lane.width / 2.0
        if beyond > _MARGIN:
            return "off_lane", beyond, f"{beyond:.1f} m beyond the edge of lane {lane.id}"
        turned = float(wrap_angle(lane.centerline.heading(projection.arc_length) - ego.pose.yaw))
        if not lane.in_junction and abs(turned) > np.pi / 2.0:
            return "wrong_way", beyond, f"against lane {lane.id}"
        return None, beyond, ""
