"""Cameras: images of TownCamera as CARLA sends them, blue, green, red, alpha."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from wam_ros.carla_server.actors.blueprints import read_number
from wam_ros.carla_server.actors.sensors import Moment, Mount
from wam_ros.carla_server.camera.town_camera import TownCamera, View
from wam_ros.carla_server.wire.layouts import SensorType, image_header
from wam_ros.carla_server.wire.socket_loop import Chunk
from wam_ros.carla_server.wire.wire_types import Description
from wam_ros.carla_server.world.bodies import Body
from wam_ros.core.errors import WorldError

_MOST_PIXELS = 4096 * 2304
_FARTHEST = 1000.0  # m
_BESIDE, _ABOVE = 0.5, 1.0  # m from a vehicle's box within which a camera belongs to it


KINDS: Mapping[str, SensorType] = MappingProxyType(
    {
        "sensor.camera.rgb": SensorType.RGB,
        "sensor.camera.semantic_segmentation": SensorType.SEMANTICS,
        "sensor.camera.depth": SensorType.DEPTH,
    }
)


class Camera:
    """One camera: colours, or the class of each pixel in red, or its distance in all three.

    Raises:
        WorldError: The size or the field of view is impossible.

    """

    def __init__(self, description: Description, camera: TownCamera) -> None:
        self.kind = KINDS[description.id]
        width, height = image_size(description)
        self._view: View = camera.view(width, height, read_number(description, "fov"))

    def measure(self, moment: Moment, mount: Mount) -> list[tuple[Chunk, ...]]:
        """Size, field of view, pixels."""
        if not moment.rendering:
            return []
        view, world = self._view, moment.world
        carrier = world.bodies.get(mount.parent_id)
        hide = (carrier.id,) if carrier is not None and _is_on(carrier, mount) else ()
        arguments = (mount.map_from_sensor, world.bodies.values(), world.lights, hide)
        pixels = np.full((view.height, view.width, 4), 255, dtype=np.uint8)
        if self.kind is SensorType.RGB:
            pixels[..., :3] = view.render(*arguments)[..., ::-1]
        elif self.kind is SensorType.SEMANTICS:
            pixels[..., :2] = 0
            pixels[..., 2] = view.render_semantics(*arguments)
        else:
            pixels[..., :3] = depth_code(view.render_depth(*arguments))
        return [(image_header(view.width, view.height, view.fov_deg), pixels.data)]


def depth_code(depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) blue, green, red of distances (H, W) [m]: depth / 1000 m = (R + 256 G + 65536 B) / (2^24 - 1)."""
    number = np.round(np.clip(depth.astype(np.float64) / _FARTHEST, 0.0, 1.0) * (2**24 - 1)).astype(np.uint32)
    return np.stack([number >> 16, (number >> 8) & 255, number & 255], axis=-1).astype(np.uint8)


def image_size(description: Description) -> tuple[int, int]:
    """Width and height of a camera's image [px].

    Raises:
        WorldError: They are impossible.

    """
    width, height = (int(read_number(description, f"image_size_{axis}")) for axis in "xy")
    if width < 1 or height < 1 or width * height > _MOST_PIXELS:
        msg = f"{description.id}: image of {width}x{height} px, wanted 1 to {_MOST_PIXELS} pixels in all"
        raise WorldError(msg)
    return width, height


def _is_on(carrier: Body, mount: Mount) -> bool:
    """Whether a camera sits in or on its carrier, whose body would then hide the world from it."""
    x, y, z = mount.parent_from_sensor.translation
    return bool(
        abs(x) <= carrier.length / 2.0 + _BESIDE
        and abs(y) <= carrier.width / 2.0 + _BESIDE
        and z <= carrier.height + _ABOVE
    )
