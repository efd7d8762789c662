"""How the expert drives: distances, times and bounds. The vehicle's own comfort values stand in its description."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from wam_ros.core.errors import ConfigError
from wam_ros.planning.horizon import Horizon


@dataclass(frozen=True)
class ExpertSettings:
    """How to drive.

    Fields:
        horizon: Waypoints of the plan.
        speed_share: Of a lane's speed limit.
        top_speed: Never driven faster [m/s].
        acceleration: Bound of driving off [m/s^2].
        deceleration: Of comfortable braking, positive [m/s^2].
        hard_deceleration: The most that is ever planned, positive [m/s^2].
        lateral_acceleration: In bends [m/s^2].
        jerk: Of comfortable driving [m/s^3].
        standstill_gap: To a standing vehicle ahead, bumper to bumper [m].
        time_headway: To a vehicle ahead [s].
        stop_margin: Front bumper before a stop line [m].
        end_margin: base_link before the end of the route [m].
        side_margin: Beside vehicles [m].
        pedestrian_margin: Around pedestrians [m].
        yellow_deceleration: A stop at yellow that needs more is not made [m/s^2].
        gap_before: Time to leave between passing first and the other's arrival [s].
        gap_after: Time to leave after the other has passed [s].

    """

    horizon: Horizon = field(default_factory=Horizon)
    speed_share: float = 0.95
    top_speed: float = 15.0
    acceleration: float = 1.8
    deceleration: float = 2.0
    hard_deceleration: float = 7.0
    lateral_acceleration: float = 2.0
    jerk: float = 3.0
    standstill_gap: float = 2.5
    time_headway: float = 1.2
    stop_margin: float = 1.5
    end_margin: float = 0.5
    side_margin: float = 0.35
    pedestrian_margin: float = 0.6
    yellow_deceleration: float = 3.0
    gap_before: float = 1.25
    gap_after: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name != "horizon" and not (math.isfinite(value) and value > 0.0):
                msg = f"expert setting {name} = {value}, wanted a positive number"
                raise ConfigError(msg)
