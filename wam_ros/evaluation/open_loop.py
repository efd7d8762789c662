"""Plans of recorded frames against what was driven: errors, NAVSIM scores and confidence of one drive.

The drive goes on whatever is planned, so errors do not add up as they do closed loop. It knows no bag: frames, true
poses and scenes are handed in.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import Array, wrap_angle
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Expert
from wam_ros.core.timing import NS_PER_S
from wam_ros.evaluation.frame_scores import FrameScorer, FrameScores
from wam_ros.evaluation.recorded_drive import RecordedDrive
from wam_ros.evaluation.scenario_export import ScenarioExporter, proposal, stamp_before

_EARLY_S = 0.04  # a frame may come so much before it is due
_KEPT_S = 1.0


class KnownPoses(Protocol):
    """Poses of base_link at N times."""

    @property
    def positions(self) -> Array:
        """(N, 2) [m]."""

    @property
    def headings(self) -> Array:
        """(N,) [rad]."""

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(N,) where False, nothing is known."""


class TruePath(Protocol):
    """Where the vehicle went, in the frame of the plans."""

    def at(self, stamp_ns: int, times: ArrayLike) -> KnownPoses:
        """The poses at times (N,) [s] after a stamp [ns]."""


@dataclass(frozen=True, eq=False)
class PlannedFrame:
    """An image of a drive and the plan that answers it; `ego` is None where the state was not known."""

    stamp_ns: int
    ego: EgoState | None
    plan: Plan


@dataclass(frozen=True, eq=False)
class EvaluatedFrame:
    """A frame beside the truth.

    Fields:
        frame: What was planned.
        true_positions: (W, 2) [m]; NaN where not known.
        true_headings: (W,) [rad]; likewise.
        known: (W,).
        scores: NAVSIM's; None where they were not wanted or cannot be told.

    """

    frame: PlannedFrame
    true_positions: Array
    true_headings: Array
    known: NDArray[np.bool_]
    scores: FrameScores | None = None

    @property
    def distances(self) -> Array:
        """(W,) from each waypoint to the true position [m]; NaN where not known."""
        gaps: Array = np.linalg.norm(self.frame.plan.trajectory.positions - self.true_positions, axis=1)
        return gaps

    @property
    def heading_errors(self) -> Array:
        """(W,) absolute [rad]; NaN where not known."""
        turned: Array = np.abs(wrap_angle(self.frame.plan.trajectory.headings - self.true_headings))
        return turned


@dataclass(frozen=True, eq=False)
class EvaluatedDrive:
    """All frames of one drive.

    Fields:
        name: Of the drive.
        frames: In order.
        truth: Of the drive; None where only its path is known.
        why_unscored: Why there are no NAVSIM scores; empty where there are.

    """

    name: str
    frames: tuple[EvaluatedFrame, ...]
    truth: RecordedDrive | None
    why_unscored: str = ""


def evaluate_drive(
    name: str,
    frames: Iterable[PlannedFrame],
    path: TruePath,
    truth: RecordedDrive | None = None,
    expert: Expert | None = None,
    *,
    why_unscored: str = "",
    score_every: float = 0.5,
) -> EvaluatedDrive:
    """Compare the plans of a drive with what was driven.

    Args:
        name: Of the drive.
        frames: In order of time.
        path: Where the vehicle went.
        truth: Scenes, map and route; with the expert they make NAVSIM scores.
        expert: Plans the yardstick of progress.
        why_unscored: Why one of the two is missing.
        score_every: At most one frame in so many seconds is scored [s]; scoring takes some 50 ms.

    """
    scorer = FrameScorer(ScenarioExporter(truth, expert)) if truth is not None and expert is not None else None
    recent: OrderedDict[int, Array] = OrderedDict()
    evaluated: list[EvaluatedFrame] = []
    due_ns: int | None = None
    for frame in frames:
        scores = None
        if scorer is not None and frame.ego is not None:
            stamp, planned = frame.stamp_ns, proposal(frame.plan.trajectory, frame.ego)
            if due_ns is None or stamp >= due_ns:
                before = stamp_before(recent, stamp)
                scores = scorer.scores(stamp, planned, None if before is None else (before, recent[before]))
                if scores is not None:
                    due_ns = stamp + round((score_every - _EARLY_S) * NS_PER_S)
            recent[stamp] = planned
            while stamp - next(iter(recent)) > _KEPT_S * NS_PER_S:
                recent.popitem(last=False)
        true = path.at(frame.stamp_ns, frame.plan.trajectory.times)
        evaluated.append(EvaluatedFrame(frame, true.positions, true.headings, true.valid, scores))
    return EvaluatedDrive(name, tuple(evaluated), truth, why_unscored)
