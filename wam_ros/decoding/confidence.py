"""How far a plan can be trusted: P(|waypoint - true position| <= r), from the first, all-masked pass.

Later passes are conditioned on their own commits and overconfident, so only the first one counts; and it is asked
about the waypoints that are published, however they came about.

The belief is the product of the masses of x and of y within r: that of a square, under independence. The exact mass
of the disc is smaller, but errors of x and y come together (both are small when the speed is right), and independence
leaves that out: in a trial on held-out drives the product was 0.555 on average where 0.549 of the waypoints were
within the disc (expected calibration error 0.018), so it stays. The map per waypoint takes out what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from wam_ros.core.plan import Trajectory
from wam_ros.core.plan_features import PlanFeatures
from wam_ros.decoding.calibration import Calibration
from wam_ros.decoding.layout import WAYPOINT_TIMES
from wam_ros.decoding.posterior import NumberPosterior

_NEAR = (1.0, 0.5)  # s, m: up to this time this radius
_FAR = (4.0, 1.5)  # s, m: and from there in a line to this one

MEDIUM_FROM = 0.5
HIGH_FROM = 0.8


def confidence_radius(time: float) -> float:
    """Radius r [m] for a waypoint at `time` [s] after t0: 0.5 m up to 1 s, linear to 1.5 m at 4 s and so on."""
    (near_time, near), (far_time, far) = _NEAR, _FAR
    return near + (far - near) * max(0.0, time - near_time) / (far_time - near_time)


RADII = tuple(confidence_radius(time) for time in WAYPOINT_TIMES)
"""r of each waypoint [m]."""
_NUMBER_RADII = tuple(radius for radius in RADII for _ in "xy")


class ConfidenceLevel(IntEnum):
    """Overall confidence in three words: low below 0.5, high from 0.8."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2

    @classmethod
    def of(cls, confidence: float) -> ConfidenceLevel:
        """The level of a confidence in [0, 1]."""
        if confidence >= HIGH_FROM:
            return cls.HIGH
        return cls.MEDIUM if confidence >= MEDIUM_FROM else cls.LOW


@dataclass(frozen=True, eq=False)
class PlanConfidence:
    """Confidence of one plan.

    Fields:
        waypoints: (8,) float64 P(|waypoint - true position| <= r).
        overall: P(no infraction in 4 s); without a map for it merely the mean of `waypoints`.
        calibrated: Whether both went through fitted maps.

    """

    waypoints: Tensor
    overall: float
    calibrated: bool

    @property
    def level(self) -> ConfidenceLevel:
        """In three words."""
        return ConfidenceLevel.of(self.overall)


def waypoint_confidence(first_pass: NumberPosterior, waypoints: Tensor) -> Tensor:
    """Not yet calibrated: a posterior (16, BINS) and waypoints (..., 8, 2) [m] -> float64 (..., 8)."""
    masses = first_pass.window_mass(waypoints.flatten(-2), _NUMBER_RADII)
    return torch.unflatten(masses, -1, waypoints.shape[-2:]).prod(-1)


def plan_confidence(
    first_pass: NumberPosterior, waypoints: Tensor, trajectory: Trajectory, calibration: Calibration | None = None
) -> PlanConfidence:
    """Of a plan: its published waypoints (8, 2) [m] in the vehicle's frame at t0, and the trajectory of them.

    None = weights without maps.
    """
    maps = Calibration() if calibration is None else calibration
    confidence = maps.of_waypoints(waypoint_confidence(first_pass, waypoints))
    features = PlanFeatures.of(trajectory, confidence.cpu().numpy())
    return PlanConfidence(confidence, maps.of_plan(features), maps.complete)
