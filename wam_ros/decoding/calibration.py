"""The maps of a checkpoint's confidences, as plain numbers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wam_ros.core.errors import ConfigError
from wam_ros.core.plan_features import PlanFeatures
from wam_ros.decoding.layout import WAYPOINTS
from wam_ros.decoding.monotone_map import MonotoneMap
from wam_ros.decoding.plan_map import PlanMap, as_rows


@dataclass(frozen=True)
class Calibration:
    """The maps of a checkpoint; a map that is absent is the identity.

    Fields:
        waypoints: One per waypoint, or None.
        overall: Of the whole plan, to P(no infraction in 4 s), or None.

    Raises:
        ConfigError: Another number of waypoint maps.

    """

    waypoints: tuple[MonotoneMap, ...] | None = None
    overall: PlanMap | None = None

    def __post_init__(self) -> None:
        if self.waypoints is not None and len(self.waypoints) != WAYPOINTS:
            msg = f"calibration with {len(self.waypoints)} waypoint maps, wanted {WAYPOINTS}"
            raise ConfigError(msg)

    @property
    def complete(self) -> bool:
        """Whether every confidence goes through a fitted map."""
        return self.waypoints is not None and self.overall is not None

    @property
    def identity(self) -> str:
        """Hash of the maps: equal where equal beliefs come out equal."""
        return hashlib.sha256(json.dumps(self.to_mapping(), sort_keys=True).encode()).hexdigest()

    def of_waypoints(self, believed: Tensor) -> Tensor:
        """(..., 8) -> float64 (..., 8)."""
        if self.waypoints is None:
            return believed.to(torch.float64)
        return torch.stack([fitted(believed[..., index]) for index, fitted in enumerate(self.waypoints)], dim=-1)

    def of_plan(self, features: PlanFeatures) -> float:
        """Of a plan, its waypoints' confidences being calibrated; without a map the mean of these."""
        return features.mean if self.overall is None else float(self.overall(as_rows([features])))

    @classmethod
    def fit_waypoints(cls, believed: Tensor, happened: Tensor, overall: PlanMap | None = None) -> Calibration:
        """From first-pass confidences (N, 8) and whether each waypoint was within its radius (N, 8) bool."""
        maps = tuple(MonotoneMap.fit(believed[:, index], happened[:, index]) for index in range(WAYPOINTS))
        return cls(maps, overall)

    def to_mapping(self) -> dict[str, Any]:
        """As plain numbers, for a checkpoint."""
        return {
            "waypoints": None if self.waypoints is None else [fitted.to_mapping() for fitted in self.waypoints],
            "overall": None if self.overall is None else self.overall.to_mapping(),
        }

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Calibration:
        """The inverse of `to_mapping`.

        Raises:
            ConfigError: Another content.

        """
        try:
            waypoints, overall = values["waypoints"], values["overall"]
            return cls(
                None if waypoints is None else tuple(MonotoneMap.from_mapping(plain) for plain in waypoints),
                None if overall is None else PlanMap.from_mapping(overall),
            )
        except (KeyError, TypeError) as err:
            msg = (
                "calibration: wanted 'waypoints' and 'overall', 'believed' and 'happened' in each map of the first, "
                f"'weights' in the other: {err!r}"
            )
            raise ConfigError(msg) from err
