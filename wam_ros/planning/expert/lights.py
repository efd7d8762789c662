"""Where to stop for traffic lights. It looks at lights and the ego's motion, at nobody else."""

from __future__ import annotations

import math

from wam_ros.core.scene import LightState, TrafficLight
from wam_ros.planning.expert.course import Junction
from wam_ros.planning.expert.motion import Stop
from wam_ros.planning.expert.situation import Situation

_YELLOW = 3.0  # s it is taken to last
_REACHED_LINE = 1.0  # m; a front this far over the line, or moving over it, has passed it


def light_stops(case: Situation) -> list[Stop]:
    """A stop for each light on the way that is not to be passed."""
    stops = []
    for junction in case.junctions:
        for light in case.scene.lights:
            if light.state in {LightState.RED, LightState.YELLOW} and not set(light.lanes).isdisjoint(junction.lanes):
                stop = _light_stop(case, junction, light)
                if stop is not None:
                    stops.append(stop)
    return stops


def _light_stop(case: Situation, junction: Junction, light: TrafficLight) -> Stop | None:
    speed, settings = max(case.ego.speed, 0.0), case.settings
    gap = case.along(case.course.stop_line(light, junction)) - case.front
    if gap < -_REACHED_LINE or (gap < 0.0 and speed > 0.5):
        return None
    needed = speed**2 / (2.0 * max(gap, 0.01))
    allowed = settings.hard_deceleration
    if light.state is LightState.YELLOW and gap < speed * _YELLOW:
        # Who brakes already goes on braking.
        allowed = settings.yellow_deceleration * (1.6 if case.ego.acceleration < -1.0 else 1.0)
    if needed > allowed and speed > 0.5:
        return None
    return Stop(case.stop_before(gap), math.inf)
