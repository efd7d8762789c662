"""The leaderboard's sensors: what is asked for, and what its readings mean in our axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wam_ros.carla_bridge.carla_poses import actor_from_base
from wam_ros.core.camera import CameraImage
from wam_ros.core.geometry import SE3, wrap_angle
from wam_ros.core.sensor_rig import SensorRig, SensorSpec
from wam_ros.core.vehicle import VehicleDescription
from wam_ros.maps.handedness import flip_rotation_vector, flip_y, pose_to_carla

GNSS, IMU, SPEED = "gnss", "imu", "speed"
_RGB = "sensor.camera.rgb"
_RATE_HZ = 20


@dataclass(frozen=True)
class Readings:
    """The readings of one tick that say how the vehicle moves, in our axes.

    Fields:
        geographic: Latitude, longitude of base_link in degrees.
        heading: [rad], counter-clockwise from east; None = the compass said nothing.
        speed: [m/s].
        yaw_rate: [rad/s].
        accelerations: Along base_link x and y [m/s^2].

    """

    geographic: tuple[float, float]
    heading: float | None
    speed: float
    yaw_rate: float
    accelerations: tuple[float, float]


def colour_cameras(rig: SensorRig) -> tuple[SensorSpec, ...]:
    """Those that the leaderboard knows."""
    return tuple(spec for spec in rig.cameras if spec.type == _RGB)


def sensor_list(rig: SensorRig, vehicle: VehicleDescription) -> list[dict[str, Any]]:
    """What `AutonomousAgent.sensors` gives back; places are in CARLA's axes, relative to the actor's origin."""
    cameras = [
        {
            "type": spec.type,
            "id": spec.id,
            **_place(actor_from_base(vehicle) @ spec.base_from_sensor),
            "width": spec.width,
            "height": spec.height,
            "fov": spec.fov_deg,
        }
        for spec in colour_cameras(rig)
    ]
    base = _place(actor_from_base(vehicle))
    return [
        *cameras,
        {"type": "sensor.other.gnss", "id": GNSS, **base},
        {"type": "sensor.other.imu", "id": IMU, **base},
        {"type": "sensor.speedometer", "id": SPEED, "reading_frequency": _RATE_HZ},
    ]


def read_motion(input_data: Mapping[str, Any]) -> Readings:
    """GNSS, IMU and speedometer of a tick; each entry is (frame, data) as the leaderboard gives it."""
    latitude, longitude = (float(value) for value in input_data[GNSS][1][:2])
    imu = np.asarray(input_data[IMU][1], dtype=np.float64)
    acceleration, rates, compass = flip_y(imu[:3]), flip_rotation_vector(imu[3:6]), float(imu[6])
    # The compass counts clockwise from north.
    heading = float(wrap_angle(math.pi / 2.0 - compass)) if math.isfinite(compass) else None
    return Readings(
        geographic=(latitude, longitude),
        heading=heading,
        speed=float(input_data[SPEED][1]["speed"]),
        yaw_rate=float(rates[2]),
        accelerations=(float(acceleration[0]), float(acceleration[1])),
    )


def read_images(input_data: Mapping[str, Any], rig: SensorRig, stamp_ns: int) -> dict[str, CameraImage]:
    """The cameras' images of a tick; the leaderboard gives arrays (H, W, 4) blue, green, red, alpha."""
    return {
        spec.id: CameraImage(stamp_ns, input_data[spec.id][1], "bgra8", spec.camera_model, spec.base_from_optical)
        for spec in colour_cameras(rig)
    }


def _place(actor_from_sensor: SE3) -> dict[str, float]:
    (x, y, z), (pitch, yaw, roll) = pose_to_carla(actor_from_sensor)
    return {"x": x, "y": y, "z": z, "roll": roll, "pitch": pitch, "yaw": yaw}
