"""Bytes that no honest client sends: random, truncated, mutated, absurd."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

import msgpack

NOWHERE = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
CONTROL = [0.5, 0.1, 0.0, False, False, False, 0]
SETTINGS = [True, False, [True, 0.05], True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True]
CAR = [0, "vehicle.tesla.model3", [["color", 5, "255,0,0"], ["role_name", 4, "hero"]]]
CAMERA = [0, "sensor.camera.rgb", [["image_size_x", 2, "64"], ["image_size_y", 2, "36"], ["fov", 3, "90.0"]]]
LIDAR = [0, "sensor.lidar.ray_cast", [["channels", 2, "8"], ["points_per_second", 2, "2000"]]]
LIGHT = 2**31 + 1

# What honest clients say, with arguments; a few of them by themselves change the world.
HONEST: tuple[tuple[str, list[Any]], ...] = (
    ("version", []),
    ("get_episode_info", []),
    ("get_episode_settings", []),
    ("set_episode_settings", [SETTINGS]),
    ("get_map_info", []),
    ("get_available_maps", []),
    ("get_required_files", ["Nav"]),
    ("query_lights_state", ["127.0.0.1:2000"]),
    ("tick_cue", []),
    ("get_actor_definitions", []),
    ("get_actors_by_id", [[1000, 1001, LIGHT]]),
    ("get_spectator", []),
    ("spawn_actor", [CAR, [[50.0, -80.0, 0.5], [0.0, 90.0, 0.0]]]),
    ("spawn_actor", [[0, "walker.pedestrian.0001", []], [[20.0, -30.0, 1.0], [0.0, 0.0, 0.0]]]),
    ("spawn_actor_with_parent", [CAMERA, NOWHERE, 1000, 0, ""]),
    ("spawn_actor_with_parent", [LIDAR, NOWHERE, 1001, 0, ""]),
    ("spawn_actor_with_parent", [[0, "sensor.other.imu", []], NOWHERE, 1001, 0, ""]),
    ("destroy_actor", [1005]),
    ("get_actor_bounding_box", [1000]),
    ("set_actor_transform", [1010, [[10.0, 10.0, 0.0], [0.0, 45.0, 0.0]]]),
    ("set_actor_location", [1010, [1.0, 2.0, 3.0]]),
    ("set_actor_target_velocity", [1010, [3.0, 0.0, 0.0]]),
    ("set_actor_simulate_physics", [1010, False]),
    ("apply_control_to_vehicle", [1010, CONTROL]),
    ("apply_ackermann_control_to_vehicle", [1010, [0.1, 0.0, 5.0, 1.0, 0.0]]),
    ("apply_control_to_walker", [1011, [[1.0, 0.0, 0.0], 1.4, False]]),
    ("apply_batch", [[[[2, [1010, CONTROL]]], [[1, [1011]]], [[0, [CAR, NOWHERE, [False], 7, "", []]]]], False]),
    ("set_traffic_light_state", [LIGHT, 2]),
    ("set_traffic_light_green_time", [LIGHT, 10.0]),
    ("freeze_all_traffic_lights", [True]),
    ("get_group_traffic_lights", [LIGHT]),
    ("get_physics_control", [1010]),
    ("get_telemetry_data", [1010]),
    ("set_vehicle_light_state", [1010, [3]]),
    ("set_weather_parameters", [[0.0] * 14]),
    ("cast_ray", [[0.0, 0.0, 10.0], [0.0, 0.0, -10.0]]),
    ("project_point", [[0.0, 0.0, 10.0], [0.0, 0.0, -1.0], 50.0]),
    ("load_new_episode", ["Carla/Maps/no_such_town", False, 65535]),
    ("add_traffic_manager_running", [["127.0.0.1", 8000]]),
    ("get_sensor_token", [1]),
    ("draw_debug_shape", [[[0, [[0.0, 0.0, 0.0], 0.1]], [255, 0, 0], -1.0, False]]),
    ("fly_away", [1, 2, 3]),
)
LEAVES: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, -1, 0, 2**31, 2**32, 2**63, 1e308, -1e308, 1e-308, 1e6),
    *("", "x" * 5000, "\x00", "../../etc/passwd", b"", b"\xff" * 30, None, True, False),
    *([], [[]], [[[[]]]], [None] * 50, list(range(300)), ["a", [1, [2.0, [None]]]]),
)


def request(method: Any, arguments: list[Any], number: Any = 1) -> bytes:
    packed: bytes = msgpack.packb([0, number, method, [[False], *arguments]])
    return packed


def wrong_call(rng: random.Random, number: int) -> bytes:
    """A whole request with something wrong inside: it is to be answered."""
    method, arguments = rng.choice(HONEST)
    for _ in range(rng.randint(1, 3)):
        arguments = _mutated(arguments, rng)
        if not isinstance(arguments, list):
            arguments = [arguments]
    if rng.random() < 0.2:
        arguments = arguments[: rng.randint(0, len(arguments))] + [rng.choice(LEAVES)] * rng.randint(0, 2)
    return request(method, arguments, number)


def broken_frame(rng: random.Random) -> bytes:
    """Bytes that are a request no more, or never were one."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randbytes(rng.randint(1, 200))
    method, arguments = rng.choice(HONEST)
    whole = request(method, arguments)
    if kind == 1:
        return whole[: rng.randint(1, len(whole) - 1)]
    if kind == 2:
        broken = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        return bytes(broken)
    if kind == 3:  # absurd lengths
        return (
            rng.choice((b"\xdd", b"\xdb", b"\xc6", b"\xdf", b"\xc9")) + struct.pack(">I", rng.randrange(2**32)) + whole
        )
    if kind == 4:  # nested without end
        return rng.choice((b"\x91", b"\xdc\x40\x00", b"\x81\x01")) * rng.randint(100, 3000)
    return bytes(msgpack.packb([rng.choice(LEAVES) for _ in range(rng.randint(0, 6))]))


def stream_bytes(rng: random.Random) -> bytes:
    """What to say to the stream port."""
    number = rng.choice((0, 1, 2, 3, 2**32 - 1, rng.randrange(2**32)))
    said = struct.pack("<I", number) + rng.randbytes(rng.choice((0, 0, 3, 500)))
    return said[: rng.choice((1, 3, 4, len(said)))]


def _mutated(value: Any, rng: random.Random) -> Any:
    """The same tree with one leaf or branch replaced."""
    if isinstance(value, list) and value and rng.random() < 0.85:
        index = rng.randrange(len(value))
        return [_mutated(each, rng) if place == index else each for place, each in enumerate(value)]
    return rng.choice(LEAVES)
