"""Where a vehicle can be: the window within which a mean over a distribution of numbers makes sense."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from wam_ros.decoding.layout import BIN_SIZE, BINS, WAYPOINT_TIMES, bins_from_metres

MAX_ACCELERATION = 10.0  # m/s^2 in any direction: what tyres give
SLACK = 1.0  # m, for the error of the measured speed and for numbers read


@dataclass(frozen=True, eq=False)
class ReachableBins:
    """Windows of bins, one for each of the 16 numbers.

    With |acceleration| <= a, the position at time t is within a disc of radius a t^2 / 2 around (v t, 0), in the
    frame of the vehicle at t0. The windows are the boxes around these discs. Where the speed is not known they are
    centred on the distributions' medians; the radius is then twice as large, since a median may lie at the rim.

    Fields:
        centres: (16,) int64 bins, or None without a speed.
        half_widths: (16,) int64 bins.

    """

    centres: Tensor | None
    half_widths: Tensor

    @classmethod
    def of(cls, speed: float | None, device: torch.device | None = None) -> ReachableBins:
        """For a speed along the vehicle [m/s], negative in reverse."""
        times = torch.tensor(WAYPOINT_TIMES, dtype=torch.float64, device=device).repeat_interleave(2)
        radii = 0.5 * MAX_ACCELERATION * times.square()
        if speed is None:
            return cls(None, ((2.0 * radii + SLACK) / BIN_SIZE).ceil().to(torch.int64))
        along = times * speed
        along[1::2] = 0.0
        return cls(bins_from_metres(along), ((radii + SLACK) / BIN_SIZE).ceil().to(torch.int64))

    def window(self, numbers: Tensor, medians: Tensor) -> tuple[Tensor, Tensor]:
        """First and last bins (...) for numbers (...) of 0..15 with medians (...), all int64."""
        centres = medians if self.centres is None else self.centres[numbers]
        half = self.half_widths[numbers]
        return (centres - half).clamp(0, BINS - 1), (centres + half).clamp(0, BINS - 1)
