"""Draws the moment of an event: what the camera sees with the plan drawn in, and the map from above."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from wam_ros.bags.film_panels import MapPanel, camera_panel
from wam_ros.cli.compose import EmbeddedDrive
from wam_ros.core.camera import CameraImage
from wam_ros.core.geometry import SE3
from wam_ros.runtime.loop import DriveTick

if TYPE_CHECKING:
    from wam_ros.carla_server.camera.town_camera import TownCamera
    from wam_ros.carla_server.environment import EmbeddedEnvironment

_HEIGHT = 360  # px
_QUALITY = 80


class EventPictures:
    """Takes the drive's own images where it has them; else one image is made for each event.

    Args:
        drive: What is driven.
        world: Its world.

    """

    def __init__(self, drive: EmbeddedDrive, world: EmbeddedEnvironment) -> None:
        self._drive = drive
        self._world = world
        self._sensor = next((one for one in drive.rig.cameras if one.type == "sensor.camera.rgb"), None)
        self._map = MapPanel((_HEIGHT, _HEIGHT), drive.town.lanes, drive.vehicle)
        self._camera: TownCamera | None = None

    def __call__(self, tick: DriveTick, seen: DriveTick | None) -> bytes:
        """JPEG of the moment; `seen` is the latest tick with an image."""
        above = self._map.draw(tick.ego, tick.observation.route, tick.followed, tick.scene)
        panels = [*self._front(tick, seen), above]
        done, jpeg = cv2.imencode(".jpg", np.hstack(panels), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        assert done, "cv2 was built without JPEG"
        return bytes(jpeg)

    def close(self) -> None:
        """Give the camera back."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _front(self, tick: DriveTick, seen: DriveTick | None) -> list[NDArray[np.uint8]]:
        """What the camera sees, if there is one."""
        if self._drive.camera:
            if seen is None:
                return []
            image, tick = next(iter(seen.observation.images.values())), seen
        elif self._sensor is not None:
            image = self._drawn(tick)
        else:
            return []
        size = (round(_HEIGHT * image.width / image.height), _HEIGHT)
        return [camera_panel(image, tick.ego, tick.followed, size)]

    def _drawn(self, tick: DriveTick) -> CameraImage:
        sensor, world = self._sensor, self._world.world
        assert sensor is not None
        if self._camera is None:
            from wam_ros.carla_server.camera.town_camera import TownCamera

            self._camera = TownCamera(self._drive.town, self._drive.settings.seed)
        view = self._camera.view(sensor.width, sensor.height, sensor.fov_deg)
        place = SE3.from_se2(tick.ego.pose) @ sensor.base_from_sensor
        pixels = view.render(place, world.bodies.values(), world.lights, hide=(self._world.ego_id,))
        return CameraImage(tick.ego.stamp_ns, pixels, "rgb8", sensor.camera_model, sensor.base_from_optical)
