"""The transport of streams over real sockets."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from test.carla_server.wire_client import StreamReader
from wam_ros.carla_server.wire.streams import WORLD, Streams


@pytest.fixture
def streams() -> Iterator[Streams]:
    made = Streams("127.0.0.1", 0)
    yield made
    made.close()


def listen(streams: Streams, number: int) -> StreamReader:
    reader = StreamReader(streams.port, number)
    joined: set[int] = set()
    while number not in joined:
        streams.loop.poll(1.0)
        joined |= streams.take_joined()
    return reader


def test_a_message_in_chunks_arrives_whole_at_all_listeners(streams: Streams) -> None:
    with (
        closing(listen(streams, 5)) as first,
        closing(listen(streams, 5)) as second,
        closing(listen(streams, 6)) as other,
    ):
        streams.publish(5, b"head", memoryview(b"body"))
        streams.publish(6, b"x")
        assert [reader.message() for reader in (first, second, other)] == [b"headbody", b"headbody", b"x"]


def test_the_token_tells_stream_and_port(streams: Streams) -> None:
    assert struct.unpack("<IHBB16s", streams.token(9)) == (9, streams.port, 1, 0, bytes(16))
    assert streams.new_number() == WORLD + 1
    assert streams.new_number() == WORLD + 2


def test_who_comes_late_gets_the_newest_snapshot_at_once_but_no_old_image(streams: Streams) -> None:
    streams.publish(WORLD, b"old")
    streams.publish(WORLD, b"newest")
    streams.publish(7, b"image")
    with closing(listen(streams, WORLD)) as snapshots, closing(listen(streams, 7)) as images:
        assert snapshots.message() == b"newest"
        streams.publish(7, b"next")
        assert images.message() == b"next"


def test_listeners_are_known_until_they_leave(streams: Streams) -> None:
    assert not streams.has_listener(3)
    reader = listen(streams, 3)
    assert streams.has_listener(3)
    assert streams.take_joined() == set()
    reader.close()
    while streams.has_listener(3):
        streams.loop.poll(1.0)


def test_a_tick_waits_for_a_client_that_announced_itself(streams: Streams) -> None:
    streams.announce(4)
    readers: list[StreamReader] = []
    later = threading.Timer(0.1, lambda: readers.append(StreamReader(streams.port, 4)))
    later.start()
    streams.settle()
    later.join()
    assert streams.has_listener(4)
    readers[0].close()


def test_a_client_that_announced_itself_and_never_comes_does_not_hold_up_for_ever(streams: Streams) -> None:
    streams.announce(4)
    streams.settle()
    assert not streams.has_listener(4)
    streams.settle()


def test_big_messages_are_read_to_the_end_while_the_tick_waits(streams: Streams) -> None:
    image = bytes(range(256)) * 40_000
    got: list[bytes] = []
    with closing(listen(streams, 2)) as reader:
        thread = threading.Thread(target=lambda: got.append(reader.message()))
        thread.start()
        streams.publish(2, image)
        streams.flush()
        thread.join()
    assert got == [image]


def test_who_does_not_read_is_dropped_and_the_others_are_served(streams: Streams) -> None:
    with closing(listen(streams, 2)) as dead, closing(listen(streams, 2)) as alive:
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(alive.message()))
        thread.start()
        streams.publish(2, bytes(20_000_000))
        streams.flush()
        thread.join()
        assert len(got[0]) == 20_000_000
        streams.publish(2, b"next")
        streams.flush()
        assert alive.message() == b"next"
        with pytest.raises(ConnectionError):
            dead.message()


def test_strange_introductions(streams: Streams) -> None:
    with closing(listen(streams, 2**32 - 1)) as reader:
        reader.socket.sendall(b"more than anyone asked for" * 1000)
        part = StreamReader(streams.port, 1)
        part.socket.close()
        streams.publish(WORLD, b"x")
        deadline = time.monotonic() + 0.05
        while time.monotonic() < deadline:
            streams.loop.poll(0.01)
        streams.publish(2**32 - 1, b"still there")
        assert reader.message() == b"still there"
