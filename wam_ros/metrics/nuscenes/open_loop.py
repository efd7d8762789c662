"""The open-loop table of nuScenes: L2 and collisions at 1, 2 and 3 s, under the three protocols side by side.

Collision figures of the protocols are shares of steps, not of plans that collide within 3 s, and the ego's box never
turns: they compare with published tables and with nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array
from wam_ros.metrics.nuscenes.protocols import PROTOCOLS, Errors, Protocol, plan_errors
from wam_ros.metrics.nuscenes.sample import STEPS, Sample

_STEPS_PER_SECOND = 2


@dataclass(frozen=True)
class Columns:
    """One row of the table: the values at 1, 2 and 3 s."""

    at_1s: float
    at_2s: float
    at_3s: float

    @property
    def average(self) -> float:
        """Of the three."""
        return (self.at_1s + self.at_2s + self.at_3s) / 3.0


@dataclass(frozen=True)
class ProtocolScores:
    """The rows of one protocol.

    Fields:
        protocol: Its name.
        samples: How many it keeps.
        l2: [m].
        box_collision: Share of steps at which the ego's box hits something, the published "collision rate".
        point_collision: Share of steps at which the waypoint's own cell is occupied.

    """

    protocol: str
    samples: int
    l2: Columns
    box_collision: Columns
    point_collision: Columns


def score_open_loop(plans: ArrayLike, samples: Sequence[Sample]) -> tuple[ProtocolScores, ...]:
    """The rows of ST-P3, VAD and UniAD, in this order; a protocol that keeps no sample has no rows.

    Args:
        plans: (N, 6, 2) where the LiDAR will be at 0.5, 1.0 .. 3.0 s [m], LiDAR frame of the sample: x right, y ahead.
        samples: N.

    Raises:
        InputError: The plans have another shape or are not finite.

    """
    checked: Array = frozen_array(plans, "plans", (len(samples), STEPS, 2))
    if not np.isfinite(checked).all():
        msg = "plans: not all waypoints are finite numbers"
        raise InputError(msg)
    scores = (_score(checked, samples, protocol) for protocol in PROTOCOLS)
    return tuple(score for score in scores if score is not None)


def format_table(scores: Sequence[ProtocolScores]) -> str:
    """The table for people: L2 in metres, collisions in percent."""
    lines = [f"{'protocol':<10}{'':<20}{'1 s':>8}{'2 s':>8}{'3 s':>8}{'avg':>8}"]
    for score in scores:
        for title, columns, factor in (
            ("L2 [m]", score.l2, 1.0),
            ("box collision [%]", score.box_collision, 100.0),
            ("point collision [%]", score.point_collision, 100.0),
        ):
            values = (columns.at_1s, columns.at_2s, columns.at_3s, columns.average)
            lines.append(f"{score.protocol:<10}{title:<20}" + "".join(f"{value * factor:8.3f}" for value in values))
    return "\n".join(lines)


def _score(plans: Array, samples: Sequence[Sample], protocol: Protocol) -> ProtocolScores | None:
    errors = [plan_errors(plan, sample, protocol) for plan, sample in zip(plans, samples) if protocol.keeps(sample)]
    if not errors:
        return None
    return ProtocolScores(
        protocol=protocol.name,
        samples=len(errors),
        l2=_columns(_stacked(errors, "l2"), protocol),
        box_collision=_columns(_stacked(errors, "box_collision"), protocol),
        point_collision=_columns(_stacked(errors, "point_collision"), protocol),
    )


def _stacked(errors: Sequence[Errors], name: str) -> Array:
    """(N, 6)."""
    return np.array([getattr(error, name) for error in errors], dtype=np.float64)


def _columns(values: Array, protocol: Protocol) -> Columns:
    by_step = values.mean(axis=0)
    ends = [second * _STEPS_PER_SECOND for second in (1, 2, 3)]
    columns = [float(by_step[:end].mean() if protocol.cumulative else by_step[end - 1]) for end in ends]
    return Columns(*columns)
