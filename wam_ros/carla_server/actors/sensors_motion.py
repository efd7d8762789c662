"""Sensors of motion and place: imu and gnss."""

from __future__ import annotations

import math
import random

import msgpack
import numpy as np

from wam_ros.carla_server.actors.blueprints import read_number
from wam_ros.carla_server.actors.sensors import Moment, Mount
from wam_ros.carla_server.wire.layouts import SensorType
from wam_ros.carla_server.wire.socket_loop import Chunk
from wam_ros.carla_server.wire.wire_types import Description
from wam_ros.core.geometry import Array
from wam_ros.maps.geolocation import Geolocation
from wam_ros.maps.handedness import flip_rotation_vector, flip_y

_UP = np.array([0.0, 0.0, 9.81])  # m/s^2: what holds everything up


class Imu:
    """Specific force, turning and compass, in CARLA's axes of the sensor.

    The accelerometer feels the acceleration of its own place, which turns with the carrier, and the ground that holds
    it up. The compass is 0 when it looks north and grows to the east [rad].
    """

    kind = SensorType.IMU

    def __init__(self, description: Description) -> None:
        self._force_noise = _axes(description, "noise_accel_stddev")
        self._turn_noise = _axes(description, "noise_gyro_stddev")
        self._turn_bias = _axes(description, "noise_gyro_bias")
        self._rng = random.Random(int(read_number(description, "noise_seed")))

    def measure(self, moment: Moment, mount: Mount) -> list[tuple[Chunk, ...]]:
        """[[ax, ay, az], [gx, gy, gz], compass]."""
        del moment
        motion, rotation = mount.motion, mount.map_from_sensor.rotation
        parent_rotation = rotation @ mount.parent_from_sensor.rotation.T
        arm = parent_rotation @ mount.parent_from_sensor.translation
        turn, turn_change = np.array([0.0, 0.0, motion.yaw_rate]), np.array([0.0, 0.0, motion.yaw_acceleration])
        here = np.array(motion.acceleration) + np.cross(turn_change, arm) + np.cross(turn, np.cross(turn, arm))
        force = flip_y(rotation.T @ (here + _UP)) + self._draw(self._force_noise)
        turning = flip_rotation_vector(rotation.T @ turn) + self._turn_bias + self._draw(self._turn_noise)
        compass = (math.pi / 2.0 - math.atan2(rotation[1, 0], rotation[0, 0])) % (2.0 * math.pi)
        return [(msgpack.packb([force.tolist(), turning.tolist(), compass]),)]

    def _draw(self, deviation: Array) -> Array:
        return np.array([self._rng.gauss(0.0, sigma) for sigma in deviation])


class Gnss:
    """Latitude and longitude, as the client's own map has them."""

    kind = SensorType.GNSS

    def __init__(self, description: Description, geolocation: Geolocation) -> None:
        axes = ("lat", "lon", "alt")
        self._bias = [read_number(description, f"noise_{axis}_bias") for axis in axes]
        self._deviation = [read_number(description, f"noise_{axis}_stddev") for axis in axes]
        self._rng = random.Random(int(read_number(description, "noise_seed")))
        self._geolocation = geolocation

    def measure(self, moment: Moment, mount: Mount) -> list[tuple[Chunk, ...]]:
        """[latitude, longitude, altitude]."""
        del moment
        x, y, z = (float(value) for value in mount.map_from_sensor.translation)
        exact = self._geolocation.at(x, y, z)
        noisy = [
            value + bias + self._rng.gauss(0.0, sigma) for value, bias, sigma in zip(exact, self._bias, self._deviation)
        ]
        return [(msgpack.packb(noisy),)]


def _axes(description: Description, name: str) -> Array:
    return np.array([read_number(description, f"{name}_{axis}") for axis in "xyz"])
