"""The three published ways to score a plan on nuScenes: ST-P3's, VAD's and UniAD's.

They differ in the obstacles they draw, the raster, the samples they keep, and in what "at 2 s" means: the mean over
all steps up to then (ST-P3, VAD), or the step at 2 s (UniAD). Sources: the evaluation code of the three repositories.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.metrics.nuscenes.raster import Raster
from wam_ros.metrics.nuscenes.sample import BoolArray, Sample, X, Y

_UNIAD_VEHICLES = frozenset(
    {
        "vehicle.bicycle",
        "vehicle.bus.bendy",
        "vehicle.bus.rigid",
        "vehicle.car",
        "vehicle.construction",
        "vehicle.motorcycle",
        "vehicle.trailer",
        "vehicle.truck",
    }
)
_VAD_PEDESTRIANS = frozenset(
    {
        "human.pedestrian.adult",
        "human.pedestrian.child",
        "human.pedestrian.construction_worker",
        "human.pedestrian.police_officer",
    }
)
# Objects beyond it at the planned moment are not drawn by VAD, wherever they go [m].
_VAD_RANGE = np.array([15.0, 30.0])


class Uniad:
    """UniAD: vehicles that are annotated at a step; all samples; values at a step."""

    name = "UniAD"
    raster = Raster()
    cumulative = False

    def keeps(self, sample: Sample) -> bool:  # noqa: ARG002
        """Every sample: steps after the end of a scene count as L2 = 0 without collision."""
        return True

    def boxes(self, sample: Sample, step: int) -> Array:
        """(M, 5) boxes to draw at a step (0 = the planned moment)."""
        obstacles = sample.obstacles
        drawn = _of(obstacles.categories, _UNIAD_VEHICLES) & obstacles.present[:, step]
        boxes: Array = obstacles.boxes[drawn, step]
        return boxes


class Vad:
    """VAD: vehicles and pedestrians near the ego at the planned moment; samples with all steps; means up to a step."""

    name = "VAD"
    raster = Raster(rows_to_back=True)
    cumulative = True

    def keeps(self, sample: Sample) -> bool:
        """Only samples with six frames after them."""
        return bool(sample.valid.all())

    def boxes(self, sample: Sample, step: int) -> Array:
        """(M, 5) boxes to draw at a step: of the objects that are annotated without a gap from the moment on."""
        obstacles = sample.obstacles
        near = (np.abs(obstacles.boxes[:, 0, [X, Y]]) < _VAD_RANGE).all(axis=1)
        drawn = (
            _of(obstacles.categories, _UNIAD_VEHICLES | _VAD_PEDESTRIANS)
            & near
            & obstacles.measured
            & obstacles.present[:, : step + 1].all(axis=1)
        )
        boxes: Array = obstacles.boxes[drawn, step]
        return boxes


class Stp3:
    """ST-P3: all vehicles and humans seen so far; samples with two frames before and all steps; means up to a step.

    The original draws each step in that step's own axes and turns the picture back cell by cell; here boxes are drawn
    in the axes of the planned moment at once: of made-up steps beside an obstacle 5 % are judged otherwise. Its axes
    begin at the rear axle while its waypoints are the LiDAR's: obstacles lie too far ahead
    by the distance between the two, as there.
    """

    name = "ST-P3"
    raster = Raster(columns_to_left=True)
    cumulative = True

    def keeps(self, sample: Sample) -> bool:
        """Only samples with two frames before and six after them."""
        return sample.has_past and bool(sample.valid.all())

    def boxes(self, sample: Sample, step: int) -> Array:
        """(M, 5) boxes to draw at a step."""
        obstacles = sample.obstacles
        road_users = np.array(
            [name.startswith(("vehicle.", "human.")) for name in obstacles.categories], dtype=np.bool_
        )
        boxes: Array = obstacles.boxes[road_users & obstacles.seen & obstacles.present[:, step], step]
        boxes[:, Y] += sample.rear_axle_to_lidar
        return boxes


Protocol = Uniad | Vad | Stp3
PROTOCOLS: tuple[Protocol, ...] = (Stp3(), Vad(), Uniad())


@dataclass(frozen=True, eq=False)
class Errors:
    """Of one plan, by step: L2 (6,) [m], whether the waypoint's cell (6,) and the ego's box (6,) hit something."""

    l2: Array
    point_collision: BoolArray
    box_collision: BoolArray


def plan_errors(plan: Array, sample: Sample, protocol: Protocol) -> Errors:
    """The errors of a plan (6, 2) [m], LiDAR frame.

    Steps after the end of the scene have none. Where the ego's box hits something at its true position, by the
    raster, a hit of the plan is not counted.
    """
    l2 = np.where(sample.valid, np.hypot(*(plan - np.where(sample.valid[:, None], sample.ground_truth, 0.0)).T), 0.0)
    point, box = np.zeros(len(plan), dtype=np.bool_), np.zeros(len(plan), dtype=np.bool_)
    raster = protocol.raster
    for i in np.flatnonzero(sample.valid):
        occupied = raster.occupied(protocol.boxes(sample, int(i) + 1))
        if not raster.box_hits(occupied, sample.ground_truth[i]):
            point[i], box[i] = raster.point_hits(occupied, plan[i]), raster.box_hits(occupied, plan[i])
    return Errors(l2, point, box)


def _of(categories: tuple[str, ...], wanted: frozenset[str]) -> BoolArray:
    return np.array([name in wanted for name in categories], dtype=np.bool_)
