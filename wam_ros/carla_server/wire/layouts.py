"""The packed structs of CARLA 0.9.16's streams, little endian without gaps. It knows no world.

Sizes and offsets are those of the client's own library (its debug information); test_layouts.py compares them.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

Triple = tuple[float, float, float]

TOKEN = struct.Struct("<IHBB16s")
SENSOR_HEADER = struct.Struct("<QQd6f")
SNAPSHOT_HEADER = struct.Struct("<Qdf3iI")
ACTOR_STATE = struct.Struct("<IB15f54s")
VEHICLE_STATE = struct.Struct("<fff???ifB?IB")
WALKER_STATE = struct.Struct("<4f?")
LIGHT_STATE = struct.Struct("<32s4fI?B")
IMAGE_HEADER = struct.Struct("<2If")
_TCP = 1
_ACTIVE = 1


class SensorType(IntEnum):
    """Number of a kind of data; the order of the client's SensorRegistry."""

    COLLISION = 0
    DEPTH = 1
    GNSS = 4
    IMU = 5
    LIDAR = 11
    RGB = 13
    SEMANTICS = 14
    WORLD = 17


class SimulationState(IntEnum):
    """What a snapshot says of the world as a whole."""

    NONE = 0
    MAP_CHANGE = 1


class WireTransform(NamedTuple):
    """Location [m] and rotation (pitch, yaw, roll) in degrees, in CARLA's axes."""

    location: Triple
    rotation: Triple


class Motion(NamedTuple):
    """Velocity [m/s], angular velocity [deg/s], acceleration [m/s^2], in CARLA's axes."""

    velocity: Triple = (0.0, 0.0, 0.0)
    angular_velocity: Triple = (0.0, 0.0, 0.0)
    acceleration: Triple = (0.0, 0.0, 0.0)


class VehicleControl(NamedTuple):
    """CARLA's VehicleControl: throttle, brake in [0, 1], steer in [-1, 1], right positive."""

    throttle: float = 0.0
    steer: float = 0.0
    brake: float = 0.0
    hand_brake: bool = False
    reverse: bool = False
    manual_gear_shift: bool = False
    gear: int = 0


class LightAhead(NamedTuple):
    """The traffic light that a vehicle stands at: its actor, and CARLA's number of what it shows."""

    actor_id: int
    state: int


def token(stream: int, port: int) -> bytes:
    """24 bytes that tell a client where a stream is; no address = the host that it already talks to."""
    return TOKEN.pack(stream, port, _TCP, 0, b"")


def sensor_header(kind: SensorType, frame: int, time: float, transform: WireTransform) -> bytes:
    """The 48 bytes before every message; `time` since the start of the episode [s]."""
    return SENSOR_HEADER.pack(kind, frame, time, *transform.location, *transform.rotation)


def snapshot_header(episode: int, platform_time: float, dt: float, state: SimulationState) -> bytes:
    """The 36 bytes before the actors of a snapshot; `dt` since the frame before [s]."""
    return SNAPSHOT_HEADER.pack(episode, platform_time, dt, 0, 0, 0, state)


def actor_state(actor_id: int, transform: WireTransform, motion: Motion, particulars: bytes = b"") -> bytes:
    """The 119 bytes of one actor; `particulars` are those of its kind."""
    numbers = (*transform.location, *transform.rotation, *motion[0], *motion[1], *motion[2])
    return ACTOR_STATE.pack(actor_id, _ACTIVE, *numbers, particulars)


def vehicle_state(control: VehicleControl, speed_limit_kph: float, light: LightAhead | None) -> bytes:
    """What is particular of a vehicle."""
    number, shown = (0, 0) if light is None else light
    return VEHICLE_STATE.pack(*control, speed_limit_kph, shown, light is not None, number, 0)


def walker_state(direction: Triple, speed: float) -> bytes:
    """What is particular of a walker: unit direction, speed [m/s]."""
    return WALKER_STATE.pack(*direction, speed, False)


def light_state(sign_id: str, times: Triple, elapsed: float, pole: int, frozen: bool, state: int) -> bytes:
    """What is particular of a traffic light: OpenDRIVE id, (green, yellow, red) times and time in this state [s]."""
    return LIGHT_STATE.pack(sign_id.encode()[:31], *times, elapsed, pole, frozen, state)


def image_header(width: int, height: int, fov_deg: float) -> bytes:
    """The 12 bytes before the pixels."""
    return IMAGE_HEADER.pack(width, height, fov_deg)


def lidar_header(horizontal_angle_deg: float, points_per_channel: list[int]) -> bytes:
    """Before the points, which come channel by channel."""
    count = len(points_per_channel)
    return struct.pack(f"<fI{count}I", horizontal_angle_deg, count, *points_per_channel)
