"""Hand-made scenes: a straight road of two lanes on the route and one against it, own vehicle at 8 m/s."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from wam_ros.core.geometry import SE2, Array
from wam_ros.metrics.navsim import Agent, MapArea, PreviousFrame, Scenario, StartState

SPEED = 8.0


def rectangle(name: str, layer: Any, x: tuple[float, float], y: tuple[float, float]) -> MapArea:
    return MapArea(name, layer, np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]]))


ROAD = (-50.0, 200.0)
AREAS = (
    rectangle("1", "ROADBLOCK", ROAD, (-5.25, 1.75)),
    rectangle("10", "LANE", ROAD, (-1.75, 1.75)),
    rectangle("11", "LANE", ROAD, (-5.25, -1.75)),
    rectangle("2", "ROADBLOCK", ROAD, (1.75, 5.25)),
    rectangle("20", "LANE", ROAD, (1.75, 5.25)),
)


def path(speed: float = SPEED, side: float = 0.0, within: float = 3.0) -> Array:
    """(8, 3) poses straight ahead at a speed, moved sideways by `side` within some seconds."""
    times = (np.arange(8) + 1.0) * 0.5
    share = np.clip(times / within, 0.0, 1.0)
    y = side * share * share * (3.0 - 2.0 * share)
    x = speed * times
    headings = np.arctan2(np.gradient(y), np.maximum(np.gradient(x), 1e-9))
    return np.stack([x, y, headings], axis=-1)


def agent(x: float, y: float, speed: float = 0.0, heading: float = 0.0, kind: Any = "VEHICLE", **changes: Any) -> Agent:
    """An agent that keeps speed and heading from t = 0 to 5 s."""
    times = np.arange(11) * 0.5
    velocity = speed * np.array([math.cos(heading), math.sin(heading)])
    states = np.zeros((11, 6))
    states[:, 0] = times
    states[:, 1:3] = np.array([x, y]) + times[:, None] * velocity
    states[:, 3], states[:, 4:] = heading, velocity
    length, width = {"VEHICLE": (4.6, 1.9), "BICYCLE": (1.8, 0.6)}.get(kind, (0.7, 0.7))
    values = {"id": f"{kind} at {x}, {y}", "kind": kind, "length": length, "width": width, "keyframes": states}
    return Agent(**{**values, **changes})


def scene(*proposals: Array, **changes: Any) -> Scenario:
    """The road with these proposals (straight ahead by default); other fields of Scenario by name."""
    values: dict[str, Any] = {
        "ego": StartState(0.0, 0.0, 0.0, SPEED),
        "centerline": np.array([[-50.0, 0.0], [200.0, 0.0]]),
        "areas": AREAS,
        "route_lane_ids": frozenset({"10", "11"}),
        "agents": (),
        "lights": (),
        "reference": path(),
        "proposals": np.array(proposals or (path(),)),
        "proposal_dt": 0.5,
    }
    return Scenario(**{**values, **changes})


def moved(scenario: Scenario, world: SE2) -> Scenario:
    """The whole scene in another frame: what was at p is at world.apply(p)."""

    def start(ego: StartState) -> StartState:
        pose = world @ SE2(ego.x, ego.y, ego.heading)
        return dataclasses.replace(ego, x=pose.x, y=pose.y, heading=pose.yaw)

    def turned(rows: Array, x: int, heading: int) -> Array:
        rows = rows.copy()
        rows[:, x : x + 2] = world.apply(rows[:, x : x + 2])
        rows[:, heading] += world.yaw
        return rows

    def other(one: Agent) -> Agent:
        states = turned(one.keyframes, 1, 3)
        states[:, 4:] = SE2(0.0, 0.0, world.yaw).apply(states[:, 4:])
        return dataclasses.replace(one, keyframes=states)

    previous = scenario.previous
    return dataclasses.replace(
        scenario,
        ego=start(scenario.ego),
        centerline=world.apply(scenario.centerline),
        areas=tuple(dataclasses.replace(area, polygon=world.apply(area.polygon)) for area in scenario.areas),
        agents=tuple(other(one) for one in scenario.agents),
        lights=tuple(dataclasses.replace(light, polygon=world.apply(light.polygon)) for light in scenario.lights),
        ego_past=None if scenario.ego_past is None else turned(scenario.ego_past, 1, 3),
        previous=None if previous is None else PreviousFrame(start(previous.ego), previous.proposals),
    )
