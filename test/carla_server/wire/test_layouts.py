"""Sizes and offsets of the wire's structs.

The numbers are those of the client's own library, carla 0.9.16 for cp311: the debug information (DWARF) of libcarla,
read with pyelftools.
"""

from __future__ import annotations

import struct

import pytest

from wam_ros.carla_server.wire import layouts
from wam_ros.carla_server.wire.layouts import (
    LightAhead,
    Motion,
    SensorType,
    SimulationState,
    VehicleControl,
    WireTransform,
)

TRANSFORM = WireTransform((1.5, -2.25, 3.0), (4.0, 5.5, -6.0))
MOTION = Motion((7.0, 8.0, 9.0), (10.0, 11.0, 12.0), (13.0, 14.0, 15.0))


@pytest.mark.parametrize(
    ("made", "size"),
    [
        (layouts.TOKEN, 24),  # carla::streaming::Token
        (layouts.SENSOR_HEADER, 48),  # SensorHeaderSerializer::Header
        (layouts.SNAPSHOT_HEADER, 36),  # EpisodeStateSerializer::Header
        (layouts.ACTOR_STATE, 119),  # ActorDynamicState
        (layouts.VEHICLE_STATE, 30),  # detail::VehicleData
        (layouts.WALKER_STATE, 17),  # detail::PackedWalkerControl
        (layouts.LIGHT_STATE, 54),  # detail::TrafficLightData
        (layouts.IMAGE_HEADER, 12),  # ImageSerializer::ImageHeader
    ],
)
def test_sizes(made: struct.Struct, size: int) -> None:
    assert made.size == size


def at(data: bytes, offset: int, form: str) -> tuple[float, ...]:
    return struct.unpack_from(f"<{form}", data, offset)


def test_token() -> None:
    made = layouts.token(7, 40000)
    assert at(made, 0, "I") == (7,)  # stream_id
    assert at(made, 4, "HBB") == (40000, 1, 0)  # port, protocol tcp, address not set
    assert made[8:] == bytes(16)


def test_sensor_header() -> None:
    made = layouts.sensor_header(SensorType.RGB, 99, 4.95, TRANSFORM)
    assert at(made, 0, "QQ") == (13, 99)  # sensor_type, frame
    assert at(made, 16, "d") == (4.95,)  # timestamp
    assert at(made, 24, "6f") == (*TRANSFORM.location, *TRANSFORM.rotation)  # sensor_transform


def test_snapshot_header() -> None:
    made = layouts.snapshot_header(3, 12.5, 0.05, SimulationState.MAP_CHANGE)
    assert at(made, 0, "Q") == (3,)  # episode_id
    assert at(made, 8, "d") == (12.5,)  # platform_timestamp
    assert at(made, 16, "f")[0] == pytest.approx(0.05)  # delta_seconds
    assert at(made, 20, "3i") == (0, 0, 0)  # map_origin
    assert at(made, 32, "I") == (1,)  # simulation_state


def test_actor_state() -> None:
    made = layouts.actor_state(2**31 + 5, TRANSFORM, MOTION, b"\x01\x02")
    assert at(made, 0, "I") == (2**31 + 5,)  # id
    assert at(made, 4, "B") == (1,)  # actor_state: active
    assert at(made, 5, "6f") == (*TRANSFORM.location, *TRANSFORM.rotation)  # transform
    assert at(made, 29, "3f") == MOTION.velocity
    assert at(made, 41, "3f") == MOTION.angular_velocity
    assert at(made, 53, "3f") == MOTION.acceleration
    assert made[65:] == b"\x01\x02".ljust(54, b"\0")  # state


def test_vehicle_state() -> None:
    control = VehicleControl(0.25, -0.5, 0.75, hand_brake=True, reverse=False, manual_gear_shift=True, gear=-1)
    made = layouts.vehicle_state(control, 50.0, LightAhead(77, 1))
    assert at(made, 0, "3f") == (0.25, -0.5, 0.75)  # throttle, steer, brake
    assert at(made, 12, "???") == (True, False, True)  # hand_brake, reverse, manual_gear_shift
    assert at(made, 15, "i") == (-1,)  # gear
    assert at(made, 19, "f") == (50.0,)  # speed_limit
    assert at(made, 23, "B?") == (1, True)  # traffic_light_state, has_traffic_light
    assert at(made, 25, "I") == (77,)  # traffic_light_id
    assert at(made, 29, "B") == (0,)  # failure_state
    assert at(layouts.vehicle_state(control, 50.0, None), 23, "B?I") == (0, False, 0)


def test_walker_state() -> None:
    made = layouts.walker_state((0.5, 0.25, 0.0), 1.5)
    assert at(made, 0, "3f") == (0.5, 0.25, 0.0)  # direction
    assert at(made, 12, "f?") == (1.5, False)  # speed, jump


def test_light_state() -> None:
    made = layouts.light_state("A1_10", (10.0, 3.0, 12.0), 1.5, 4, True, 2)
    assert made[:32] == b"A1_10".ljust(32, b"\0")  # sign_id
    assert at(made, 32, "4f") == (10.0, 3.0, 12.0, 1.5)  # green, yellow, red, elapsed time
    assert at(made, 48, "I") == (4,)  # pole_index
    assert at(made, 52, "?B") == (True, 2)  # time_is_frozen, state


def test_a_long_sign_id_ends_with_a_zero_and_within_its_room() -> None:
    made = layouts.light_state("x" * 100, (1.0, 1.0, 1.0), 0.0, 0, False, 0)
    assert len(made) == 54
    assert made[31] == 0


def test_lidar_header() -> None:
    made = layouts.lidar_header(90.0, [3, 0, 5])
    assert at(made, 0, "fI3I") == (90.0, 3, 3, 0, 5)
