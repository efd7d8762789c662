"""The server in this process, asked in the forms of the wire."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")

from test.carla_server.wire_client import StreamReader, WireClient
from test.carla_server.worlds import town
from wam_ros.carla_server.server import CarlaServer
from wam_ros.carla_server.wire.layouts import ACTOR_STATE, SENSOR_HEADER, SNAPSHOT_HEADER
from wam_ros.carla_server.world.world import WorldSettings
from wam_ros.core.errors import WorldError

QUIET = WorldSettings(vehicles=3, pedestrians=2, warm_up_s=2.0)
SYNCHRONOUS = [True, False, [True, 0.05], True, 0.01, 10, 0.0, True, 3000.0, 2000.0, True]
NOWHERE = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]


class Snapshot:
    def __init__(self, message: bytes) -> None:
        self.kind, self.frame, self.time = SENSOR_HEADER.unpack_from(message)[:3]
        header = SNAPSHOT_HEADER.unpack_from(message, SENSOR_HEADER.size)
        self.episode, self.state = header[0], header[-1]
        states = message[SENSOR_HEADER.size + SNAPSHOT_HEADER.size :]
        assert len(states) % ACTOR_STATE.size == 0
        self.actors = {state[0]: state[2:5] for state in ACTOR_STATE.iter_unpack(states)}


@pytest.fixture(scope="module")
def server() -> Iterator[CarlaServer]:
    with CarlaServer(town(), QUIET) as running:
        yield running


@pytest.fixture
def client(server: CarlaServer) -> Iterator[WireClient]:
    with closing(WireClient(server.port)) as made:
        made.value("set_episode_settings", SYNCHRONOUS)
        yield made


def spawn(client: WireClient, name: str, transform: Any, parent: int = 0, **attributes: str) -> Any:
    description = [0, name, [[key, 4, value] for key, value in attributes.items()]]
    if parent:
        return client.value("spawn_actor_with_parent", description, transform, parent, 112, "")
    return client.value("spawn_actor", description, transform)


def spawn_car(client: WireClient) -> int:
    for point in client.value("get_map_info")[1]:
        ((kind, found),) = client.call("spawn_actor", [0, "vehicle.tesla.model3", []], point)
        if kind == 1:
            return int(found[0])
        assert "collision" in found[0]
    message = "no free spawn point"
    raise AssertionError(message)


def newest(reader: StreamReader, frame: int) -> Snapshot:
    while True:
        snapshot = Snapshot(reader.message())
        if snapshot.frame >= frame:
            return snapshot


def test_the_calls_of_get_world(client: WireClient, server: CarlaServer) -> None:
    assert client.value("version") == "0.9.16"
    number, (token,) = client.value("get_episode_info")
    assert number >= 1
    assert struct.unpack("<IHBB16s", token)[:3] == (1, server.streaming_port, 1)
    assert client.value("get_sensor_token", 1) == [token]
    assert client.value("get_episode_settings") == SYNCHRONOUS
    assert client.value("get_required_files", "Nav") == []
    assert client.value("query_lights_state", "127.0.0.1:2000") == []
    with closing(StreamReader(server.streaming_port, 1)) as reader:
        assert Snapshot(reader.message()).episode == number


def test_frames_of_a_tick_are_there_before_its_answer(client: WireClient, server: CarlaServer) -> None:
    car = spawn_car(client)
    token = spawn(client, "sensor.other.imu", NOWHERE, car)[5]
    (stream,) = struct.unpack_from("<I", token)
    for number in (1, stream):
        client.value("get_sensor_token", number)  # the next tick waits for who announced a connection
    with (
        closing(StreamReader(server.streaming_port, 1)) as world,
        closing(StreamReader(server.streaming_port, stream)) as imu,
    ):
        world.message()
        client.value("tick_cue")
        world.message()
        imu.message()
        for _ in range(20):
            frame = client.value("tick_cue")
            for reader in (world, imu):
                reader.socket.settimeout(5.0)
                assert SENSOR_HEADER.unpack_from(reader.message())[1] == frame
    assert client.value("destroy_actor", car)


def test_sensors_go_with_their_carrier_and_leave_the_snapshot(client: WireClient, server: CarlaServer) -> None:
    car = spawn_car(client)
    imu = spawn(client, "sensor.other.imu", NOWHERE, car)[0]
    riding = spawn(client, "sensor.other.gnss", [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]], imu)
    assert riding[1] == imu
    with closing(StreamReader(server.streaming_port, 1)) as reader:
        assert {car, imu, riding[0]} <= set(newest(reader, client.value("tick_cue")).actors)
        assert client.value("destroy_actor", car)
        assert not client.value("destroy_actor", car)
        assert not {car, imu, riding[0]} & set(newest(reader, client.value("tick_cue")).actors)
    assert client.value("get_actors_by_id", [car, imu, 0, 2**32 - 1]) == []


def test_a_vehicle_is_where_it_was_put(client: WireClient, server: CarlaServer) -> None:
    car = spawn_car(client)
    client.void("set_actor_simulate_physics", car, False)
    client.void("set_actor_transform", car, [[1.5, -700.0, 9.0], [0.0, 90.0, 0.0]])
    with closing(StreamReader(server.streaming_port, 1)) as reader:
        place = newest(reader, client.value("tick_cue")).actors[car]
    assert place == pytest.approx((1.5, -700.0, 0.0))
    client.value("destroy_actor", car)


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("spawn_actor", [[0, "vehicle.tesla.model4", []], NOWHERE], "did you mean 'vehicle.tesla.model3'"),
        ("spawn_actor_with_parent", [[0, "sensor.other.imu", []], NOWHERE, 5, 0, ""], "cannot attach .*: no actor 5"),
        ("spawn_actor", [[0, "sensor.other.radar", []], NOWHERE], "no sensor.other.radar: it is not simulated"),
        ("spawn_actor", [[0, "sensor.camera.rgb", [["fov", 3, "200"]]], NOWHERE], "fov 200.0 deg"),
        ("get_actor_bounding_box", [5], "no actor 5"),
        ("get_physics_control", [5], "actor 5 is not in the world"),
        ("get_group_traffic_lights", [5], "actor 5 is no traffic light"),
        ("set_episode_settings", [[*SYNCHRONOUS[:2], [True, 1.0], *SYNCHRONOUS[3:]]], "fixed_delta_seconds = 1.0"),
        ("set_episode_settings", [SYNCHRONOUS[:-1]], "argument 1: tuple: wanted a list of 11"),
        ("get_actors_by_id", [["x"]], "'x': wanted an integer"),
        ("tick_cue", [1, 2], "tick_cue: 2 arguments, wanted 0"),
        ("start_recorder", ["a.log", True], "no recorder"),
        ("fly_away", [], "does not know the call 'fly_away'"),
    ],
)
def test_errors_that_values_carry(client: WireClient, method: str, arguments: list[Any], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        client.value(method, *arguments)


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("apply_control_to_vehicle", [5, [0.0, 0.0, 0.0, False, False, False, 0]], "actor 5 is no vehicle"),
        (
            "apply_control_to_vehicle",
            [5, [float("nan"), 0.0, 0.0, False, False, False, 0]],
            "nan: wanted a finite number",
        ),
        ("set_actor_transform", [5, [[float("inf"), 0.0, 0.0], [0.0, 0.0, 0.0]]], "inf: wanted a finite number"),
        ("set_actor_transform", [5, NOWHERE], "body 5"),
        ("apply_control_to_walker", [5, [[1.0, 0.0, 0.0], 99.0, False]], "speed 99.0 m/s"),
        ("load_new_episode", ["Town99", True, 65535], "map 'Town99' not found"),
        ("copy_opendrive_to_file", ["<xml/>", []], "wam town build"),
        ("set_actor_target_angular_velocity", [5, [0.0, 0.0, 1.0]], "angular velocity"),
    ],
)
def test_errors_of_calls_without_result(client: WireClient, method: str, arguments: list[Any], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        client.void(method, *arguments)


def test_batches_answer_each_command(client: WireClient) -> None:
    car = spawn_car(client)
    commands = [
        [[2, [car, [0.5, 0.0, 0.0, False, False, False, 0]]]],
        [[2, [car, [0.5]]]],
        [[99, [car]]],
        [[10, [car, [1.0, 0.0, 0.0]]]],
        ["nonsense"],
        [[1, [car]]],
        [[1, [car]]],
    ]
    answers = client.call("apply_batch", commands, False)
    assert [answer[0][0] for answer in answers] == [1, 0, 0, 0, 0, 1, 0]
    assert "forces" in answers[3][0][1][0]


def test_what_to_do_after_a_spawn_is_for_the_new_actor(client: WireClient) -> None:
    point = client.value("get_map_info")[1][-1]
    full = [[2, [0, [1.0, 0.0, 0.0, False, False, False, 0]]]]
    command = [[0, [[0, "vehicle.audi.tt", []], point, [False], 112, "", [full]]]]
    (((kind, car),),) = client.call("apply_batch", [command], False)
    assert kind == 1
    for _ in range(10):
        client.value("tick_cue")
    assert client.value("get_telemetry_data", car)[0] > 0.5
    client.value("destroy_actor", car)


def test_loading_a_town_begins_a_new_episode(client: WireClient, server: CarlaServer) -> None:
    car = spawn_car(client)
    number, _ = client.value("get_episode_info")
    with closing(StreamReader(server.streaming_port, 1)) as reader:
        frame = Snapshot(reader.message()).frame
        client.void("load_new_episode", "", False, 65535)
        loaded = newest(reader, frame + 1)
    assert (loaded.episode, loaded.state) == (number + 1, 1)  # MapChange
    assert client.value("get_episode_settings") == SYNCHRONOUS
    assert client.value("get_actors_by_id", [car]) == [] or car not in loaded.actors
    client.void("load_new_episode", "Carla/Maps/grid_small", True, 65535)
    assert client.value("get_episode_settings")[:3] == [False, False, [False]]


def test_traffic_managers_are_remembered(client: WireClient) -> None:
    assert not client.value("is_traffic_manager_running", 8000)
    assert client.value("add_traffic_manager_running", ["10.0.0.1", 8000])
    assert client.value("is_traffic_manager_running", 8000)
    assert client.value("get_traffic_manager_running", 8000) == ["10.0.0.1", 8000]
    assert client.value("destroy_traffic_manager", 8000)
    assert not client.value("is_traffic_manager_running", 8000)


def test_a_second_server_in_the_process_is_refused_and_leaves_nothing_behind(server: CarlaServer) -> None:
    threads = threading.active_count()
    with pytest.raises(WorldError, match="another world runs in this process"):
        CarlaServer(town(), QUIET)
    with pytest.raises(WorldError, match=f"port {server.port} .*in use"):
        CarlaServer(town(), QUIET, port=server.port)
    assert threading.active_count() == threads


def test_a_world_ticks_by_itself_in_steps(server: CarlaServer) -> None:
    with closing(WireClient(server.port)) as client, closing(StreamReader(server.streaming_port, 1)) as reader:
        client.value("set_episode_settings", [False, False, [False], *SYNCHRONOUS[3:]])
        snapshots = [Snapshot(reader.message()) for _ in range(6)]
    assert [later.frame - first.frame for first, later in pairwise(snapshots)] == [1] * 5
    assert snapshots[-1].time - snapshots[0].time == pytest.approx(0.25)
