"""Sub-scores of area and route: drivable area (DAC), driving direction (DDC), lane keeping (LK), progress (EP)."""

from __future__ import annotations

import numpy as np
import shapely

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.layout import STATES, Version
from wam_ros.metrics.navsim.rollout import Rollout

_ONCOMING_WINDOW = 10  # steps back, so 11 samples
_ONCOMING_TOLERATED = 2.0  # m
_ONCOMING_VIOLATION = 6.0  # m
_LANE_DEVIATION = 0.5  # m, exclusive
_LANE_DEVIATION_STEPS = 20
_PROGRESS_THRESHOLD = 5.0  # m


def drivable_area_compliance(rollout: Rollout) -> Array:
    """DAC (N,) in {0, 1}: 0 if a corner leaves the drivable area in any state."""
    return np.where(rollout.areas.non_drivable.any(axis=1), 0.0, 1.0)


def driving_direction_compliance(rollout: Rollout, version: Version) -> Array:
    """DDC (N,) in {0, 0.5, 1}: metres driven off the lanes of the route within one second, below 2 m or 6 m.

    v2 does not count metres inside intersections.
    """
    centers = rollout.boxes.center
    metres = np.zeros(centers.shape[:2])
    metres[:, 1:] = np.linalg.norm(centers[:, 1:] - centers[:, :-1], axis=-1)
    counted = rollout.areas.oncoming
    if version == "v2":
        counted = counted & ~rollout.areas.center_in_intersection
    metres[~counted] = 0.0
    # Window by window: a difference of running sums would round differently near the limits.
    worst = np.max(
        [metres[:, max(0, step - _ONCOMING_WINDOW) : step + 1].sum(axis=-1) for step in range(STATES)], axis=0
    )
    return np.where(worst < _ONCOMING_TOLERATED, 1.0, np.where(worst < _ONCOMING_VIOLATION, 0.5, 0.0))


def lane_keeping(rollout: Rollout, centerline: shapely.LineString) -> Array:
    """LK (N,) in {0, 1}: 0 if the centre is over 0.5 m off the centreline for 20 steps on end.

    Steps inside an intersection are left out: they neither add to a run of such steps nor end it.
    """
    centers = rollout.boxes.center
    near = shapely.dwithin(centerline, shapely.points(centers.reshape(-1, 2)), _LANE_DEVIATION)
    off = ~near.reshape(centers.shape[:2])
    skipped = rollout.areas.center_in_intersection
    run = np.zeros(len(centers), dtype=np.int64)
    longest = run.copy()
    for step in range(STATES):
        run = np.where(skipped[:, step], run, np.where(off[:, step], run + 1, 0))
        np.maximum(longest, run, out=longest)
    return np.where(longest >= _LANE_DEVIATION_STEPS, 0.0, 1.0)


def raw_progress(rollout: Rollout, centerline: shapely.LineString) -> Array:
    """Metres (N,) that the centre gains along the centreline in 4 s, at least 0."""
    ends = shapely.points(rollout.boxes.center[:, [0, -1]])
    along = shapely.line_locate_point(centerline, ends)
    gained: Array = np.maximum(along[:, 1] - along[:, 0], 0.0)
    return gained


def ego_progress(raw: Array, product: Array, reference_raw: float, reference_product: float, version: Version) -> Array:
    """EP (N,) in [0, 1] from raw progress [m] and the product of the multiplying sub-scores.

    Each proposal is normalised with the reference alone, never with its neighbours in the batch. v1 masks the
    proposal's progress with its own product; v2 only the yardstick.
    """
    masked = raw * product
    yardstick = np.maximum(masked, reference_raw * reference_product)
    long_enough = yardstick > _PROGRESS_THRESHOLD
    divisor = np.where(long_enough, yardstick, 1.0)
    if version == "v1":
        return np.where(long_enough, masked / divisor, np.where(product == 0.0, 0.0, 1.0))
    return np.where(long_enough, np.clip(raw / divisor, 0.0, 1.0), 1.0)
