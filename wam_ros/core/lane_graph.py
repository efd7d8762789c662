"""Lanes and how they connect: the one truth for routes, the expert and infractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2, wrap_angle
from wam_ros.core.polyline import Polyline, Projection


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

    def match(self, pose: SE2, max_angle: float = np.pi / 2.0) -> LaneMatch | None:
        """The lane nearest to a pose among those that head within `max_angle` [rad] of it; None if there is none."""
        best: LaneMatch | None = None
        for lane in self.lanes.values():
            projection = lane.centerline.project(pose.position)
            if best is not None and projection.distance >= best.projection.distance:
                continue
            heading = lane.centerline.heading(projection.arc_length)
            if abs(float(wrap_angle(heading - pose.yaw))) <= max_angle:
                best = LaneMatch(lane, projection)
        return best

    def contains(self, point: ArrayLike) -> bool:
        """Whether a point (2,) lies on some lane: within half its width of the centreline."""
        return any(lane.centerline.project(point).distance <= lane.width / 2.0 for lane in self.lanes.values())
