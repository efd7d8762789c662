"""One planned moment of a nuScenes drive: what the ego and everything else did in the 3 s after it.

All coordinates are in the LiDAR frame of that moment: x to the right, y ahead, origin at the LiDAR.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.errors import InputError
from wam_ros.core.geometry import Array, frozen_array, require_finite

STEPS = 6
"""Steps that are planned, 0.5 s each."""

BoolArray = NDArray[np.bool_]

# Of a box (5,): middle [m], yaw counter-clockwise from x [rad], length and width [m].
X, Y, YAW, LENGTH, WIDTH = range(5)


@dataclass(frozen=True, eq=False)
class Obstacles:
    """The annotated objects.

    Fields:
        categories: (M,) names of nuScenes, such as "vehicle.car" or "human.pedestrian.adult".
        boxes: (M, 7, 5) at the moment and at each step: x, y, yaw, length, width. Anything where not present.
        present: (M, 7) whether the object is annotated then.
        seen: (M,) whether it was annotated with a visibility above 1 (of 1 to 4) at the moment or at one of the two
            frames before.
        measured: (M,) whether it has a LiDAR point at the moment.

    """

    categories: tuple[str, ...]
    boxes: Array
    present: BoolArray
    seen: BoolArray
    measured: BoolArray

    def __post_init__(self) -> None:
        count = len(self.categories)
        object.__setattr__(self, "boxes", frozen_array(self.boxes, "obstacle boxes", (count, STEPS + 1, 5)))
        object.__setattr__(self, "present", frozen_array(self.present, "present", (count, STEPS + 1), np.bool_))
        object.__setattr__(self, "seen", frozen_array(self.seen, "seen", (count,), np.bool_))
        object.__setattr__(self, "measured", frozen_array(self.measured, "measured", (count,), np.bool_))
        shown = self.boxes[self.present]
        if not np.isfinite(shown).all() or (shown[:, LENGTH:] <= 0.0).any():
            msg = "obstacle boxes: not all present ones are finite with positive sides"
            raise InputError(msg)

    @classmethod
    def none(cls) -> Obstacles:
        """An empty road."""
        nobody = np.zeros((0, STEPS + 1), dtype=np.bool_)
        return cls((), np.zeros((0, STEPS + 1, 5)), nobody, nobody[:, 0], nobody[:, 0])


@dataclass(frozen=True, eq=False)
class Sample:
    """What really happened.

    Fields:
        ground_truth: (6, 2) where the ego's LiDAR was at each step [m]. Anything where not valid.
        valid: (6,) whether the scene has a frame at that step: at first all, none after its end.
        obstacles: The others.
        has_past: Whether the scene has two frames before.
        rear_axle_to_lidar: How far ahead of the rear axle the LiDAR is [m]; nuScenes' cars in Boston 0.944,
            in Singapore 0.986.

    """

    ground_truth: Array
    valid: BoolArray
    obstacles: Obstacles
    has_past: bool = True
    rear_axle_to_lidar: float = 0.943713

    def __post_init__(self) -> None:
        require_finite(rear_axle_to_lidar=self.rear_axle_to_lidar)
        object.__setattr__(self, "ground_truth", frozen_array(self.ground_truth, "ground truth", (STEPS, 2)))
        object.__setattr__(self, "valid", frozen_array(self.valid, "valid", (STEPS,), np.bool_))
        if (np.diff(self.valid.astype(int)) > 0).any():
            msg = f"valid {self.valid.tolist()}: a step after the end of the scene, wanted none"
            raise InputError(msg)
        if not np.isfinite(self.ground_truth[self.valid]).all():
            msg = "ground truth: not all valid positions are finite numbers"
            raise InputError(msg)
