"""Lanes for the expert's tests: a straight road, a bend, and a crossing of four arms, with right-hand traffic."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from wam_ros.core import SE2, Actor, ActorKind, LaneGraph, LightState, Polyline, Route, TrafficLight
from wam_ros.core.geometry import Array
from wam_ros.core.lane_graph import Lane

WIDTH = 3.2  # m
LIMIT = 13.9  # m/s
BOX = 12.0  # m from the middle of the crossing to where its lanes begin
ARM = 120.0  # m
ARMS = ("east", "north", "west", "south")  # what a vehicle that comes in there sees behind it


def lane(name: str, points: Array, **more: object) -> Lane:
    return Lane(name, Polyline(points), WIDTH, LIMIT, **more)  # type: ignore[arg-type]


def line(start: tuple[float, float], end: tuple[float, float]) -> Array:
    count = max(round(math.dist(start, end)), 1) + 1
    return np.linspace(start, end, count)


def graph(*lanes: Lane) -> LaneGraph:
    return LaneGraph("map", {each.id: each for each in lanes})


def route(*parts: Array) -> Route:
    return Route.from_points("map", np.concatenate(parts))


def two_lanes(length: float = 400.0) -> LaneGraph:
    """East along y = 0, with a neighbour at y = 3.2."""
    return graph(
        lane("near", line((0.0, 0.0), (length, 0.0)), left="far"),
        lane("far", line((0.0, WIDTH), (length, WIDTH)), right="near"),
    )


def straight(length: float = 400.0) -> Route:
    return route(line((0.0, 0.0), (length, 0.0)))


def bend(radius: float) -> tuple[LaneGraph, Route]:
    """80 m east, a quarter turn to the left, 80 m north."""
    turned = np.linspace(0.0, math.pi / 2.0, max(round(radius * math.pi / 2.0), 8))
    arc = np.column_stack([80.0 + radius * np.sin(turned), radius * (1.0 - np.cos(turned))])
    points = np.concatenate(
        [line((0.0, 0.0), (80.0, 0.0)), arc[1:], line((80.0 + radius, radius + 1.0), (80.0 + radius, 80.0 + radius))]
    )
    return graph(lane("bend", points)), route(points)


def _arm(heading: float) -> tuple[Array, Array, Array, Array]:
    """Approach and its far end, of traffic that drives in with `heading`; then the same for what drives out."""
    turn = SE2(0.0, 0.0, heading)
    side = -WIDTH / 2.0
    return (
        turn.apply([-BOX - ARM, side]),
        turn.apply([-BOX, side]),
        turn.apply([BOX, side]),
        turn.apply([BOX + ARM, side]),
    )


def _turning(heading: float, turn: float) -> Array:
    """From the end of the approach to the start of the exit; a straight line or a quarter of a circle."""
    begin = _arm(heading)[1]
    end = _arm(heading + turn)[2]
    if turn == 0.0:
        return line(tuple(begin), tuple(end))
    frame = SE2(float(begin[0]), float(begin[1]), heading)
    ahead = float(frame.inverse().apply(end)[0])
    angles = np.linspace(0.0, math.pi / 2.0, 17)
    quarter = np.column_stack([ahead * np.sin(angles), math.copysign(ahead, turn) * (1.0 - np.cos(angles))])
    return frame.apply(quarter)


TURNS = {"straight": 0.0, "left": math.pi / 2.0, "right": -math.pi / 2.0}


def crossing() -> LaneGraph:
    """Four arms of one lane each way; lane names: in_EAST (driven with heading east), out_EAST, EAST_left and so on."""
    lanes = []
    for index, name in enumerate(ARMS):
        heading = index * math.pi / 2.0
        far, near, first, last = _arm(heading)
        ways = {turn: f"{name}_{turn}" for turn in TURNS}
        lanes.append(lane(f"in_{name}", line(tuple(far), tuple(near)), successors=tuple(ways.values())))
        lanes.append(lane(f"out_{name}", line(tuple(first), tuple(last))))
        for turn, angle in TURNS.items():
            out = ARMS[(index + round(angle / (math.pi / 2.0))) % 4]
            points = _turning(heading, angle)
            lanes.append(lane(ways[turn], points, successors=(f"out_{out}",), in_junction=True))
    return graph(*lanes)


def over(lanes: LaneGraph, *names: str) -> Route:
    """The route along lanes."""
    return route(*(lanes.lanes[name].centerline.points for name in names))


def place_on(lanes: LaneGraph, name: str, arc_length: float) -> SE2:
    centre = lanes.lanes[name].centerline
    x, y = centre.position(arc_length)
    return SE2(float(x), float(y), float(centre.heading(arc_length)))


def car(pose: SE2, speed: float = 0.0, name: int = 1) -> Actor:
    return Actor(name, ActorKind.VEHICLE, pose, 4.6, 1.8, 1.5, speed)


def walker(pose: SE2, speed: float = 1.3, name: int = 2) -> Actor:
    return Actor(name, ActorKind.PEDESTRIAN, pose, 0.5, 0.5, 1.7, speed)


def light(lanes: LaneGraph, arm: str, state: LightState) -> TrafficLight:
    """The light of one approach; its line is where the junction begins."""
    pose = place_on(lanes, f"in_{arm}", ARM)
    ends = pose.apply([[0.0, WIDTH / 2.0], [0.0, -WIDTH / 2.0]])
    return TrafficLight(f"light_{arm}", state, tuple(f"{arm}_{turn}" for turn in TURNS), ends)


def always(*things: Any) -> Callable[[float], tuple[Any, ...]]:
    """What stays as it is."""

    def same(_time: float) -> tuple[Any, ...]:
        return things

    return same
