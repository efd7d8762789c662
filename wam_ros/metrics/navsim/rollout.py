"""Simulated motions with the geometry that every sub-score needs, computed once for both versions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.boxes import Boxes
from wam_ros.metrics.navsim.encounters import Encounters, find_encounters
from wam_ros.metrics.navsim.layout import HALF_LENGTH, HALF_WIDTH, HEADING, REAR_AXLE_TO_CENTER, VX, VY, X, Y
from wam_ros.metrics.navsim.road_map import EgoAreas, RoadMap
from wam_ros.metrics.navsim.traffic import Traffic


@dataclass(frozen=True, eq=False)
class Rollout:
    """N motions of 41 states.

    Fields:
        states: (N, 41, 11), columns of `layout`.
        boxes: (N, 41) own boxes.
        speeds: (N, 41) [m/s], never negative.
        areas: Where the boxes are.
        encounters: With the others as v1 sees them.

    """

    states: Array
    boxes: Boxes
    speeds: Array
    areas: EgoAreas
    encounters: Encounters

    @classmethod
    def of(cls, states: Array, road_map: RoadMap, traffic: Traffic) -> Rollout:
        """The rollout of states (N, 41, 11) on a map with traffic."""
        boxes = ego_boxes(states)
        speeds = np.hypot(states[..., VX], states[..., VY])
        rear_axles = states[..., X : Y + 1]
        areas = road_map.areas(boxes.corners(), boxes.center, rear_axles)
        return cls(states, boxes, speeds, areas, find_encounters(boxes, speeds, rear_axles, traffic.long))

    def encounters_v2(self, traffic: Traffic) -> Encounters:
        """Encounters with the others as v2 sees them."""
        if traffic.alike:
            events = self.encounters
        else:
            events = find_encounters(self.boxes, self.speeds, self.states[..., X : Y + 1], traffic.short)
        return events.among(~traffic.removed[events.agent])


def ego_boxes(states: Array) -> Boxes:
    """The own boxes of states (..., 11)."""
    heading = states[..., HEADING]
    axis = np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    center = states[..., X : Y + 1] + REAR_AXLE_TO_CENTER * axis
    return Boxes(center, heading, axis, HALF_LENGTH, HALF_WIDTH)
