"""In which order units are committed. Causal, reverse-causal and confidence orders are those of the WAM-Diff paper."""

from __future__ import annotations

from enum import Enum

import torch
from torch import Tensor

from wam_ros.core.errors import InputError
from wam_ros.decoding.layout import WAYPOINTS
from wam_ros.decoding.scenario import Scenario
from wam_ros.decoding.units import CommitUnits

# Without a scaffold, numbers under a fixed order carry these stand-ins for a confidence and compete with the model's
# own for commas and the end: the ramp of the released reverse-causal routine.
_RAMP = (0.1, 0.99)


class DecodeOrder(str, Enum):
    """Names of the orders.

    CONFIDENCE: The surest first, decided in each pass.
    CAUSAL: In order of time.
    REVERSE_CAUSAL: From the last position back to the first.
    BISECT: 4 s, 2 s, 3 s, 1 s, then 3.5, 2.5, 1.5, 0.5 s: the end, then the middles of what is left, far ones first.
    RANDOM: A permutation drawn from the seed.
    SCENARIO: By the rule of `order_for`.

    """

    CONFIDENCE = "confidence"
    CAUSAL = "causal"
    REVERSE_CAUSAL = "reverse-causal"
    BISECT = "bisect"
    RANDOM = "random"
    SCENARIO = "scenario"


def order_for(scenario: Scenario) -> DecodeOrder:
    """The scenario-aware order.

    Turning: causal, since the near-term manoeuvre decides. Else slow: bisect, since whether and how far to go at all
    decides, and the way between is filled in evenly. Else reverse-causal: following and oncoming traffic ask for
    the far end first. The paper names the first and the last case and gives no rule; thresholds are our own.

    """
    if scenario.turning:
        return DecodeOrder.CAUSAL
    return DecodeOrder.BISECT if scenario.slow else DecodeOrder.REVERSE_CAUSAL


def number_sequence(
    order: DecodeOrder, units: CommitUnits, seed: int = 0, scenario: Scenario | None = None
) -> tuple[int, ...] | None:
    """The units that hold numbers, in the order of their commits; None where each pass decides.

    Raises:
        InputError: The scenario-aware order without a scenario.

    """
    numbers = units.number_units
    match order:
        case DecodeOrder.CONFIDENCE:
            return None
        case DecodeOrder.CAUSAL:
            return numbers
        case DecodeOrder.REVERSE_CAUSAL:
            return numbers[::-1]
        case DecodeOrder.BISECT:
            each = len(numbers) // WAYPOINTS
            return tuple(numbers[each * waypoint + part] for waypoint in _bisected() for part in range(each))
        case DecodeOrder.RANDOM:
            drawn = torch.randperm(len(numbers), generator=torch.Generator().manual_seed(seed))
            return tuple(numbers[index] for index in drawn.tolist())
        case DecodeOrder.SCENARIO:
            if scenario is None:
                msg = "order 'scenario' was given no scenario; pass one or choose another order"
                raise InputError(msg)
            return number_sequence(order_for(scenario), units, seed, scenario)


def fixed_priorities(sequence: tuple[int, ...] | None, units: CommitUnits) -> tuple[Tensor, Tensor]:
    """What stands in for the model's confidence: priorities (U,) float64, and where they hold (U,) bool.

    Higher is committed earlier. Units outside the sequence keep the model's confidence.

    """
    priorities = torch.zeros(units.count, dtype=torch.float64)
    fixed = torch.zeros(units.count, dtype=torch.bool)
    if sequence is not None:
        where = torch.tensor(sequence)
        priorities[where] = torch.linspace(*_RAMP, len(sequence), dtype=torch.float64).flip(0)
        fixed[where] = True
    return priorities, fixed


def _bisected() -> list[int]:
    """Waypoints by the largest power of two that divides their number (counted from 1), far ones first in each."""
    order: list[int] = []
    step = WAYPOINTS
    while step >= 1:
        order += [number - 1 for number in range(WAYPOINTS, 0, -1) if number % step == 0 and number - 1 not in order]
        step //= 2
    return order
