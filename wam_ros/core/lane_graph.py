"""Lanes and how they connect: the one truth for routes, the expert and infractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2, Array, wrap_angle
from wam_ros.core.lane_index import CELL, LaneIndex
from wam_ros.core.polyline import Polyline, Projection

_ROUNDING = 1e-9  # m; the index and the centreline may differ by this


@dataclass(frozen=True, eq=False)
class Lane:
    """One lane, directed.

    Fields:
        id: Unique name.
        centerline: In order of travel [m].
        width: [m].
        speed_limit: [m/s].
        successors: Ids of the lanes that it leads into.
        left, right: Id of the neighbour that one may change to, or None.
        in_junction: Whether it is a connection inside a junction.

    """

    id: str
    centerline: Polyline
    width: float
    speed_limit: float
    successors: tuple[str, ...] = ()
    left: str | None = None
    right: str | None = None
    in_junction: bool = False

    def __post_init__(self) -> None:
        if not self.width > 0.0 or not self.speed_limit > 0.0:
            msg = f"lane {self.id!r}: width {self.width} m, speed limit {self.speed_limit} m/s, wanted positive"
            raise InputError(msg)


class LaneMatch(NamedTuple):
    """A lane and where a point falls on its centreline."""

    lane: Lane
    projection: Projection


@dataclass(frozen=True, eq=False)
class LaneGraph:
    """Lanes by id, in the frame `frame_id`.

    Raises:
        InputError: A lane refers to one that does not exist, or lies under another id than its own.

    """

    frame_id: str
    lanes: Mapping[str, Lane]
    predecessors: Mapping[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        lanes = dict(self.lanes)
        leads_here: dict[str, list[str]] = {name: [] for name in lanes}
        for name, lane in lanes.items():
            if lane.id != name:
                msg = f"lane {lane.id!r} is stored as {name!r}"
                raise InputError(msg)
            for other in (*lane.successors, lane.left, lane.right):
                if other is not None and other not in lanes:
                    msg = f"lane {name!r} refers to {other!r}, which does not exist"
                    raise InputError(msg)
            for successor in lane.successors:
                leads_here[successor].append(name)
        object.__setattr__(self, "lanes", MappingProxyType(lanes))
        object.__setattr__(self, "predecessors", {name: tuple(ids) for name, ids in leads_here.items()})

    @cached_property
    def _ordered(self) -> tuple[Lane, ...]:
        return tuple(self.lanes.values())

    @cached_property
    def _index(self) -> LaneIndex:
        return LaneIndex([lane.centerline for lane in self._ordered])

    @cached_property
    def _half_widths(self) -> Array:
        return np.array([lane.width / 2.0 for lane in self._ordered])

    def match(self, pose: SE2, max_angle: float = np.pi / 2.0) -> LaneMatch | None:
        """The lane nearest to a pose among those that head within `max_angle` [rad] of it; None if there is none.

        Of lanes that are equally near, the first counts.
        """
        point = pose.position
        return self._match(point, pose.yaw, max_angle, CELL) or self._match(point, pose.yaw, max_angle, np.inf)

    def _match(self, point: Array, yaw: float, max_angle: float, radius: float) -> LaneMatch | None:
        best: tuple[float, int, LaneMatch] | None = None
        nearby = self._index.near(point, radius)
        for number, distance in zip(nearby.lines, nearby.distances):
            if best is not None and distance > best[0] + _ROUNDING:
                break
            lane = self._ordered[number]
            projection = lane.centerline.project(point)
            if best is not None and (projection.distance, number) >= best[:2]:
                continue
            heading = lane.centerline.heading(projection.arc_length)
            if abs(float(wrap_angle(heading - yaw))) <= max_angle:
                best = projection.distance, int(number), LaneMatch(lane, projection)
        return None if best is None else best[2]

    def contains(self, point: ArrayLike) -> bool:
        """Whether a point (2,) lies on some lane: within half its width of the centreline."""
        if not self.lanes:
            return False
        nearby = self._index.near(np.asarray(point, dtype=np.float64), float(self._half_widths.max()))
        return bool((nearby.distances <= self._half_widths[nearby.lines]).any())

    def near(self, point: ArrayLike, radius: float) -> tuple[Lane, ...]:
        """The lanes whose centrelines come within `radius` [m] of a point (2,), nearest first."""
        nearby = self._index.near(np.asarray(point, dtype=np.float64), radius)
        return tuple(self._ordered[number] for number in nearby.lines)
