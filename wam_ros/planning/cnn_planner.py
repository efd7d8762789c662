"""The planner `cnn`: the regression baseline at the planner's socket. One pass, no confidence, no steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from wam_ros.core.camera import CameraImage, CanonicalCamera
from wam_ros.core.ego import EgoState
from wam_ros.core.errors import ConfigError, PlannerError
from wam_ros.core.geometry import SE2, wrap_angle
from wam_ros.core.observation import Observation
from wam_ros.core.plan import Plan, Trajectory
from wam_ros.core.timing import Deadline
from wam_ros.decoding.layout import WAYPOINT_TIMES
from wam_ros.models.cnn_checkpoint import CnnCheckpoint, load_cnn
from wam_ros.models.config import StemConfig, preset
from wam_ros.models.heading import hold_heading
from wam_ros.models.regression_cnn import RegressionCnn, situation_features
from wam_ros.planning.wam_diff import situation_of
from wam_ros.planning.wam_diff_weights import default_camera

NAME = "cnn"


class CnnPlanner:
    """Image and situation to a plan by one regression.

    Args:
        checkpoint: Network and camera.

    """

    def __init__(self, checkpoint: CnnCheckpoint) -> None:
        self._checkpoint = checkpoint

    @property
    def name(self) -> str:
        """`cnn`."""
        return NAME

    @property
    def weights_hash(self) -> str:
        """SHA-256 of the weights file."""
        return self._checkpoint.weights_hash

    @property
    def provenance(self) -> str:
        """What made the weights, for people."""
        return self._checkpoint.provenance

    @property
    def camera(self) -> CanonicalCamera | None:
        """The camera that it was trained for."""
        return self._checkpoint.camera

    def warm_up(self) -> None:
        """Plan for a black image."""
        camera = self._checkpoint.camera
        pixels = np.zeros((camera.height, camera.width, 3), np.uint8)
        ego = EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 0.0)
        blank = Observation(0, ego, {"front": CameraImage(0, pixels, "rgb8", camera.model())})
        self.plan(blank, Deadline.unlimited())

    def reset(self) -> None:
        """Nothing is remembered of the drive."""

    def plan(self, observation: Observation, deadline: Deadline) -> Plan:
        """A plan from the first image.

        Raises:
            PlannerError: There is no image of the camera's size, or the network gave numbers that are not finite.

        """
        camera = self._checkpoint.camera
        image = next(iter(observation.images.values()), None)
        if image is None or (image.width, image.height) != (camera.width, camera.height):
            found = "no image" if image is None else f"image of {image.width}x{image.height}"
            msg = f"{found}, the weights see {camera.width}x{camera.height}: calibrate the camera so that it is warped"
            raise PlannerError(msg)
        network = self._checkpoint.network
        distances = network.config.route_distances
        features = situation_features(situation_of(observation, distances), len(distances))
        with torch.inference_mode():
            waypoints = network(torch.from_numpy(np.array(image.rgb()))[None], torch.tensor([features]))[0]
            points = waypoints[:, :2]
            if not bool(waypoints.isfinite().all()):
                msg = "the network gave numbers that are not finite"
                raise PlannerError(msg)
            chords = torch.diff(points, dim=0, prepend=torch.zeros(1, 2))
            headings = hold_heading(waypoints[:, 2], chords, WAYPOINT_TIMES[0])
        deadline.worked("encode", 0)
        ego = observation.ego
        yaw = np.asarray(wrap_angle(headings.double().numpy() + ego.pose.yaw))
        positions = ego.pose.apply(points.double().numpy())
        trajectory = Trajectory.from_waypoints(ego, np.array(WAYPOINT_TIMES), positions, yaw)
        return Plan(trajectory, NAME, weights_hash=self.weights_hash)


def load_cnn_planner(checkpoint: str, threads: int = 1) -> CnnPlanner:
    """The planner of a folder that `wam train --stage stem` wrote, or of "random:PRESET": weights that nobody trained.

    Sets the number of torch's threads for the whole process.

    Raises:
        ConfigError: The folder cannot be used, or there is no such preset.

    """
    torch.set_num_threads(threads)
    if not checkpoint.startswith("random:"):
        return CnnPlanner(load_cnn(Path(checkpoint)))
    config = preset(checkpoint.removeprefix("random:"))
    if not isinstance(config.vision, StemConfig):
        msg = f"preset {config.name!r} has no stem: take tiny or small"
        raise ConfigError(msg)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = RegressionCnn(config).eval()
    camera = default_camera(config)
    return CnnPlanner(CnnCheckpoint(network, camera, "random weights, seed 0: not trained", "random-0"))
