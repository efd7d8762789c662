"""Who has to wait where junction lanes cross. It knows lanes and lights, no speeds and no places."""

from __future__ import annotations

import math
from collections.abc import Mapping

from wam_ros.core.geometry import wrap_angle
from wam_ros.core.scene import LightState
from wam_ros.planning.expert.road import Road

_OPPOSITE = math.radians(120.0)


def must_wait(road: Road, theirs: str, ours: str, shown: Mapping[str, LightState]) -> bool:
    """Whether a vehicle on junction lane `theirs` has to let one on `ours` go first.

    At lights those at red wait, and those who turn left wait for those who come towards them and do not. Without lights
    nobody is trusted to wait: the ego gives way to whoever moves.

    Args:
        road: The lanes.
        theirs: Id of the other's junction lane.
        ours: Id of the ego's, which comes into its way.
        shown: Lights by lane id.

    """
    state = shown.get(theirs)
    if state is None or state is LightState.OFF or shown.get(ours) in {None, LightState.OFF}:
        return False
    if state is LightState.RED:
        return True
    opposite = abs(float(wrap_angle(road.approach_heading(theirs) - road.approach_heading(ours)))) > _OPPOSITE
    return opposite and road.turns_left(theirs) and not road.turns_left(ours)
