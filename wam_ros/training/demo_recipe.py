"""What demonstrations are made by: every number that a sample depends on, and the hash of it all. It does nothing."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.core.geometry import SE3
from wam_ros.models.config import preset
from wam_ros.planning.wam_diff_weights import default_camera
from wam_ros.training.demo_sample import CATEGORIES
from wam_ros.training.demo_shard import FORMAT

_KEPT = {"turn": 1.0, "stop": 0.4, "red light": 0.7, "following": 0.8, "start": 1.0, "yield": 1.0, "plain": 0.4}
_WEIGHTS = {"turn": 2.0, "stop": 1.0, "red light": 2.0, "following": 1.2, "start": 4.0, "yield": 3.0, "plain": 1.0}
_LEARNER_MOVED = 0.3
_OFF_AT_ZERO = ("halted_share", "relit_share")


def _camera() -> CanonicalCamera:
    return default_camera(preset("small"))


@dataclass(frozen=True)
class DriverRecipe:
    """Who drives where the expert only labels (DAgger).

    Fields:
        weights: SHA-256 of the weights files; each drive has one of them.
        steps: Of decoding.
        expert_share: Of the time that the expert drives, in stretches of some seconds.

    """

    weights: tuple[str, ...]
    steps: int = 1
    expert_share: float = 0.3

    def __post_init__(self) -> None:
        if not self.weights or self.steps < 1 or not 0.0 <= self.expert_share <= 1.0:
            msg = (
                f"driver: {len(self.weights)} weights, {self.steps} steps, expert's share {self.expert_share}: "
                "wanted at least one of each, and a share within 0..1"
            )
            raise ConfigError(msg)


@dataclass(frozen=True)
class DemoRecipe:
    """How drives are recorded.

    Fields:
        seed: Of towns, routes, traffic and all that is drawn.
        towns: As they were asked for: a number, or names.
        routes: Drives in all, dealt to the towns in turn.
        samples: The first drives that have this many together are kept; 0 = all.
        camera: What the pictures show.
        camera_x: From base_link forward to the camera [m].
        jpeg_quality: Of 100.
        route_length: About [m].
        vehicles, pedestrians: Bounds that a drive's traffic is drawn within.
        period: Between moments that may be kept [s].
        time_limit: Of a drive [s].
        kept: Share of the moments that are kept, by category; the greatest of its categories holds.
        weights: How often a sample is drawn in training, by category; the greatest holds.
        moved_share: Of the kept moments, those also seen from another pose.
        moved_aside: At most, to either side [m].
        moved_turn: At most, to either side [rad]; less from `moved_speed` on, in proportion to 1 / speed.
        moved_speed: [m/s].
        speed_share: Of the kept moments, those also labelled for another speed of the ego.
        rest_share: Of those, with the ego at rest.
        halted_share: Of the moments on the move with a light less than 25 m ahead, kept or not, those that are seen
            from two halts near its stop line.
        relit_share: Of the moments on the move with a light less than 60 m ahead, kept or not, those that are seen
            with it in another state as well.
        disturbed_share: Of the drives, those whose commands are spoilt now and then.
        camera_pitch, camera_yaw, camera_height: Half of it is drawn for a drive, half for each picture [rad], [m].
        driver: The learner that drives; None = the expert does.

    """

    seed: int = 0
    towns: tuple[str, ...] = ("4",)
    routes: int = 8
    samples: int = 0
    camera: CanonicalCamera = field(default_factory=_camera)
    camera_x: float = 1.6
    jpeg_quality: int = 85
    route_length: float = 600.0
    vehicles: tuple[int, int] = (20, 60)
    pedestrians: tuple[int, int] = (10, 40)
    period: float = 0.5
    time_limit: float = 200.0
    kept: dict[str, float] = field(default_factory=lambda: dict(_KEPT))
    weights: dict[str, float] = field(default_factory=lambda: dict(_WEIGHTS))
    moved_share: float = 0.8
    moved_aside: float = 1.2
    moved_turn: float = math.radians(12.0)
    moved_speed: float = 6.0
    speed_share: float = 0.25
    rest_share: float = 0.4
    halted_share: float = 0.0
    relit_share: float = 0.0
    disturbed_share: float = 0.4
    camera_pitch: float = math.radians(1.2)
    camera_yaw: float = math.radians(0.8)
    camera_height: float = 0.08
    driver: DriverRecipe | None = None

    def __post_init__(self) -> None:
        if self.routes < 1 or self.samples < 0 or not self.towns or not self.time_limit > 0.0:
            msg = (
                f"{self.routes} routes, {self.samples} samples, towns {self.towns}, time limit {self.time_limit} s: "
                "wanted at least one route and town, and some time"
            )
            raise ConfigError(msg)
        for name in _OFF_AT_ZERO:
            if not 0.0 <= getattr(self, name) <= 1.0:
                msg = f"recipe: {name} {getattr(self, name)}, wanted 0..1"
                raise ConfigError(msg)
        if set(self.kept) != set(CATEGORIES) or set(self.weights) != set(CATEGORIES):
            msg = f"recipe: kept shares and weights of {sorted(self.kept)}, {sorted(self.weights)}, wanted {CATEGORIES}"
            raise ConfigError(msg)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as JSON reads them back; as in older folders without what is off."""
        values: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        if self.driver is None:
            del values["driver"]
        for name in _OFF_AT_ZERO:
            if getattr(self, name) == 0.0:
                del values[name]
        return values

    @property
    def hash(self) -> str:
        """12 hexadecimal digits: other recipe, other digits."""
        text = json.dumps({"format": FORMAT, **self.as_dict()}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def learner_recipe(recipe: DemoRecipe, driver: DriverRecipe) -> DemoRecipe:
    """The recipe for drives of a learner: it strays by itself, so that less is moved aside and nothing is spoilt."""
    return replace(recipe, driver=driver, moved_share=_LEARNER_MOVED, disturbed_share=0.0)


def camera_pose(camera: CanonicalCamera, camera_x: float, noise: Sequence[float] | NDArray[np.float32]) -> SE3:
    """Pose of a camera in base_link, axes of a body; `noise` is (pitch down, yaw left, height) off the canonical."""
    pitch, yaw, height = (float(value) for value in noise)
    place = [camera_x, 0.0, camera.height_above_ground + height]
    return SE3.from_euler(place, 0.0, camera.pitch + pitch, yaw)
