"""Which plans are decoded side by side: for each an order of commits and how the first pass is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from wam_ros.decoding.orders import DecodeOrder, fixed_priorities, number_sequence, order_for
from wam_ros.decoding.scenario import Scenario
from wam_ros.decoding.settings import CandidateSource, DecodeSettings
from wam_ros.decoding.units import CommitUnits

SAMPLED_LEVELS = (0.05, 0.95)
"""Quantiles are drawn between these: the tails of a range of 200 m hold stray mass."""
# In this order, after the main plan's own; random permutations follow when they run out.
_OTHER_ORDERS = (DecodeOrder.REVERSE_CAUSAL, DecodeOrder.BISECT, DecodeOrder.CAUSAL, DecodeOrder.CONFIDENCE)


@dataclass(frozen=True)
class CandidateRow:
    """One plan to decode.

    Fields:
        number: 0 is the main plan.
        sequence: Units of its numbers in order of commits; None = each pass decides.
        levels: Quantiles at which the first pass's x and y are read, the same for all waypoints, so that a candidate
            is faster or slower, further left or right, and not ragged; None = as the settings say.

    """

    number: int
    sequence: tuple[int, ...] | None
    levels: tuple[float, float] | None = None


def candidate_rows(settings: DecodeSettings, scenario: Scenario | None = None) -> tuple[CandidateRow, ...]:
    """The main plan and the others; each depends on the settings and its number only, not on how many there are."""
    units = settings.units
    main = CandidateRow(0, number_sequence(settings.order, units, settings.seed, scenario))
    numbers = range(1, settings.candidates)
    if settings.candidate_source is CandidateSource.SAMPLES:
        return (main, *(CandidateRow(number, main.sequence, _levels(settings.seed, number)) for number in numbers))
    order = settings.order
    if order is DecodeOrder.SCENARIO and scenario is not None:
        order = order_for(scenario)
    others = [other for other in _OTHER_ORDERS if other is not order]
    return (main, *(CandidateRow(number, _other_sequence(others, number, units, settings.seed)) for number in numbers))


def priorities(rows: tuple[CandidateRow, ...], units: CommitUnits) -> tuple[Tensor, Tensor]:
    """`fixed_priorities` of each row: (K, U) float64 and (K, U) bool."""
    values, fixed = zip(*(fixed_priorities(row.sequence, units) for row in rows))
    return torch.stack(values), torch.stack(fixed)


def first_levels(rows: tuple[CandidateRow, ...]) -> Tensor | None:
    """Levels (K, 2) of x and y in the first pass, NaN where the settings rule; None if they rule everywhere."""
    if all(row.levels is None for row in rows):
        return None
    return torch.tensor([row.levels or (math.nan, math.nan) for row in rows])


def _levels(seed: int, number: int) -> tuple[float, float]:
    generator = torch.Generator().manual_seed(seed * 1_000_003 + number)
    low, high = SAMPLED_LEVELS
    x, y = (low + (high - low) * torch.rand(2, generator=generator)).tolist()
    return x, y


def _other_sequence(others: list[DecodeOrder], number: int, units: CommitUnits, seed: int) -> tuple[int, ...] | None:
    if number <= len(others):
        return number_sequence(others[number - 1], units)
    return number_sequence(DecodeOrder.RANDOM, units, seed + number)
