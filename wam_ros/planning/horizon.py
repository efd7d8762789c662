"""The waypoint times that every planner fills."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wam_ros.core.errors import ConfigError
from wam_ros.core.geometry import Array


@dataclass(frozen=True)
class Horizon:
    """Waypoint i is at t0 + (i + 1) dt.

    Fields:
        steps: Number of waypoints.
        dt: Time between them [s].

    """

    steps: int = 8
    dt: float = 0.5

    def __post_init__(self) -> None:
        if self.steps < 1 or not (math.isfinite(self.dt) and self.dt > 0.0):
            msg = f"horizon of {self.steps} steps of {self.dt} s, wanted at least 1 step of a positive time"
            raise ConfigError(msg)

    @property
    def times(self) -> Array:
        """(steps,) after t0 [s]."""
        return self.dt * np.arange(1, self.steps + 1, dtype=np.float64)

    @property
    def duration(self) -> float:
        """Time of the last waypoint after t0 [s]."""
        return self.steps * self.dt
