"""Tolerances of the plan monitor over the vehicle's own limits."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wam_ros.core.errors import ConfigError


@dataclass(frozen=True)
class MonitorLimits:
    """How far a plan may go beyond the vehicle's limits before it is refused.

    The defaults allow positions that are off by about `position_noise`, which at waypoints 0.5 s apart makes
    4 e / dt^2 = 0.8 m/s^2 of acceleration and 8 e / dt^3 = 3.2 m/s^3 of jerk.

    Fields:
        time_tolerance: Of waypoint times [s].
        start_distance: Of the first waypoint from what the ego can reach [m].
        speed: [m/s].
        reverse_speed: Backwards, over what the ego drives itself [m/s].
        acceleration: Longitudinal [m/s^2].
        jerk: [m/s^3].
        curvature_share: Of the vehicle's curvature.
        lateral_acceleration: [m/s^2].
        declared_speed: Between declared speed and positions [m/s].
        declared_heading: Between declared heading and positions [rad].
        position_noise: Of a waypoint [m].
        route_distance: From the route, over the ego's own distance from it [m].

    """

    time_tolerance: float = 1e-3
    start_distance: float = 0.5
    speed: float = 0.5
    reverse_speed: float = 0.3
    acceleration: float = 1.5
    jerk: float = 4.0
    curvature_share: float = 0.1
    lateral_acceleration: float = 1.0
    declared_speed: float = 1.0
    declared_heading: float = 0.35
    position_noise: float = 0.05
    route_distance: float = 4.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (math.isfinite(value) and value >= 0.0):
                msg = f"monitor limit {name} = {value}, wanted a number of at least 0"
                raise ConfigError(msg)
