"""10,000 hostile frames; then an honest client drives."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from test.carla_server.hostile_frames import HONEST, SETTINGS, broken_frame, request, stream_bytes, wrong_call
from test.carla_server.server_process import ServerProcess, serving
from test.carla_server.wire_client import WireClient

pytest.importorskip("carla")

CALLS, BROKEN, STREAMS = 5000, 3500, 1500
IN_ONE_PIECE = 50
MOST_MEMORY_MB = 700


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with serving("--vehicles", "3", "--pedestrians", "2") as process:
        with closing(WireClient(process.port)) as client:
            client.value("set_episode_settings", SETTINGS)
        yield process


def is_well(server: ServerProcess) -> bool:
    with closing(WireClient(server.port)) as client:
        before = client.value("tick_cue")
        return bool(client.value("tick_cue") == before + 1) and server.process.poll() is None


def resident_mb(server: ServerProcess) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return next(float(line.split()[1]) / 1024.0 for line in status.splitlines() if line.startswith("VmRSS"))


def test_each_wrong_call_is_answered(server: ServerProcess) -> None:
    rng = random.Random(1)
    errors = 0
    for first in range(0, CALLS, IN_ONE_PIECE):
        numbers = range(first, first + IN_ONE_PIECE)
        with closing(WireClient(server.port)) as client:
            client.socket.sendall(b"".join(wrong_call(rng, number) for number in numbers))
            for number in numbers:
                kind, answered, error, result = client.receive()
                assert (kind, answered) == (1, number)
                errors += error is not None or "wanted" in str(result)
    assert errors > CALLS / 3
    assert is_well(server)


def test_broken_frames_end_their_own_connection_at_most(server: ServerProcess) -> None:
    rng = random.Random(2)
    with closing(WireClient(server.port)) as honest:
        for number in range(BROKEN):
            with closing(socket.create_connection(("127.0.0.1", server.port), 30.0)) as bad, suppress(OSError):
                bad.sendall(broken_frame(rng))
            if number % 100 == 0:
                assert honest.value("version") == "0.9.16"
    assert is_well(server)


def test_strange_listeners_do_no_harm(server: ServerProcess) -> None:
    rng = random.Random(3)
    kept: list[socket.socket] = []
    for _ in range(STREAMS):
        bad = socket.create_connection(("127.0.0.1", server.streaming_port), 30.0)
        with suppress(OSError):
            bad.sendall(stream_bytes(rng))
        kept.append(bad)
        if len(kept) > 40:
            kept.pop(rng.randrange(len(kept))).close()
    assert is_well(server)
    for bad in kept:
        bad.close()


def test_what_honest_clients_say_is_known(server: ServerProcess) -> None:
    with closing(WireClient(server.port)) as client:
        for number, (method, arguments) in enumerate(HONEST):
            client.socket.sendall(request(method, arguments, number))
            answered = client.receive()
            assert (answered[2] is None) == (method != "fly_away")


def test_then_an_honest_client_drives(server: ServerProcess) -> None:
    assert resident_mb(server) < MOST_MEMORY_MB
    with closing(WireClient(server.port)) as client:
        client.void("load_new_episode", "grid_small", True, 65535)
    drive = server.client("plain_drive.py", "60")
    assert len(drive["frames"]) == 60
    assert drive["image_frames"] == drive["frames"]
    assert drive["speeds"][-1] > 4.0
    code, output = server.end()
    assert code == 0
    assert "ended by SIGTERM" in output
