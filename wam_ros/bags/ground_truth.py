"""Where the vehicle really went: the odometry of a whole drive, asked for later times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wam_ros.core.ego import EgoState
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array, wrap_angle
from wam_ros.core.timing import NS_PER_S

MAX_GAP_S = 0.5  # between two samples; nothing is known of the time in a longer gap


class TruePoses(NamedTuple):
    """Poses of base_link at N times; where `valid` is False nothing is known and the values are NaN."""

    positions: Array  # (N, 2) [m]
    headings: Array  # (N,) [rad]
    valid: NDArray[np.bool_]  # (N,)


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """Poses of base_link in the odometry's frame.

    Fields:
        stamps_ns: (M,) int64, increasing [ns].
        positions: (M, 2) [m].
        headings: (M,) [rad].
        drives: (M,) int64: number of the drive each sample belongs to; poses of different drives (before and after
            a jump of the odometry) say nothing of each other.

    """

    stamps_ns: NDArray[np.int64]
    positions: Array
    headings: Array
    drives: NDArray[np.int64]

    def __post_init__(self) -> None:
        stamps = frozen_array(self.stamps_ns, "stamps", (None,), np.int64)
        count = len(stamps)
        if (np.diff(stamps) <= 0).any():
            msg = "stamps of the true poses do not increase"
            raise InputError(msg)
        object.__setattr__(self, "stamps_ns", stamps)
        object.__setattr__(self, "positions", frozen_array(self.positions, "positions", (count, 2)))
        object.__setattr__(self, "headings", frozen_array(self.headings, "headings", (count,)))
        object.__setattr__(self, "drives", frozen_array(self.drives, "drives", (count,), np.int64))

    @classmethod
    def from_states(cls, states: Sequence[EgoState], drives: Sequence[int] | None = None) -> GroundTruth:
        """From ego states in order of time; `drives` None = all are of one drive."""
        return cls(
            np.array([state.stamp_ns for state in states], dtype=np.int64),
            np.array([state.pose.position for state in states]).reshape(-1, 2),
            np.array([state.pose.yaw for state in states], dtype=np.float64),
            np.array(drives if drives is not None else [0] * len(states), dtype=np.int64),
        )

    def at(self, stamp_ns: int, times: ArrayLike) -> TruePoses:
        """The poses at `stamp_ns` + `times` (N,) [s], linear between samples.

        Valid is what lies within the samples, in no gap over MAX_GAP_S, and in the drive of `stamp_ns`.
        """
        seconds: Array = frozen_array(times, "times", (None,))
        wanted = stamp_ns + np.rint(seconds * NS_PER_S).astype(np.int64)
        positions = np.full((len(wanted), 2), np.nan)
        headings = np.full(len(wanted), np.nan)
        drive = self._drive(stamp_ns)
        if drive is None:
            return TruePoses(positions, headings, np.zeros(len(wanted), dtype=np.bool_))
        # Differences of int64 first: nanoseconds since an epoch do not fit a float64.
        inside = (wanted >= self.stamps_ns[0]) & (wanted <= self.stamps_ns[-1])
        after = np.clip(np.searchsorted(self.stamps_ns, wanted, side="left"), 0, len(self.stamps_ns) - 1)
        exact = self.stamps_ns[after] == wanted
        before = np.where(exact, after, np.maximum(after - 1, 0))
        gap = self.stamps_ns[after] - self.stamps_ns[before]
        valid = inside & (gap <= MAX_GAP_S * NS_PER_S) & (self.drives[before] == drive) & (self.drives[after] == drive)
        share = np.where(gap > 0, (wanted - self.stamps_ns[before]) / np.maximum(gap, 1), 0.0)
        start, step = self.positions[before], self.positions[after] - self.positions[before]
        turn = wrap_angle(self.headings[after] - self.headings[before])
        positions[valid] = (start + share[:, None] * step)[valid]
        headings[valid] = wrap_angle(self.headings[before] + share * turn)[valid]
        return TruePoses(positions, headings, valid)

    def _drive(self, stamp_ns: int) -> int | None:
        """Drive of the last sample at or before a time; of the first, for a time before it."""
        if len(self.stamps_ns) == 0:
            return None
        index = int(np.searchsorted(self.stamps_ns, stamp_ns, side="right")) - 1
        return int(self.drives[max(index, 0)])
