"""How many units each step commits, given how many steps remain: from one unit a step to all at once."""

from __future__ import annotations

import math
from enum import Enum

_ROUNDING = 1e-9


class MaskSchedule(str, Enum):
    """Share of units that is still masked after a share f of the steps.

    LINEAR: 1 - f, evenly; in whole units exactly LLaDA's floor(M / steps) + 1[i < M mod steps].
    COSINE: cos(pi f / 2), few at first and many at last (MaskGIT).
    SQUARE_ROOT: 1 - sqrt(f), many at first and few at last.

    """

    LINEAR = "linear"
    COSINE = "cosine"
    SQUARE_ROOT = "square-root"

    def commits(self, open_units: int, units: int, steps_left: int) -> int:
        """Units to commit in this step.

        Args:
            open_units: Units not committed yet, R, at least 1.
            units: Units in all.
            steps_left: Steps that remain, this one included, n; at least 1.

        The curve is entered where its share is R / units, and the rest of it is spread over the n steps; so nothing
        but the present state counts, and a change of n takes effect at once. At least one unit is committed, and at
        least one left for each further step while there are enough. The number left never falls as R or n grows.

        """
        steps = min(steps_left, open_units)
        match self:
            case MaskSchedule.LINEAR:
                left = open_units - math.ceil(open_units / steps)
            case MaskSchedule.COSINE:
                done = math.acos(open_units / units) * 2.0 / math.pi
                left = math.floor(units * math.cos(_ahead(done, steps) * math.pi / 2.0) + _ROUNDING)
            case MaskSchedule.SQUARE_ROOT:
                done = (1.0 - open_units / units) ** 2
                left = math.floor(units * (1.0 - math.sqrt(_ahead(done, steps))) + _ROUNDING)
        return open_units - max(steps - 1, min(left, open_units - 1))


def _ahead(done: float, steps: int) -> float:
    """The share of the steps after one of the `steps` that remain."""
    return done + (1.0 - done) / steps
