"""The streaming side of CARLA's wire: one TCP connection for each stream that a client listens to. It knows no sensor.

A client connects and sends the number of its stream (u32); then comes one message after the other: size (u32), bytes.
"""

from __future__ import annotations

import struct
import time
from collections import defaultdict, deque
from functools import partial

from wam_ros.carla_server.wire.layouts import token
from wam_ros.carla_server.wire.socket_loop import Chunk, Peer, SocketLoop

WORLD = 1  # the stream of snapshots
_NUMBER = struct.Struct("<I")
_MOST_PEERS = 256
_MOST_PENDING = 128 << 20  # bytes; several of the biggest images
_PATIENCE = 1.0  # s that a tick waits for who announced a connection, and for who reads slowly


class Streams:
    """All streams, by number.

    Args:
        host, port: To listen at.

    Raises:
        WorldError: The port is in use.

    """

    def __init__(self, host: str, port: int) -> None:
        self.loop = SocketLoop()
        self._sessions: dict[int, list[Peer]] = defaultdict(list)
        self._expected: deque[tuple[int, float]] = deque(maxlen=_MOST_PEERS)
        self._joined: set[int] = set()
        self._newest: tuple[Chunk, ...] = ()
        self._last_number = WORLD
        self.port = self.loop.listen(host, port, self._accept, most_peers=_MOST_PEERS, most_pending=_MOST_PENDING)

    def new_number(self) -> int:
        """For a new stream; none is ever used again."""
        self._last_number += 1
        return self._last_number

    def announce(self, number: int) -> bytes:
        """The token of a stream; its client is expected to connect soon."""
        self._expected.append((number, time.monotonic() + _PATIENCE))
        return self.token(number)

    def token(self, number: int) -> bytes:
        """Where to find a stream."""
        return token(number, self.port)

    def has_listener(self, number: int) -> bool:
        """Whether anyone listens to a stream."""
        return bool(self._sessions.get(number))

    def take_joined(self) -> set[int]:
        """The streams that someone began to listen to since the last call."""
        joined, self._joined = self._joined, set()
        return joined

    def publish(self, number: int, *chunks: Chunk) -> None:
        """Send one message to all who listen. Who comes later to the stream of snapshots gets the newest at once."""
        message = (_NUMBER.pack(sum(len(memoryview(chunk).cast("B")) for chunk in chunks)), *chunks)
        if number == WORLD:
            self._newest = message
        for peer in list(self._sessions.get(number, ())):
            peer.send(*message)

    def settle(self) -> None:
        """Wait, not for long, for the clients that announced a connection."""
        while self._expected:
            now = time.monotonic()
            while self._expected and self._expected[0][1] <= now:
                self._expected.popleft()
            if self._expected:
                self.loop.poll(self._expected[0][1] - now)

    def flush(self) -> None:
        """Wait until everybody has read everything; who takes too long for it is dropped, and may come again."""
        deadline = time.monotonic() + _PATIENCE
        while late := [peer for peers in self._sessions.values() for peer in peers if peer.pending]:
            left = deadline - time.monotonic()
            if left <= 0.0:
                for peer in late:
                    peer.close()
                return
            self.loop.poll(left)

    def close(self) -> None:
        """End all connections."""
        self.loop.close()

    def _accept(self, peer: Peer) -> None:
        peer.on_bytes = partial(self._introduced, peer, bytearray())

    def _introduced(self, peer: Peer, said: bytearray, data: bytes) -> None:
        said.extend(data[: _NUMBER.size])
        if len(said) < _NUMBER.size:
            return
        (number,) = _NUMBER.unpack_from(said)
        peer.on_bytes = _ignore
        peer.on_close = partial(self._gone, number, peer)
        self._sessions[number].append(peer)
        self._joined.add(number)
        for entry in self._expected:
            if entry[0] == number:
                self._expected.remove(entry)
                break
        if number == WORLD and self._newest:
            peer.send(*self._newest)

    def _gone(self, number: int, peer: Peer) -> None:
        sessions = self._sessions[number]
        if peer in sessions:
            sessions.remove(peer)
        if not sessions:
            del self._sessions[number]


def _ignore(_: bytes) -> None:
    """Clients have nothing more to say."""
