"""The start rule: how the answer of a vehicle at rest is read where the model sees reason to move off.

At rest a posterior has two parts, "stays" and "goes", and the share that goes should be the same at all waypoints. It
is not: each waypoint is read by itself, and one may say "goes" where others say "stays". Their medians then give plans
that never start, or that jump at their end. So the waypoint surest of going decides for all and is committed first,
and the others are read within the part that goes. The rule knows numbers only: no lights, no time.
"""

from __future__ import annotations

import torch
from torch import Tensor

from wam_ros.decoding.layout import WAYPOINT_TIMES, bins_from_metres
from wam_ros.decoding.posterior import NumberPosterior

AT_REST = 0.5  # m/s; slower is at rest
MOVED = 0.3  # m ahead; farther is going
FROM = 1.0  # s; before, a start has hardly moved
_STRAY = 1e-3  # mass: less of it going is no part of the posterior
_FIRST_BIN = int(bins_from_metres(torch.tensor(MOVED))) + 1
_FIRST_WAYPOINT = next(index for index, time in enumerate(WAYPOINT_TIMES) if time >= FROM)


class StartRule:
    """The rule on its way through one decoding of K answers.

    Args:
        level: Probability of going from which on the surest waypoint decides to go, in (0, 1].

    """

    def __init__(self, level: float) -> None:
        self._level = level
        self._goes: Tensor | None = None  # (K, 1), decided by the first pass

    def read(self, posterior: NumberPosterior, positions: Tensor, levels: Tensor | None) -> tuple[Tensor, Tensor]:
        """What the rule makes of a pass.

        Args:
            posterior: Of the numbers at open positions, (K, M, BINS).
            positions: In the answer, (K, M).
            levels: (K, M) quantiles that candidates read at, NaN for none: of what goes, where it goes.

        Returns:
            Quantiles (K, M) at which numbers are read, NaN = as the settings say; and which positions (K, M) are
            committed before all others: the waypoint that decided, in the pass in which it does.

        """
        levels = torch.full(positions.shape, torch.nan, device=positions.device) if levels is None else levels
        going = posterior.probabilities[..., _FIRST_BIN:].sum(-1)
        waypoints = positions // 4
        going = going * ((positions % 4 == 0) & (waypoints >= _FIRST_WAYPOINT))
        first = torch.zeros_like(positions, dtype=torch.bool)
        if self._goes is None:
            surest, where = going.max(-1, keepdim=True)  # (K, 1)
            self._goes = surest >= self._level
            first = self._goes & (waypoints == waypoints.gather(1, where))
        within = 1.0 - going * (1.0 - levels.nan_to_num(0.5))
        return torch.where(self._goes & (going > _STRAY), within, levels), first
