"""Images of real cameras as the planner's canonical camera would have taken them: one rectifier per camera."""

from __future__ import annotations

from wam_ros.core.camera import CameraImage, CanonicalCamera
from wam_ros.core.geometry import SE3
from wam_ros.planning.rectifier import Rectifier


class CanonicalView:
    """Warps images by camera name; tables are built when a camera, its lens or its pose is new.

    Args:
        canonical: What the planner sees, or None if it takes images as they are.

    """

    def __init__(self, canonical: CanonicalCamera | None) -> None:
        self._canonical = canonical
        self._rectifiers: dict[str, Rectifier] = {}

    def __call__(self, name: str, image: CameraImage) -> CameraImage:
        """The image as seen by the canonical camera, rgb8; as it is without canonical camera or without calibration."""
        if self._canonical is None or image.camera is None or image.base_from_camera is None:
            return image
        rectifier = self._rectifiers.get(name)
        if rectifier is None or not rectifier.serves(image.camera, image.base_from_camera):
            rectifier = self._rectifiers[name] = Rectifier(image.camera, image.base_from_camera, self._canonical)
        pose = SE3(self._canonical.base_rotation(), image.base_from_camera.translation)
        return CameraImage(image.stamp_ns, rectifier(image), "rgb8", self._canonical.model(), pose)

    def rectifier(self, name: str) -> Rectifier | None:
        """The warp of a camera; None before its first calibrated image."""
        return self._rectifiers.get(name)
