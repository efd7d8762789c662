"""Takes small steps back out of a plan: waypoints that are read apart may swap by centimetres where the vehicle stops.

Such a step is no manoeuvre, but a chord that points backwards, and the plan monitor rightly refuses that; a standing
vehicle sees the same picture again and would be refused for ever. It hides no large disagreement.
"""

from __future__ import annotations

import numpy as np

from wam_ros.core.geometry import Array

MOST = 0.5  # m; a longer step back is left as it is
_LEAST = 1e-6  # m; a shorter step is none: means of equal waypoints differ by rounding, and that has no direction
_BACK = -1e-12  # m2, of a step along the one before; what is nearer to 0 may be rounding


def without_retreats(waypoints: Array, *, reverse: bool = False) -> Array:
    """The plan (N, 2) nearest to `waypoints` without small steps back, in base_link at t0.

    Neighbours of which the later lies behind the earlier, seen along the motion that leads there, become their mean
    (pool adjacent violators: Ayer et al., 1955; here along the path); what lies behind the vehicle becomes its place.

    Args:
        waypoints: (N, 2) [m].
        reverse: The vehicle drives backwards.

    """
    # Blocks of equal waypoints: their mean and number; the first is the vehicle itself and stays where it is.
    means: list[Array] = [np.zeros(2)]
    counts = [0]
    for point in np.asarray(waypoints, dtype=np.float64):
        means.append(point)
        counts.append(1)
        while len(means) > 1 and _steps_back(means, reverse):
            last, number = means.pop(), counts.pop()
            if len(means) > 1:
                means[-1] = (counts[-1] * means[-1] + number * last) / (counts[-1] + number)
            counts[-1] += number
    return np.repeat(np.array(means), counts, axis=0)


def _steps_back(means: list[Array], reverse: bool) -> bool:
    """Whether the last block lies a little behind the one before, or on it."""
    step = means[-1] - means[-2]
    before = means[-2] - means[-3] if len(means) > 2 else np.array([-1.0 if reverse else 1.0, 0.0])
    length = np.hypot(*step)
    return bool((step @ before < _BACK and length <= MOST) or length <= _LEAST)
