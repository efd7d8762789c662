"""Takes sideways wobble out of slow plans: waypoints that are read apart may lie a hand's breadth aside of each other.

On the move that is no bend worth the name. Where the vehicle comes to a stop the same hand's breadth is a curvature
that no car steers, the plan monitor rightly refuses the plan, and the previous one, which drives on, is used instead.
It hides no large disagreement.
"""

from __future__ import annotations

import math

import numpy as np

from wam_ros.core.geometry import Array

TIGHTEST = 0.24
"""Curvature [1/m] that cars steer at most, about: a radius of 4.2 m of the rear axle."""
MOST = 0.3  # m; a waypoint that would be moved farther leaves the plan as it is
_ROUNDS = 4


def without_sharp_bends(waypoints: Array, *, reverse: bool = False) -> Array:
    """The plan (N, 2) with no bend sharper than `TIGHTEST`, in base_link at t0; as it was, where that takes too much.

    Each waypoint beyond what can be steered from the ones before is moved to the nearest place on the sharpest bend;
    one that lies behind becomes the place before it.

    Args:
        waypoints: (N, 2) [m].
        reverse: The vehicle drives backwards.

    """
    given = np.asarray(waypoints, dtype=np.float64)
    ahead = -given if reverse else given
    here, bearing, before = np.zeros(2), 0.0, 0.0
    steered = []
    for point in ahead:
        step = point - here
        length = math.hypot(*step)
        turn = math.remainder(math.atan2(step[1], step[0]) - bearing, math.tau) if length else 0.0
        most, along = _sharpest(turn, length, before)
        place = point
        if abs(turn) <= most:
            bearing += turn
        elif along <= 0.0:
            place = here
        else:
            bearing += math.copysign(most, turn)
            place = here + along * np.array([math.cos(bearing), math.sin(bearing)])
        if math.hypot(*(point - place)) > MOST:
            return given
        before = math.hypot(*(place - here)) or before
        here = place
        steered.append(place)
    made = np.array(steered).reshape(given.shape)
    return -made if reverse else made


def _sharpest(turn: float, length: float, before: float) -> tuple[float, float]:
    """How far a chord may turn [rad], and how far it then reaches [m]: 0 or less where it lies behind.

    Args:
        turn: That it makes [rad].
        length: Of it [m].
        before: Of the chord before, 0 at the start: there the bend is from the vehicle's own heading, half as long [m].

    """
    along = length
    for _ in range(_ROUNDS):  # a shorter chord may turn less
        most = TIGHTEST * 0.5 * (before + max(along, 0.0))
        along = length * math.cos(max(abs(turn) - most, 0.0))
    return most, along
