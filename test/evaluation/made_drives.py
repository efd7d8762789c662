"""A crossroads of lanes 3.5 m wide, and drives straight over it at constant speed, seen every 0.1 s."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE2
from wam_ros.core.lane_graph import Lane, LaneGraph
from wam_ros.core.observation import Route
from wam_ros.core.polyline import Polyline
from wam_ros.core.scene import Actor, ActorKind, Scene, TrafficLight
from wam_ros.evaluation.recorded_drive import RecordedDrive

WIDTH = 3.5
BEGUN_NS = 1_700_000_000_000_000_000  # since an epoch: digits that a float64 of seconds would lose
STEP_NS = 100_000_000


def lane(name: str, points: Sequence[tuple[float, float]], *ahead: str, **more) -> Lane:
    return Lane(name, Polyline(np.array(points)), WIDTH, 13.9, ahead, **more)


LANES = LaneGraph(
    "map",
    {
        one.id: one
        for one in (
            lane("in", [(-100.0, 0.0), (50.0, 0.0)], "over", "turn", right="in_right"),
            lane("in_right", [(-100.0, -3.5), (50.0, -3.5)], "over_right", left="in"),
            lane("over", [(50.0, 0.0), (70.0, 0.0)], "out", in_junction=True),
            lane("over_right", [(50.0, -3.5), (70.0, -3.5)], "out_right", in_junction=True),
            lane("turn", [(50.0, 0.0), (57.0, 2.0), (60.0, 9.0), (60.0, 12.0)], "north", in_junction=True),
            lane("out", [(70.0, 0.0), (250.0, 0.0)], right="out_right"),
            lane("out_right", [(70.0, -3.5), (250.0, -3.5)], left="out"),
            lane("north", [(60.0, 12.0), (60.0, 60.0)]),
            lane("back", [(50.0, 3.5), (-100.0, 3.5)]),
        )
    },
)
ROUTE = Route.from_points("map", [[x, 0.0] for x in np.arange(-60.0, 241.0, 1.0)])


def stamp(index: int) -> int:
    return BEGUN_NS + index * STEP_NS


def ego(index: int, speed: float = 8.0) -> EgoState:
    return EgoState(stamp(index), "map", SE2(-10.0 + 0.1 * speed * index, 0.0, 0.0), speed)


def car(name: int, x: float, y: float = 0.0, speed: float = 0.0, kind: ActorKind = ActorKind.VEHICLE) -> Actor:
    return Actor(name, kind, SE2(x, y, 0.0), 4.6, 1.9, 1.5, speed)


def drive(
    count: int = 100,
    actors: Callable[[int], Sequence[Actor]] = lambda _index: (),
    lights: Callable[[int], Sequence[TrafficLight]] = lambda _index: (),
    left_out: Sequence[int] = (),
    speed: float = 8.0,
) -> RecordedDrive:
    scenes = [
        Scene(stamp(index), ego(index, speed), tuple(actors(index)), tuple(lights(index)))
        for index in range(count)
        if index not in left_out
    ]
    return RecordedDrive(scenes, LANES, ROUTE)
