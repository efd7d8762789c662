"""What can be set of the controller. The vehicle's own limits are in its description, not here."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wam_ros.core.errors import ConfigError


@dataclass(frozen=True)
class ControllerSettings:
    """Limits of what is followed, and the gains.

    Fields:
        max_plan_age: A plan whose image is older than this is not followed [s].
        max_plan_distance: Nor one whose path is further away than this [m].
        start_distance: A standing vehicle starts only for a plan that goes at least this far [m].
        actuation_delay: From the stamp of the odometry until a command reaches the actuators, lags not counted [s].
        position_gain: Of the position error along the path [1/s^2].
        speed_gain: Of the speed error [1/s].
        convergence_time: Errors across the path fade over about this time of driving [s] ...
        convergence_length: ... and over at least this distance [m].

    """

    max_plan_age: float = 1.0
    max_plan_distance: float = 3.0
    start_distance: float = 0.5
    actuation_delay: float = 0.0
    position_gain: float = 1.0
    speed_gain: float = 2.0
    convergence_time: float = 0.6
    convergence_length: float = 2.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and (value > 0.0 or (value == 0.0 and name == "actuation_delay"))):
                msg = f"controller setting {name} = {value}, wanted a positive number"
                raise ConfigError(msg)
