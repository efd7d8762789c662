"""Sub-scores to totals: PDMS, EPDMS, the human filter, and the averages of one- and two-stage evaluation.

All functions take arrays of proposals (N,) or plain numbers alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array

_GAUSSIAN_VARIANCE = 0.1  # m^2, of the weights of second-stage scenes
_NO_WEIGHT = 1e-8  # sums of weights below it count as none


@dataclass(frozen=True, eq=False)
class PdmSubScores:
    """Sub-scores of v1.1, each (N,) in [0, 1]; names as in NAVSIM's result tables."""

    no_at_fault_collisions: Array
    drivable_area_compliance: Array
    ego_progress: Array
    time_to_collision_within_bound: Array
    comfort: Array
    driving_direction_compliance: Array

    @property
    def product(self) -> Array:
        """(N,) of the multiplying sub-scores; driving direction has weight 0 in v1.1."""
        return self.no_at_fault_collisions * self.drivable_area_compliance

    def pdms(self) -> Array:
        """PDMS (N,) = NC DAC (5 TTC + 5 EP + 2 C) / 12."""
        weighted = 5.0 * self.time_to_collision_within_bound + 5.0 * self.ego_progress + 2.0 * self.comfort
        return self.product * (weighted / 12.0)


@dataclass(frozen=True, eq=False)
class EpdmSubScores:
    """Sub-scores of v2.2 without extended comfort, each (N,) in [0, 1]; names as in NAVSIM's result tables."""

    no_at_fault_collisions: Array
    drivable_area_compliance: Array
    driving_direction_compliance: Array
    traffic_light_compliance: Array
    ego_progress: Array
    time_to_collision_within_bound: Array
    lane_keeping: Array
    history_comfort: Array

    @property
    def product(self) -> Array:
        """(N,) of the multiplying sub-scores."""
        return (
            self.no_at_fault_collisions
            * self.drivable_area_compliance
            * self.driving_direction_compliance
            * self.traffic_light_compliance
        )

    def epdms(self, extended_comfort: Array | None) -> Array:
        """EPDMS (N,) = NC DAC DDC TLC (5 EP + 5 TTC + 2 LK + 2 HC + 2 EC) / 16.

        Without extended comfort (no frame before) its weight is left out: / 14.
        """
        weighted = (
            5.0 * self.ego_progress
            + 5.0 * self.time_to_collision_within_bound
            + 2.0 * self.lane_keeping
            + 2.0 * self.history_comfort
        )
        if extended_comfort is None:
            return self.product * (weighted / 14.0)
        return self.product * ((weighted + 2.0 * extended_comfort) / 16.0)

    def forgiven(self, human: EpdmSubScores) -> EpdmSubScores:
        """The human filter: every sub-score at which the human, scored alone (1,), has exactly 0 becomes 1.

        Only for original scenes. A human's 0.5 forgives nothing; extended comfort is never forgiven.
        """
        ones = {
            field.name: np.ones_like(getattr(self, field.name))
            for field in fields(self)
            if float(np.asarray(getattr(human, field.name)).item()) == 0.0
        }
        return replace(self, **ones)


@dataclass(frozen=True)
class SecondStageScene:
    """A synthetic scene of the second stage: its score and where its rear axle starts [m], world frame."""

    score: float
    start: tuple[float, float]


@dataclass(frozen=True)
class TwoStageFrame:
    """One first-stage frame with its second stage.

    Fields:
        score: EPDMS of the frame, with the human filter.
        endpoint: Where the planner's raw last pose lies [m], world frame (not the simulated one).
        second_stage: At least one scene.

    """

    score: float
    endpoint: tuple[float, float]
    second_stage: tuple[SecondStageScene, ...]

    def __post_init__(self) -> None:
        if not self.second_stage:
            msg = "a two-stage frame has no second-stage scene"
            raise InputError(msg)

    def combined(self) -> float:
        """First-stage score times the weighted mean of the second stage."""
        weights = second_stage_weights(self.endpoint, [scene.start for scene in self.second_stage])
        return self.score * float(np.dot(weights, [scene.score for scene in self.second_stage]))


def second_stage_weights(endpoint: tuple[float, float], starts: Sequence[tuple[float, float]]) -> Array:
    """Weights (S,) that sum to 1: exp(-d^2 / 0.2), d [m] from the endpoint to each start; equal if all vanish."""
    offsets = np.asarray(starts, dtype=np.float64).reshape(-1, 2) - np.asarray(endpoint, dtype=np.float64)
    weights: Array = np.exp(-(offsets**2).sum(axis=1) / (2.0 * _GAUSSIAN_VARIANCE))
    total = float(weights.sum())
    if not total > _NO_WEIGHT:
        return np.full(len(weights), 1.0 / len(weights))
    return weights / total


def two_stage_epdms(groups: Sequence[tuple[TwoStageFrame, TwoStageFrame]]) -> float:
    """Mean over groups of the mean of their two frames (now, 0.5 s earlier)."""
    if not groups:
        msg = "no groups to average"
        raise InputError(msg)
    return float(np.mean([(now.combined() + before.combined()) / 2.0 for now, before in groups]))


def one_stage_mean(scores: Sequence[float]) -> float:
    """Mean over frames; frames without a score (NaN) are left out, as NAVSIM's table does.

    Raises:
        InputError: No frame has a score.

    """
    kept = [score for score in scores if not math.isnan(score)]
    if not kept:
        msg = "no frame has a score"
        raise InputError(msg)
    return float(np.mean(kept))


def as_row(scores: Any, index: int) -> dict[str, float]:
    """The sub-scores of one proposal by name."""
    return {field.name: float(getattr(scores, field.name)[index]) for field in fields(scores)}
