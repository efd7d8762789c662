"""What a plan does and how sure it is, in a few figures: what the risk of the whole plan is told from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array
from wam_ros.core.plan import Trajectory


class PlanFeatures(NamedTuple):
    """Of one plan.

    Fields:
        mean: Of the confidences of its waypoints.
        least: The lowest of them.
        speed: At t0 [m/s].
        gain: Speed at the last waypoint less that at t0 [m/s].
        distance: Driven until then [m], backwards counted as well.
        turn: Turned until then [rad], to either side added up.

    """

    mean: float
    least: float
    speed: float
    gain: float
    distance: float
    turn: float

    @classmethod
    def of(cls, trajectory: Trajectory, confidences: ArrayLike) -> PlanFeatures:
        """Of a trajectory as `Trajectory.from_waypoints` makes it, and the confidences (N,) of its waypoints.

        Raises:
            InputError: Another number of confidences.

        """
        sure: Array = frozen_array(confidences, "waypoint confidences", (len(trajectory),))
        if not np.isfinite(sure).all():
            msg = "waypoint confidences that are not finite"
            raise InputError(msg)
        times, speeds = trajectory.times, trajectory.speeds
        steps = np.diff(times, prepend=0.0)
        start = float(speeds[0] - trajectory.accelerations[0] * times[0])
        before = np.concatenate([[start], speeds[:-1]])
        return cls(
            mean=float(sure.mean()),
            least=float(sure.min()),
            speed=start,
            gain=float(speeds[-1]) - start,
            distance=float(np.sum(0.5 * np.abs(before + speeds) * steps)),
            turn=float(np.sum(np.abs(trajectory.heading_rates) * steps)),
        )
