"""A learner at the wheel while demonstrations are recorded, with the expert beside it: both behind one planner socket.

The learner gets to places where no expert would be; the labels say how the expert goes on from there (Ross, Gordon,
Bagnell: "A Reduction of Imitation Learning and Structured Prediction to No-Regret Online Learning", 2011). It labels
nothing and knows no world.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from wam_ros.core.camera import BODY_FROM_OPTICAL, CameraImage, CanonicalCamera
from wam_ros.core.ego import EgoState
from wam_ros.core.geometry import SE3
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan
from wam_ros.core.protocols import Planner
from wam_ros.core.timing import Deadline
from wam_ros.planning.canonical_view import CanonicalView
from wam_ros.runtime.loop import DriveTick
from wam_ros.training.demo_recipe import DemoRecipe, camera_pose
from wam_ros.training.demo_recorder import Eye
from wam_ros.training.handover import Handover

ASTRAY = "astray"
_NAME = "front"
_AHEAD = 5  # waypoint at 3 s: how far the expert would go


class LearnerDrive:
    """Plans as the learner, or as the expert, as the handover says; an observer that ends a drive that went astray.

    Args:
        learner: Sees pictures of the recipe's camera, exactly where it should be, warped to its own.
        expert: Plans from the truth.
        handover: Of the drive's seed and route.
        recipe: Has the camera.
        eye: The renderer.

    """

    name = "learner_drive"
    camera: CanonicalCamera | None = None  # pictures are drawn and warped here, only where the learner drives

    def __init__(self, learner: Planner, expert: Planner, handover: Handover, recipe: DemoRecipe, eye: Eye) -> None:
        self._learner = learner
        self._expert = expert
        self._handover = handover
        self._eye = eye
        self._view = CanonicalView(learner.camera)
        self._model = recipe.camera.model()
        self._base_from_camera = camera_pose(recipe.camera, recipe.camera_x, (0.0, 0.0, 0.0))
        self._learner_drives = False

    @property
    def weights_hash(self) -> str:
        """The learner's."""
        return self._learner.weights_hash

    @property
    def provenance(self) -> str:
        """The learner's."""
        return self._learner.provenance

    def warm_up(self) -> None:
        """The learner's first plans are slow."""
        self._learner.warm_up()

    def reset(self) -> None:
        """A new drive begins."""
        self._learner.reset()
        self._expert.reset()
        self._handover.reset()
        self._learner_drives = False

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        """The plan of whoever drives.

        Raises:
            PlannerError: It can make none.

        """

        def expert_way() -> float:
            wanted = self._expert.plan(observation, deadline).trajectory
            return float(np.hypot(*(wanted.positions[_AHEAD] - observation.ego.pose.position)))

        self._learner_drives = self._handover.learner_drives(observation.ego, expert_way)
        if not self._learner_drives:
            return self._expert.plan(observation, deadline)
        return self._learner.plan(replace(observation, images={_NAME: self._picture(observation.ego)}), deadline)

    def source(self) -> str:
        """Who drives, as one of SOURCES."""
        return "learner" if self._learner_drives else "drive"

    def on_tick(self, _tick: DriveTick) -> str | None:
        """End the drive where not even the expert gets on."""
        return ASTRAY if self._handover.given_up else None

    def _picture(self, ego: EgoState) -> CameraImage:
        pixels = self._eye.color(SE3.from_se2(ego.pose) @ self._base_from_camera)
        base_from_optical = self._base_from_camera @ BODY_FROM_OPTICAL
        return self._view(_NAME, CameraImage(ego.stamp_ns, pixels, "rgb8", self._model, base_from_optical))
