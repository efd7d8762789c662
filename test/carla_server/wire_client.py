"""The least of a client: msgpack-rpc over a socket, and the bytes of a stream."""

from __future__ import annotations

import socket
import struct
from typing import Any

import msgpack

TIMEOUT_S = 60.0


class WireClient:
    """Calls with the forms of the wire in and out."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self._unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=1 << 28)
        self._number = 0

    def send(self, method: str, *arguments: Any) -> int:
        self._number += 1
        self.socket.sendall(msgpack.packb([0, self._number, method, [[False], *arguments]]))
        return self._number

    def receive(self) -> list[Any]:
        """The next answer: [1, number, error, result]."""
        while True:
            for message in self._unpacker:
                found: list[Any] = message
                return found
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError
            self._unpacker.feed(data)

    def call(self, method: str, *arguments: Any) -> Any:
        """The result as it is on the wire."""
        number = self.send(method, *arguments)
        kind, answered, error, result = self.receive()
        assert (kind, answered) == (1, number)
        if error is not None:
            raise RuntimeError(error)
        return result

    def value(self, method: str, *arguments: Any) -> Any:
        """What a call gives; errors raise."""
        ((index, content),) = self.call(method, *arguments)
        if index == 0:
            raise RuntimeError(content[0])
        return content

    def void(self, method: str, *arguments: Any) -> None:
        """A call without result; errors raise."""
        (content,) = self.call(method, *arguments)
        if content[0]:
            raise RuntimeError(content[1][0])

    def close(self) -> None:
        self.socket.close()


class StreamReader:
    """Listens to one stream."""

    def __init__(self, port: int, number: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self.socket.sendall(struct.pack("<I", number))

    def message(self) -> bytes:
        (size,) = struct.unpack("<I", self._exactly(4))
        return self._exactly(size)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError
            data += part
        return data

    def close(self) -> None:
        self.socket.close()
