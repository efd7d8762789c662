"""A turning lidar: rays against the boxes of bodies and buildings and the level ground. No noise, no dropped points."""

from __future__ import annotations

import numpy as np

from wam_ros.carla_server.actors.blueprints import read_number
from wam_ros.carla_server.actors.sensors import Moment, Mount
from wam_ros.carla_server.actors.surroundings import Surroundings
from wam_ros.carla_server.wire.layouts import SensorType, lidar_header
from wam_ros.carla_server.wire.socket_loop import Chunk
from wam_ros.carla_server.wire.wire_types import Description
from wam_ros.core.errors import WorldError
from wam_ros.core.geometry import Array
from wam_ros.maps.handedness import flip_y

_MOST_CHANNELS = 256
_MOST_POINTS = 1_500_000  # per second
_LONGEST_RANGE = 200.0  # m
_SHARE_OF_A_SECOND = 0.2


class Lidar:
    """Channels between two elevations, turning to the right.

    Raises:
        WorldError: An attribute is out of range.

    """

    kind = SensorType.LIDAR

    def __init__(self, description: Description) -> None:
        self._channels = int(read_number(description, "channels"))
        self._rate = read_number(description, "points_per_second")
        self._reach = read_number(description, "range")
        self._frequency = read_number(description, "rotation_frequency")
        self._field_deg = read_number(description, "horizontal_fov")
        self._attenuation = read_number(description, "atmosphere_attenuation_rate")
        upper, lower = read_number(description, "upper_fov"), read_number(description, "lower_fov")
        self._angle_deg = 0.0
        if not (
            1 <= self._channels <= _MOST_CHANNELS
            and 0.0 < self._rate <= _MOST_POINTS
            and 0.0 < self._reach <= _LONGEST_RANGE
            and 0.0 < self._frequency <= 1000.0
            and 0.0 < self._field_deg <= 360.0
            and -90.0 <= lower <= upper <= 90.0
            and 0.0 <= self._attenuation <= 10.0
        ):
            msg = (
                f"{description.id}: wanted 1..{_MOST_CHANNELS} channels, at most {_MOST_POINTS} points per second, "
                f"a range of at most {_LONGEST_RANGE} m, a positive rotation_frequency and horizontal_fov, "
                "lower_fov <= upper_fov in -90..90"
            )
            raise WorldError(msg)
        self._elevations = np.radians(np.linspace(upper, lower, self._channels))

    def measure(self, moment: Moment, mount: Mount) -> list[tuple[Chunk, ...]]:
        """Angle, points per channel, points (x, y, z, intensity) in CARLA's axes of the sensor."""
        count = max(int(self._rate * min(moment.dt, _SHARE_OF_A_SECOND) / self._channels), 1)
        sweep = min(self._field_deg, 360.0 * self._frequency * moment.dt)
        turned = np.radians(self._angle_deg + sweep * np.arange(count) / count)
        self._angle_deg = (self._angle_deg + sweep) % self._field_deg
        rays = _directions(self._elevations, turned)
        hits = Surroundings(moment.world).cast(
            mount.map_from_sensor.translation, rays @ mount.map_from_sensor.rotation.T, self._reach
        )
        seen = np.isfinite(hits.distances)
        points = np.empty((int(seen.sum()), 4), dtype="<f4")
        points[:, :3] = flip_y(rays[seen] * hits.distances[seen, None])
        points[:, 3] = np.exp(-self._attenuation * hits.distances[seen])
        per_channel = seen.reshape(self._channels, count).sum(axis=1).tolist()
        return [(lidar_header(self._angle_deg, per_channel), points.tobytes())]


def _directions(elevations: Array, turned: Array) -> Array:
    """Unit rays (channels * steps, 3) in our axes of the sensor, channel by channel; it turns to the right."""
    up, around = np.meshgrid(elevations, -turned, indexing="ij")
    rays = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], axis=-1)
    result: Array = rays.reshape(-1, 3)
    return result
