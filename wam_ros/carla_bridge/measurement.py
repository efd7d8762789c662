"""All that belongs to one frame of the world. Nothing in it is of another frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE3, Array


@dataclass(frozen=True, eq=False)
class CollisionEvent:
    """The vehicle touched something.

    Fields:
        stamp_ns: When [ns].
        other_id: CARLA's id of the other actor; 0 = a thing of the town.
        other_type: Its blueprint.
        impulse: (3,) in the map frame [N s].

    """

    stamp_ns: int
    other_id: int
    other_type: str
    impulse: Array


@dataclass(frozen=True, eq=False)
class Measurement:
    """What was measured in one frame.

    Fields:
        frame: CARLA's number of it.
        stamp_ns: Its time [ns].
        ego: State of base_link.
        map_from_base: Pose of base_link in space.
        readings: carla.SensorData by sensor id, of the sensors that measured in this frame.
        collisions: Reported since the measurement before.
        snapshot: The carla.WorldSnapshot that all of this is from.

    """

    frame: int
    stamp_ns: int
    ego: EgoState
    map_from_base: SE3
    readings: Mapping[str, Any]
    collisions: tuple[CollisionEvent, ...]
    snapshot: Any
