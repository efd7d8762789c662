"""Trained weights that drive in `wam demos`: found in a folder, told by their hash, loaded as a planner."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wam_ros.core.errors import ConfigError
from wam_ros.planning.catalog import PlannerOptions, make_planner

if TYPE_CHECKING:
    from wam_ros.core.protocols import Planner
    from wam_ros.core.vehicle import VehicleDescription


@dataclass(frozen=True)
class Learner:
    """Where weights are, and which they are.

    Fields:
        folder: `planner` or `cnn` of a training.
        planner: That drives with them, by its name in the catalog.
        weights: SHA-256 of the weights file.

    """

    folder: Path
    planner: str
    weights: str

    @classmethod
    def find(cls, folder: Path) -> Learner:
        """The weights in a folder.

        Raises:
            ConfigError: There are none.

        """
        from wam_ros.models.cnn_checkpoint import CONFIG_FILE, KIND, WEIGHTS_FILE

        try:
            told = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
            weights = hashlib.sha256((folder / WEIGHTS_FILE).read_bytes()).hexdigest()
            return cls(folder, "cnn" if told.get("kind") == KIND else "wam_diff", weights)
        except (OSError, ValueError, AttributeError) as err:
            msg = f"--driver {folder}: no weights here ({err!r}); name the folder `planner` or `cnn` of a `wam train`"
            raise ConfigError(msg) from err

    def load(self, vehicle: VehicleDescription, steps: int) -> Planner:
        """The planner, on one thread.

        Raises:
            ConfigError: The weights cannot be used, or are no longer those that were found.

        """
        planner = make_planner(self.planner, vehicle, PlannerOptions(checkpoint=str(self.folder), steps=steps))
        if planner.weights_hash != self.weights:
            msg = (
                f"{self.folder}: weights {planner.weights_hash[:12]}, wanted {self.weights[:12]}: they changed while "
                "drives were recorded; have them drive from a folder that no training writes to"
            )
            raise ConfigError(msg)
        return planner


def find_learners(folders: Sequence[Path], vehicle: VehicleDescription, steps: int) -> tuple[Learner, ...]:
    """The weights of each folder; each is loaded once, so that no drive finds out that it cannot be.

    Raises:
        ConfigError: One has none or cannot drive in so many steps, or two have the same.

    """
    learners = tuple(Learner.find(folder) for folder in folders)
    if len({learner.weights for learner in learners}) != len(learners):
        msg = f"--driver {' '.join(map(str, folders))}: two have the same weights; name each once"
        raise ConfigError(msg)
    for learner in learners:
        learner.load(vehicle, steps)
    return learners
