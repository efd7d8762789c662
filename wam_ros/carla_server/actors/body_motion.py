"""How the origins of bodies move: velocity, yaw rate and acceleration in the map frame, from step to step.

A body is told by the motion of its rear axle along its heading; the origin of CARLA's actor is the middle of the box, d
ahead of it. With the yaw rate w and its change w', a rigid body gives, along and across the heading:
    v = (v_rear, w d),  a = (a_rear - w^2 d, v_rear w + w' d)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from wam_ros.carla_server.wire.layouts import Triple
from wam_ros.carla_server.world.bodies import Body


class BodyMotion(NamedTuple):
    """Velocity [m/s] and acceleration [m/s^2] of the origin in the map; yaw rate [rad/s] and its change [rad/s^2]."""

    velocity: Triple
    acceleration: Triple
    yaw_rate: float
    yaw_acceleration: float


STILL = BodyMotion((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, 0.0)


class BodyMotions:
    """The motion of every body in the newest step.

    `offsets` are the distances [m] from rear axle to origin by body id; those that are missing turn about the origin.
    """

    def __init__(self) -> None:
        self.offsets: dict[int, float] = {}
        self._motions: dict[int, BodyMotion] = {}

    def update(self, bodies: Mapping[int, Body], dt: float) -> None:
        """After a step of `dt` [s]."""
        self._motions = {number: self._motion(body, dt) for number, body in bodies.items()}

    def of(self, body_id: int) -> BodyMotion:
        """Of a body; standing still where it was not there in the newest step."""
        return self._motions.get(body_id, STILL)

    def _motion(self, body: Body, dt: float) -> BodyMotion:
        before = self._motions.get(body.id)
        turn = body.yaw_rate
        turn_change = 0.0 if before is None else (turn - before.yaw_rate) / dt
        offset = self.offsets.get(body.id, 0.0)
        cos, sin = math.cos(body.yaw), math.sin(body.yaw)
        ahead, across = body.speed, turn * offset
        faster = body.acceleration - turn * turn * offset
        sideways = body.speed * turn + turn_change * offset
        velocity = (ahead * cos - across * sin, ahead * sin + across * cos, 0.0)
        acceleration = (faster * cos - sideways * sin, faster * sin + sideways * cos, 0.0)
        return BodyMotion(velocity, acceleration, turn, turn_change)
