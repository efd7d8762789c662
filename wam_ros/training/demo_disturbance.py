"""Spoils a controller's commands now and then, so that drives show how the expert gets back. It sees no truth."""

from __future__ import annotations

import random
from dataclasses import replace

from wam_ros.core.ego import EgoState
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Controller
from wam_ros.core.timing import NS_PER_S
from wam_ros.core.vehicle import VehicleCommand

_PAUSE = (4.0, 12.0)  # s between two disturbances
_STEERING = (0.5, 1.1)  # s that one of the steering lasts
_HALT = (1.5, 4.0)  # s that a halt lasts, braking included
_LATERAL = (0.8, 2.0)  # m/s^2 that the steering is off by
_MOST_STEERING = 0.15  # rad
_WHEELBASE = 2.9  # m, about
_BRAKING = 2.5  # m/s^2
_HALT_SHARE = 0.4  # of the disturbances


class DisturbedController:
    """Another controller, disturbed: the wheel held aside for a moment, or a halt for no reason.

    Args:
        controller: The one that follows plans.
        rng: Of what comes when.

    """

    def __init__(self, controller: Controller, rng: random.Random) -> None:
        self._controller = controller
        self._rng = rng
        self._begin: float | None = None
        self._end = 0.0
        self._halt = False
        self._lateral = 0.0

    def reset(self) -> None:
        """A new drive begins."""
        self._controller.reset()
        self._begin = None

    def control(self, ego: EgoState, plan: Plan | None) -> VehicleCommand:
        """The command, spoilt or not."""
        now = ego.stamp_ns / NS_PER_S
        command = self._controller.control(ego, plan)
        if self._begin is None or now > self._end:
            self._draw(now)
        assert self._begin is not None
        if now < self._begin:
            return command
        if self._halt:
            return replace(command, speed=0.0, acceleration=-_BRAKING)
        aside = _WHEELBASE * self._lateral / max(ego.speed, 3.0) ** 2
        off = min(max(aside, -_MOST_STEERING), _MOST_STEERING)
        return replace(command, steering_angle=command.steering_angle + off)

    def _draw(self, now: float) -> None:
        rng = self._rng
        self._begin = now + rng.uniform(*_PAUSE)
        self._halt = rng.random() < _HALT_SHARE
        self._end = self._begin + rng.uniform(*(_HALT if self._halt else _STEERING))
        self._lateral = rng.choice((-1.0, 1.0)) * rng.uniform(*_LATERAL)
