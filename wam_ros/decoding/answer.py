"""A decoded answer: numbers, how they came about, and what the first pass believed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wam_ros.decoding.layout import WAYPOINTS
from wam_ros.decoding.posterior import NumberPosterior
from wam_ros.decoding.step_times import StepTimes


@dataclass(frozen=True, eq=False)
class DecodedAnswer:
    """K answers to one observation: the main one first, the others by falling score. U units, see `CommitUnits`.

    Fields:
        numbers: (K, 16) float64 x1, y1, ..., x8, y8 in the vehicle's frame at t0 [m]; all of them, always.
        tokens: (K, 32) int64, no mask among them.
        well_formed: (K,) whether numbers, commas and end are in their places; always so with a scaffold. Elsewhere a
            number that the tokens lack is the median of its position in the last pass that looked at it.
        scores: (K,) float64 in [0, 1]: the mean over the waypoints of the mass that the first pass puts within the
            confidence radius, `waypoint_confidence`: the share of waypoints expected near the truth.
        candidates: Number of each row's candidate: 0 for the main one.
        first_pass: Distributions (16, BINS) of the first, all-masked pass.
        steps_done: Passes made.
        steps_planned: Passes that the settings wanted; more than `steps_done` = cut by the deadline or by `fault`.
        commit_order: (K, U) int64 units in the order of their commits.
        units_per_step: Units committed by each pass.
        step_times: To be given to the next decode.
        mode: The settings in one line.
        fault: Why decoding stopped early other than for time; empty if it did not.

    """

    numbers: Tensor
    tokens: Tensor
    well_formed: Tensor
    scores: Tensor
    candidates: tuple[int, ...]
    first_pass: NumberPosterior
    steps_done: int
    steps_planned: int
    commit_order: Tensor
    units_per_step: tuple[int, ...]
    step_times: StepTimes
    mode: str
    fault: str = ""

    @property
    def waypoints(self) -> Tensor:
        """(K, 8, 2) x, y [m]; waypoint i is 0.5 (i + 1) s after t0."""
        return torch.unflatten(self.numbers, -1, (WAYPOINTS, 2))

    @property
    def complete(self) -> bool:
        """Whether all planned passes were made."""
        return self.steps_done == self.steps_planned
