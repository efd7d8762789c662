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

    At lights those at red wait. Those who turn left wait for those who come towards them and do not. In all else nobody
    is trusted to wait: the ego gives way to whoever moves.

    Args:
        road: The lanes.
        theirs: Id of the other's junction lane.
        ours: Id of the ego's, which comes into its way.
        shown: Lights by lane id.

    """
    if shown.get(theirs) is LightState.RED:
        return True
    opposite = abs(float(wrap_angle(road.approach_heading(theirs) - road.approach_heading(ours)))) > _OPPOSITE
    return opposite and road.turns_left(theirs) and not road.turns_left(ours)
