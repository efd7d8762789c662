"""The privileged truth of a world at one moment: who is where, and what the lights show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE2, Array, frozen_array, require_finite


class ActorKind(Enum):
    """What an actor is."""

    VEHICLE = "vehicle"
    BICYCLE = "bicycle"
    PEDESTRIAN = "pedestrian"
    STATIC = "static"


@dataclass(frozen=True)
class Actor:
    """Another road user or obstacle, as a box.

    Fields:
        id: Stays the same for the life of the actor.
        kind: What it is.
        pose: Middle of its box.
        length, width, height: Of its box [m].
        speed: Along its heading [m/s].

    """

    id: int
    kind: ActorKind
    pose: SE2
    length: float
    width: float
    height: float
    speed: float

    def __post_init__(self) -> None:
        require_finite(speed=self.speed)
        if not (self.length > 0.0 and self.width > 0.0 and self.height > 0.0):
            msg = f"actor {self.id}: box {self.length} x {self.width} x {self.height} m, wanted positive"
            raise InputError(msg)


class LightState(Enum):
    """What a traffic light shows."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"
    OFF = "off"


@dataclass(frozen=True, eq=False)
class TrafficLight:
    """A light for some lanes.

    Fields:
        id: Unique name.
        state: What it shows.
        lanes: Ids of the lanes (LaneGraph) that may not be entered at red.
        stop_line: (2, 2) end points of the line to stop at [m].

    """

    id: str
    state: LightState
    lanes: tuple[str, ...]
    stop_line: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "stop_line", frozen_array(self.stop_line, "stop line", (2, 2)))


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything at one time; poses are in the frame of `ego`."""

    stamp_ns: int
    ego: EgoState
    actors: tuple[Actor, ...] = ()
    lights: tuple[TrafficLight, ...] = ()

    def __post_init__(self) -> None:
        ids = [actor.id for actor in self.actors]
        if len(set(ids)) != len(ids):
            msg = f"actor ids repeat: {sorted(ids)}"
            raise InputError(msg)
