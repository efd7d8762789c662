"""What is known of each camera: its lens from camera_info, its pose from a parameter or /tf_static.

Images get their calibration here and, for a planner that names a canonical camera, are warped to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from wam_ros.core.camera import CameraImage, CameraModel, CanonicalCamera
from wam_ros.core.errors import InputError
from wam_ros.core.geometry import SE3
from wam_ros.planning.canonical_view import CanonicalView

HEIGHT_TOLERANCE = 0.3  # m; a camera this much higher or lower than the canonical one is told, not corrected


@dataclass
class _Camera:
    model: CameraModel | None = None
    pose: SE3 | None = None
    problem: str = ""


class CameraBook:
    """The cameras of a node by name.

    Args:
        names: Of the cameras.
        canonical: What the planner sees, or None if it takes images as they are.
        base_from: frame -> base_link from that frame; raises InputError where /tf does not tell.
        poses: base_link from optical frame by camera name, from parameters; these win over /tf_static.
        allow_uncalibrated: Whether an image without calibration is given to the planner as it is.

    """

    def __init__(
        self,
        names: tuple[str, ...],
        canonical: CanonicalCamera | None,
        base_from: Callable[[str], SE3],
        poses: dict[str, SE3],
        allow_uncalibrated: bool,
    ) -> None:
        self._view = CanonicalView(canonical)
        self._base_from = base_from
        self._fixed = poses
        self.allow_uncalibrated = allow_uncalibrated
        self._cameras = {name: _Camera(pose=poses.get(name)) for name in names}

    def set_model(self, name: str, model: CameraModel) -> None:
        """Take in a camera_info."""
        self._cameras[name].problem = ""
        self._cameras[name].model = model

    def set_problem(self, name: str, problem: str) -> None:
        """A camera_info that cannot be used: images of this camera are refused until a good one comes."""
        self._cameras[name].problem = problem
        self._cameras[name].model = None

    def forget_poses(self) -> None:
        """Poses from /tf_static may have changed: look them up again."""
        for name, camera in self._cameras.items():
            if name not in self._fixed:
                camera.pose = None

    def calibrated(self, name: str, image: CameraImage, frame_id: str) -> CameraImage:
        """The image with its calibration; warped, if the planner has a canonical camera.

        Raises:
            InputError: The calibration is missing or does not fit, and `allow_uncalibrated` is off.

        """
        try:
            model, pose = self._calibration(name, image, frame_id)
        except InputError as err:
            if self.allow_uncalibrated:
                return image
            msg = f"camera {name}: {err}"
            raise InputError(msg) from err
        return self._view(name, replace(image, camera=model, base_from_camera=pose))

    def coverage(self, name: str) -> float | None:
        """Share of the canonical image that the camera fills; None while unknown."""
        rectifier = self._view.rectifier(name)
        return None if rectifier is None else rectifier.coverage

    def height_difference(self, name: str) -> float | None:
        """How much higher than the canonical camera this one is [m]; None while unknown."""
        rectifier = self._view.rectifier(name)
        return None if rectifier is None else rectifier.height_difference

    def state(self, name: str) -> str:
        """One word or two for the diagnostics: what is missing, or "calibrated"."""
        camera = self._cameras[name]
        if camera.problem:
            return camera.problem
        if camera.model is None:
            return "no camera_info"
        return "calibrated" if camera.pose is not None else "no camera pose"

    def _calibration(self, name: str, image: CameraImage, frame_id: str) -> tuple[CameraModel, SE3]:
        """Lens and pose, each read once: the executor may change them meanwhile."""
        camera = self._cameras[name]
        model, pose = camera.model, camera.pose
        if camera.problem:
            raise InputError(camera.problem)
        if model is None:
            msg = "no camera_info; publish it or set allow_uncalibrated"
            raise InputError(msg)
        if (model.width, model.height) != (image.width, image.height):
            msg = f"camera_info is for {model.width}x{model.height}, the image is {image.width}x{image.height}"
            raise InputError(msg)
        if pose is None:
            try:
                pose = camera.pose = self._base_from(frame_id)
            except InputError as err:
                msg = f"no camera pose: {err}; publish /tf_static, set camera_pose.{name} or allow_uncalibrated"
                raise InputError(msg) from err
        return model, pose
