"""The request side of CARLA's wire: msgpack-rpc, as rpclib speaks it. It knows no endpoint.

Request [0, id, method, [[is_async], arguments...]], answer [1, id, error or nil, result]; notifications
[2, method, [...]] get none. There is no framing: one message follows the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack

from wam_ros.carla_server.wire.socket_loop import Peer, SocketLoop

_BIGGEST = 4 << 20  # bytes of one request; an OpenDRIVE map is the largest that clients send
_MOST_PEERS = 128
_MOST_PENDING = 64 << 20  # bytes of answers that a client leaves unread
_CALL, _ANSWER, _NOTIFICATION = 0, 1, 2


@dataclass(frozen=True)
class Request:
    """One call.

    Fields:
        method: Its name.
        arguments: What follows the metadata.

    """

    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Reply:
    """What a call gives: a result in the form of the wire, or what the client shall raise."""

    result: Any = None
    error: str | None = None


class RpcServer:
    """Takes requests, one at a time, of many clients in turn.

    Args:
        loop: Its sockets are in.
        host, port: To listen at.
        answer: Called with each request.

    Raises:
        WorldError: The port is in use.

    """

    def __init__(self, loop: SocketLoop, host: str, port: int, answer: Callable[[Request], Reply]) -> None:
        self._answer = answer
        self._waiting: deque[_Connection] = deque()
        self.port = loop.listen(host, port, self._accept, most_peers=_MOST_PEERS, most_pending=_MOST_PENDING)

    @property
    def has_work(self) -> bool:
        """Whether requests that came are waiting."""
        return bool(self._waiting)

    def work(self) -> None:
        """Answer one request of each client that has some."""
        for _ in range(len(self._waiting)):
            connection = self._waiting.popleft()
            if connection.serve(self._answer):
                self._waiting.append(connection)

    def _accept(self, peer: Peer) -> None:
        connection = _Connection(peer)

        def arrived(data: bytes) -> None:
            if connection.feed(data):
                self._waiting.append(connection)

        peer.on_bytes = arrived


class _Connection:
    """One client. While requests wait, no more bytes are read from it.

    A message is made into objects only when it is whole: the announced length of a list costs memory, so lists in lists
    in lists, each said to be long, would need gigabytes for a few bytes. The scanner finds the end without objects.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._pending = bytearray()
        self._scanner = msgpack.Unpacker(max_buffer_size=_BIGGEST)
        self._scanned = 0  # bytes up to the end of the last message
        self._packer = msgpack.Packer(use_single_float=False)

    def feed(self, data: bytes) -> bool:
        """Take bytes; whether there may be a request now."""
        try:
            self._scanner.feed(data)
        except msgpack.BufferFull:
            self._peer.close()
            return False
        self._pending += data
        self._peer.read(False)
        return True

    def serve(self, answer: Callable[[Request], Reply]) -> bool:
        """Answer the next request; False if no whole one is here."""
        if self._peer.closed:
            return False
        try:
            read = _read(self._message())
        except msgpack.OutOfData:
            self._peer.read(True)
            return False
        except (ValueError, TypeError):  # not msgpack, or something that CARLA's protocol does not have
            read = None
        if read is None:
            self._peer.close()
            return False
        number, request = read
        reply = answer(request)
        if number is not None:
            self._peer.send(self._pack(number, reply))
        return not self._peer.closed

    def _message(self) -> Any:
        """The next one; raises OutOfData if it is not whole yet, ValueError if it never will be."""
        self._scanner.skip()
        length = self._scanner.tell() - self._scanned
        self._scanned += length
        message = bytes(self._pending[:length])
        del self._pending[:length]
        return msgpack.unpackb(
            message,
            raw=False,
            use_list=False,
            unicode_errors="replace",
            max_map_len=0,
            max_ext_len=0,
            object_hook=_refuse_map,
        )

    def _pack(self, number: int, reply: Reply) -> bytes:
        packed: bytes = self._packer.pack([_ANSWER, number, reply.error, reply.result])
        return packed


def _read(message: Any) -> tuple[int | None, Request] | None:
    """Number (None: a notification) and request, or None if this is neither."""
    if not isinstance(message, tuple):
        return None
    if len(message) == 4 and message[0] == _CALL and type(message[1]) is int:
        number, method, parameters = message[1:]
    elif len(message) == 3 and message[0] == _NOTIFICATION:
        number, (method, parameters) = None, message[1:]
    else:
        return None
    if not isinstance(method, str) or not isinstance(parameters, tuple) or not parameters:
        return None
    return number, Request(method, parameters[1:])


def _refuse_map(_: Any) -> None:
    msg = "CARLA's protocol has no maps"
    raise ValueError(msg)
