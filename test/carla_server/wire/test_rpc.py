"""The transport of calls over real sockets, with an echo behind it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgpack
import pytest

from test.carla_server.wire_client import WireClient
from wam_ros.carla_server.wire.rpc import Reply, Request, RpcServer
from wam_ros.carla_server.wire.socket_loop import Peer, SocketLoop
from wam_ros.core.errors import WorldError


def echo(request: Request) -> Reply:
    if request.method == "fail":
        return Reply(error="no such call: fail")
    return Reply([request.method, list(request.arguments)])


class Served:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self._loop = SocketLoop()
        self._ended = False
        self._server = RpcServer(self._loop, "127.0.0.1", 0, self._answer)
        self.port = self._server.port
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _answer(self, request: Request) -> Reply:
        self.asked.append(request.method)
        return echo(request)

    def _serve(self) -> None:
        while not self._ended:
            self._loop.poll(0.0 if self._server.has_work else 0.02)
            self._server.work()
        self._loop.close()

    def close(self) -> None:
        self._ended = True
        self._thread.join()


@contextmanager
def connected(port: int) -> Iterator[WireClient]:
    client = WireClient(port)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.close()


def test_a_call_and_its_answer(served: Served) -> None:
    with connected(served.port) as client:
        assert client.call("version", 1, "two", [3.0]) == ["version", [1, "two", [3.0]]]


def test_an_error_is_in_the_answer(served: Served) -> None:
    with connected(served.port) as client, pytest.raises(RuntimeError, match="no such call: fail"):
        client.call("fail")


def test_many_calls_in_one_piece_are_answered_in_order(served: Served) -> None:
    with connected(served.port) as client:
        client.socket.sendall(b"".join(msgpack.packb([0, number, "x", [[False]]]) for number in range(500)))
        assert [client.receive()[1] for _ in range(500)] == list(range(500))


def test_a_call_in_many_pieces(served: Served) -> None:
    with connected(served.port) as client:
        for byte in msgpack.packb([0, 9, "slow", [[False], "x" * 20]]):
            client.socket.sendall(bytes([byte]))
        assert client.receive() == [1, 9, None, ["slow", ["x" * 20]]]


def test_a_notification_gets_no_answer(served: Served) -> None:
    with connected(served.port) as client:
        client.socket.sendall(msgpack.packb([2, "told", [[True], 5]]))
        assert client.call("after") == ["after", []]
    assert served.asked == ["told", "after"]


def test_a_large_text_comes_through_and_an_enormous_one_ends_the_connection(served: Served) -> None:
    with connected(served.port) as client:
        assert client.call("map", "x" * 3_000_000) == ["map", ["x" * 3_000_000]]
    with connected(served.port) as client, pytest.raises((ConnectionError, BrokenPipeError)):
        client.call("map", "x" * 20_000_000)
    assert served.asked == ["map"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xc1",  # not msgpack
        b"\x01",  # a number
        msgpack.packb([0, 1, "x"]),
        msgpack.packb([0, "1", "x", [[False]]]),
        msgpack.packb([0, 1, "x", []]),
        msgpack.packb([0, 1, 2, [[False]]]),
        msgpack.packb([0, 1, "x", [[False], {"a": 1}]]),
        msgpack.packb([0, 1, "x", [[False], msgpack.ExtType(5, b"x")]]),
        b"\xdd\xff\xff\xff\xff",  # a list of 2^32 - 1
        b"\xdc\x40\x00" * 300,  # lists in lists
        b"\xdb\xff\xff\xff\xff" + b"x" * 10_000_000,  # a text of 4 GB
    ],
)
def test_what_is_no_call_ends_its_own_connection_only(served: Served, data: bytes) -> None:
    with connected(served.port) as good, connected(served.port) as bad:
        try:
            bad.socket.sendall(data)
            bad.socket.shutdown(socket.SHUT_WR)
            assert bad.socket.recv(100) == b""
        except OSError:
            pass  # the server was quicker
        assert good.call("still") == ["still", []]
    assert served.asked == ["still"]


def test_one_client_with_much_to_ask_does_not_hold_up_another(served: Served) -> None:
    with connected(served.port) as greedy, connected(served.port) as modest:
        greedy.socket.sendall(b"".join(msgpack.packb([0, number, "many", [[False]]]) for number in range(3000)))
        assert modest.call("one") == ["one", []]
        for _ in range(3000):
            greedy.receive()
    assert served.asked.index("one") < 2999


def test_a_port_in_use_is_named(served: Served) -> None:
    loop = SocketLoop()
    with pytest.raises(WorldError, match=rf"port {served.port} of 127\.0\.0\.1 is in use"):
        RpcServer(loop, "127.0.0.1", served.port, echo)
    with pytest.raises(WorldError, match=r"port 70000 of 127\.0\.0\.1 cannot be used"):
        RpcServer(loop, "127.0.0.1", 70000, echo)
    loop.close()


def test_a_client_that_never_reads_is_dropped(served: Served) -> None:
    def ask_for_ever(client: WireClient) -> None:
        while True:
            client.send("x", "y" * 4_000_000)

    with connected(served.port) as client, pytest.raises(OSError, match=r"."):
        ask_for_ever(client)
    with connected(served.port) as client:
        assert client.call("next") == ["next", []]


def test_clients_beyond_the_most_wait_until_one_goes() -> None:
    loop = SocketLoop()
    peers: list[Peer] = []
    port = loop.listen("127.0.0.1", 0, peers.append, most_peers=2, most_pending=1000)
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for _ in range(5):
        loop.poll(0.02)
    assert len(peers) == 2
    sockets[0].close()
    while len(peers) < 3:
        loop.poll(1.0)
    assert [peer.closed for peer in peers] == [True, False, False]
    loop.close()
    assert all(peer.closed for peer in peers)
    for each in sockets:
        each.close()
