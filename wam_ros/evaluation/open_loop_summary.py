"""Figures over the frames of an open-loop evaluation: errors by horizon and by confidence, NAVSIM scores, calibration.

ADE is the mean distance over all waypoints that have truth, each counting once; FDE that of the last waypoints.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.geometry import Array
from wam_ros.core.plan import PlanStatus
from wam_ros.core.timing import NS_PER_S
from wam_ros.evaluation.calibration import (
    CalibrationFigures,
    OutcomeSamples,
    WaypointSamples,
    calibration_figures,
    hit_radii,
)
from wam_ros.evaluation.drive_bootstrap import drive_interval
from wam_ros.evaluation.nuscenes_samples import nuscenes_rows
from wam_ros.evaluation.open_loop import EvaluatedDrive, EvaluatedFrame

METRIC_VERSION = "open loop 1; navsim v1.1, v2.2; nuscenes ST-P3, VAD, UniAD"
CONFIDENCE_BINS = 5
_STRETCH_S = 10.0  # plans this far apart share nothing of what they are compared with
_MOST_REASONS = 5
_NUMBER = re.compile(r"-?\d+(\.\d+)?")  # reasons that differ in their figures only are one


def summarise_frames(drives: Sequence[EvaluatedDrive], seed: int = 0) -> dict[str, Any]:
    """The summary of a result file; null = there is nothing to tell it from."""
    frames = [frame for drive in drives for frame in drive.frames]
    stretches = _stretches(drives)
    totals = {
        "ade_m": [(float(frame.distances[frame.known].sum()), int(frame.known.sum())) for frame in frames],
        "fde_m": [(float(frame.distances[-1]), 1) if frame.known[-1] else (0.0, 0) for frame in frames],
        "pdms": [(0.0, 0) if frame.scores is None else (frame.scores.pdms, 1) for frame in frames],
        "epdms": [(0.0, 0) if frame.scores is None else (frame.scores.epdms, 1) for frame in frames],
    }
    intervals = {name: _interval(values, stretches, seed) for name, values in totals.items()}
    confident = [frame for frame in frames if frame.frame.plan.confidence is not None]
    return {
        "bags": len(drives),
        **_figures(frames),
        "by_horizon": _by_horizon(frames),
        "by_confidence": _by_confidence(confident),
        "confidence_calibrated": all(frame.frame.plan.calibrated for frame in confident) if confident else None,
        "nuscenes": nuscenes_rows(drives),
        "ci95": {name: list(ends) for name, ends in intervals.items() if ends is not None},
    }


def bag_rows(drives: Sequence[EvaluatedDrive]) -> list[dict[str, Any]]:
    """One row of figures for each drive, without those that need many frames."""
    return [{"id": drive.name, **_figures(drive.frames), "why_unscored": drive.why_unscored} for drive in drives]


def calibrate_frames(drives: Sequence[EvaluatedDrive], seed: int = 0) -> CalibrationFigures | None:
    """Calibration over all frames; intervals are of the bootstrap over stretches of 10 s.

    "No infraction within 4 s" is what NAVSIM's simulation of the plan says, see `FrameScores`.
    """
    frames = [frame for drive in drives for frame in drive.frames]
    stretches = _stretches(drives)
    whole = [
        (frame, part) for frame, part in zip(frames, stretches) if frame.frame.plan.waypoint_confidence is not None
    ]
    outcomes = [
        (frame.frame.plan.confidence, frame.scores.infraction, part)
        for frame, part in zip(frames, stretches)
        if frame.frame.plan.confidence is not None and frame.scores is not None
    ]
    return calibration_figures(
        _waypoint_samples([frame for frame, _ in whole], np.array([part for _, part in whole])) if whole else None,
        OutcomeSamples(*(np.array(column) for column in zip(*outcomes))) if outcomes else None,
        seed,
    )


def _figures(frames: Sequence[EvaluatedFrame]) -> dict[str, Any]:
    statuses = Counter(frame.frame.plan.status for frame in frames)
    reasons = Counter(_NUMBER.sub("#", frame.frame.plan.reason) for frame in frames if frame.frame.plan.reason)
    scored = [frame.scores for frame in frames if frame.scores is not None]
    return {
        "frames": len(frames),
        "ade_m": _ade(frames),
        "fde_m": _fde(frames),
        "heading_error_rad": _mean(_pooled(frames, lambda frame: frame.heading_errors)),
        "n": int(sum(frame.known.sum() for frame in frames)),
        "n_fde": sum(bool(frame.known[-1]) for frame in frames),
        "statuses": {status.name: statuses[status] for status in PlanStatus},
        "reasons": dict(reasons.most_common(_MOST_REASONS)),
        "frames_scored": len(scored),
        "pdms": _scored(frames, "pdms"),
        "epdms": _scored(frames, "epdms"),
        "epdms_unfiltered": _scored(frames, "epdms_unfiltered"),
        "sub_scores": {
            "v1": _means_by_name([dict(scores.v1) for scores in scored]),
            "v2": _means_by_name([dict(scores.v2) for scores in scored]),
        },
    }


def _by_horizon(frames: Sequence[EvaluatedFrame]) -> list[dict[str, Any]]:
    rows = []
    times = sorted({round(float(time), 3) for frame in frames for time in frame.frame.plan.trajectory.times})
    for time in times:
        at = [(frame, np.abs(frame.frame.plan.trajectory.times - time) < 1e-3) for frame in frames]
        distances = np.concatenate([frame.distances[chosen & frame.known] for frame, chosen in at])
        turned = np.concatenate([frame.heading_errors[chosen & frame.known] for frame, chosen in at])
        rows.append(
            {"time_s": time, "n": len(distances), "error_m": _mean(distances), "heading_error_rad": _mean(turned)}
        )
    return rows


def _by_confidence(frames: Sequence[EvaluatedFrame]) -> list[dict[str, Any]]:
    """By overall confidence; frames without one are left out."""
    edges = np.linspace(0.0, 1.0, CONFIDENCE_BINS + 1)
    which = [
        min(int(float(frame.frame.plan.confidence or 0.0) * CONFIDENCE_BINS), CONFIDENCE_BINS - 1) for frame in frames
    ]
    rows = []
    for index in range(CONFIDENCE_BINS if frames else 0):
        some = [frame for frame, bin_index in zip(frames, which) if bin_index == index]
        rows.append(
            {
                "low": float(edges[index]),
                "high": float(edges[index + 1]),
                "frames": len(some),
                "ade_m": _ade(some),
                "fde_m": _fde(some),
                "heading_error_rad": _mean(_pooled(some, lambda frame: frame.heading_errors)),
                "pdms": _scored(some, "pdms"),
            }
        )
    return rows


def _waypoint_samples(frames: Sequence[EvaluatedFrame], stretches: Array) -> WaypointSamples | None:
    """Of the plans that have as many waypoints as the first."""
    times = frames[0].frame.plan.trajectory.times
    alike = [len(frame.known) == len(times) for frame in frames]
    chosen = [frame for frame, same in zip(frames, alike) if same]
    return WaypointSamples(
        times=times,
        radii=hit_radii(times),
        believed=np.array([frame.frame.plan.waypoint_confidence for frame in chosen]),
        errors=np.array([frame.distances for frame in chosen]),
        known=np.array([frame.known for frame in chosen]),
        drives=stretches[np.array(alike)],
    )


def _stretches(drives: Sequence[EvaluatedDrive]) -> list[int]:
    """For each frame the number of its stretch of 10 s; no stretch is of two drives."""
    numbers: list[int] = []
    for drive in drives:
        first = numbers[-1] + 1 if numbers else 0
        begun = drive.frames[0].frame.stamp_ns if drive.frames else 0
        numbers += [first + int((frame.frame.stamp_ns - begun) / NS_PER_S / _STRETCH_S) for frame in drive.frames]
    return numbers


def _interval(totals: Sequence[tuple[float, int]], stretches: Sequence[int], seed: int) -> tuple[float, float] | None:
    """Of a mean, from what each frame adds to its sum and to its count."""
    sums, counts = np.array(totals).reshape(-1, 2).T

    def mean(chosen: NDArray[np.intp]) -> float | None:
        count = float(counts[chosen].sum())
        return float(sums[chosen].sum()) / count if count else None

    return drive_interval(stretches, mean, seed, np.inf)


def _ade(frames: Sequence[EvaluatedFrame]) -> float | None:
    return _mean(_pooled(frames, lambda frame: frame.distances))


def _fde(frames: Sequence[EvaluatedFrame]) -> float | None:
    return _mean([float(frame.distances[-1]) for frame in frames if frame.known[-1]])


def _scored(frames: Sequence[EvaluatedFrame], name: str) -> float | None:
    return _mean([getattr(frame.scores, name) for frame in frames if frame.scores is not None])


def _pooled(frames: Sequence[EvaluatedFrame], values: Callable[[EvaluatedFrame], Array]) -> Array:
    """The values of all waypoints with truth."""
    return np.concatenate([values(frame)[frame.known] for frame in frames]) if frames else np.zeros(0)


def _means_by_name(rows: Sequence[dict[str, float]]) -> dict[str, float | None]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _mean([row[name] for row in rows if name in row]) for name in names}


def _mean(values: Sequence[float] | Array) -> float | None:
    return float(np.mean(values)) if len(values) else None
