"""The end of a server, in this process."""

from __future__ import annotations

import socket
import threading

import pytest

pytest.importorskip("carla")
pytest.importorskip("libsumo")

from test.carla_server.wire_client import StreamReader, WireClient
from test.carla_server.worlds import small_world, town
from wam_ros.carla_server.server import CarlaServer
from wam_ros.carla_server.world.world import WorldSettings


def read_for_ever(reader: StreamReader) -> None:
    while True:
        reader.message()


def test_closing_ends_connections_thread_ports_and_world() -> None:
    before = set(threading.enumerate())
    server = CarlaServer(town(), WorldSettings(vehicles=2, pedestrians=1, warm_up_s=0.0), synchronous=True)
    server.start()
    client, reader = WireClient(server.port), StreamReader(server.streaming_port, 1)
    assert client.value("version") == "0.9.16"
    assert client.value("get_episode_settings")[:3] == [True, False, [True, 0.05]]
    reader.message()
    server.close()
    server.close()
    assert set(threading.enumerate()) == before
    assert client.socket.recv(10) == b""
    with pytest.raises(ConnectionError):
        read_for_ever(reader)
    for port in (server.port, server.streaming_port):
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", port))
    with small_world(vehicles=0, pedestrians=0, warm_up_s=0.0) as world:
        world.step()
    client.close()
    reader.close()
