"""Sockets of one thread: listeners and connections that never block. It knows no protocol."""

from __future__ import annotations

import errno
import selectors
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import islice

from wam_ros.core.errors import WorldError

_READ_SIZE = 1 << 16
_MOST_AT_ONCE = 16  # chunks in one call of the kernel
_BACKLOG = 256

Chunk = bytes | bytearray | memoryview


class Peer:
    """One connection. What it cannot take at once waits in a queue of at most `most_pending` bytes.

    `on_bytes` and `on_close` are set by whoever accepts it; `on_room` belongs to the listener.
    """

    def __init__(self, loop: SocketLoop, connection: socket.socket, most_pending: int) -> None:
        self._loop = loop
        self._socket = connection
        self._queue: deque[memoryview] = deque()
        self._most_pending = most_pending
        self._reads = True
        self._waits = False
        self.pending = 0  # bytes not yet taken by the kernel
        self.closed = False
        self.on_bytes: Callable[[bytes], None] = lambda _: None
        self.on_close: Callable[[], None] = lambda: None
        self.on_room: Callable[[], None] = lambda: None
        self._watch()

    def send(self, *chunks: Chunk) -> None:
        """Send, now as far as possible, the rest when it can be taken. Who leaves too much unread is dropped."""
        if self.closed:
            return
        for chunk in chunks:
            view = memoryview(chunk).cast("B")
            if len(view):
                self._queue.append(view)
                self.pending += len(view)
        self._write()
        if self.pending > self._most_pending:
            self.close()

    def read(self, wanted: bool) -> None:
        """Whether more bytes are wanted; while they are not, the other side has to wait."""
        if wanted != self._reads and not self.closed:
            self._reads = wanted
            self._watch()

    def close(self) -> None:
        """End the connection; a second call does nothing."""
        if self.closed:
            return
        self.closed = True
        self._queue.clear()
        self.pending = 0
        self._loop.watch(self._socket, 0, self._ready)
        self._socket.close()
        self.on_close()
        self.on_room()

    def _watch(self) -> None:
        events = (selectors.EVENT_READ if self._reads else 0) | (selectors.EVENT_WRITE if self._queue else 0)
        self._loop.watch(self._socket, events, self._ready)

    def _ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._write()
        if events & selectors.EVENT_READ and not self.closed:
            self._receive()

    def _receive(self) -> None:
        try:
            data = self._socket.recv(_READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.on_bytes(data)
        else:
            self.close()

    def _write(self) -> None:
        try:
            while self._queue:
                self._taken(self._socket.sendmsg(list(islice(self._queue, _MOST_AT_ONCE))))
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if bool(self._queue) != self._waits:
            self._waits = bool(self._queue)
            self._watch()

    def _taken(self, count: int) -> None:
        self.pending -= count
        while count:
            first = self._queue.popleft()
            if len(first) > count:
                self._queue.appendleft(first[count:])
                return
            count -= len(first)


class SocketLoop:
    """Waits for many sockets at once and calls back. A loop can be watched by another through its file number."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._listeners: list[_Listener] = []

    def listen(
        self, host: str, port: int, on_peer: Callable[[Peer], None], *, most_peers: int, most_pending: int
    ) -> int:
        """Accept connections; the port, which the system chooses where `port` is 0.

        While there are `most_peers`, further ones wait until one of them goes.

        Raises:
            WorldError: The port is in use or may not be used.

        """
        listener = socket.socket()
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(_BACKLOG)
        except (OSError, OverflowError) as err:
            listener.close()
            reason = "is in use" if getattr(err, "errno", None) == errno.EADDRINUSE else f"cannot be used ({err})"
            msg = f"port {port} of {host} {reason}; choose another one with --port, or 0 for any that is free"
            raise WorldError(msg) from err
        listener.setblocking(False)
        made = _Listener(self, listener, on_peer, most_peers, most_pending)
        self._listeners.append(made)
        return int(listener.getsockname()[1])

    def fileno(self) -> int:
        """To be watched by another loop."""
        return int(self._selector.fileno())  # epoll and kqueue have one

    def watch(self, sock: socket.socket | int, events: int, ready: Callable[[int], None]) -> None:
        """Call `ready` with the events that came, from now on for these events; 0 = not any more."""
        watched = sock in self._selector.get_map()
        if events and watched:
            self._selector.modify(sock, events, ready)
        elif events:
            self._selector.register(sock, events, ready)
        elif watched:
            self._selector.unregister(sock)

    def poll(self, timeout: float) -> None:
        """Wait at most `timeout` [s] for something to happen, and have it dealt with."""
        for key, events in self._selector.select(max(timeout, 0.0)):
            now = self._selector.get_map().get(key.fd)
            if now is not None and now.fileobj is key.fileobj:  # an earlier one of this turn may have ended it
                key.data(events)

    def close(self) -> None:
        """End all connections and listeners."""
        for listener in self._listeners:
            listener.close()
        self._selector.close()


class _Listener:
    """Accepts connections while there is room for them."""

    def __init__(
        self,
        loop: SocketLoop,
        listener: socket.socket,
        on_peer: Callable[[Peer], None],
        most_peers: int,
        most_pending: int,
    ) -> None:
        self._loop = loop
        self._socket = listener
        self._on_peer = on_peer
        self._most_peers = most_peers
        self._most_pending = most_pending
        self._peers: set[Peer] = set()
        self._watch()

    def close(self) -> None:
        """End all connections, and accept no more."""
        self._most_peers = 0
        for peer in list(self._peers):
            peer.close()
        self._watch()
        self._socket.close()

    def _watch(self) -> None:
        has_room = len(self._peers) < self._most_peers
        self._loop.watch(self._socket, selectors.EVENT_READ if has_room else 0, self._accept)

    def _accept(self, _: int) -> None:
        while len(self._peers) < self._most_peers:
            try:
                connection, _address = self._socket.accept()
            except OSError:  # no more of them, or no more file numbers: the next turn may be luckier
                return
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(self._loop, connection, self._most_pending)
            self._peers.add(peer)
            peer.on_room = partial(self._left, peer)
            self._on_peer(peer)
        self._watch()

    def _left(self, peer: Peer) -> None:
        self._peers.discard(peer)
        self._watch()
