"""Reads a bag: MCAP or sqlite3, a rosbag2 folder or a bare storage file. Knows no ROS graph."""

from __future__ import annotations

import struct
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.interfaces import Connection, ConnectionExtRosbag2, MessageDefinitionFormat
from rosbags.rosbag2 import Reader, ReaderError
from rosbags.rosbag2.metadata import dump_qos_v9
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, TypesysError, get_types_from_idl, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore
from typing_extensions import Self

from wam_ros.bags.definitions import typestore_with
from wam_ros.bags.metadata import METADATA_FILE, BagTopic
from wam_ros.core.errors import BagError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_IDL_SEPARATOR = "=" * 80 + "\n"

# What the rosbags library raises on files that are not what they should be.
_UNREADABLE = (
    ReaderError,
    TypesysError,
    OSError,
    EOFError,
    struct.error,
    zstd.ZstdError,
    RuntimeError,  # lz4
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    MemoryError,
)


class BagReader:
    """An open bag.

    Args:
        path: A rosbag2 folder, or its .mcap or .db3 file.

    Raises:
        BagError: It does not exist, is no bag, or is damaged; the text says what to do.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            msg = f"{path}: no such bag"
            raise BagError(msg)
        if path.is_dir() and not (path / METADATA_FILE).exists():
            remedy = f"run `wam bag repair {path}`" if any(path.glob("*.mcap")) else "it is no bag"
            msg = f"{path}: has no {METADATA_FILE}; {remedy}"
            raise BagError(msg)
        if path.is_file() and path.suffix not in {".mcap", ".db3"}:
            msg = f"{path}: not a bag; wanted a rosbag2 folder, an .mcap or a .db3 file"
            raise BagError(msg)
        with self._translated():
            self._reader = Reader(path)
            self._reader.open()
        self._connections: dict[str, list[Connection]] = {}
        for connection in self._reader.connections:
            self._connections.setdefault(connection.topic, []).append(connection)
        self._stores: dict[str, Typestore] = {}

    @property
    def topics(self) -> dict[str, BagTopic]:
        """The topics by name, sorted."""
        return {name: _topic(name, self._connections[name]) for name in sorted(self._connections)}

    @property
    def message_count(self) -> int:
        """All messages."""
        return self._reader.message_count

    @property
    def first_ns(self) -> int | None:
        """Time of the first message [ns]; None without messages."""
        return self._reader.start_time if self._reader.message_count else None

    @property
    def last_ns(self) -> int | None:
        """Time of the last message [ns]; None without messages."""
        return self._reader.end_time - 1 if self._reader.message_count else None

    def raw(self, topics: Collection[str] | None = None) -> Iterator[tuple[str, int, bytes]]:
        """Topic, time of recording [ns] and serialised bytes of each message, in order of time.

        Args:
            topics: Those wanted; None = all.

        Messages of the same time come in the order in which they were written.

        Raises:
            BagError: A topic is not in the bag, or the bag is damaged.

        """
        for connection, stamp_ns, data in self._messages(topics):
            yield connection.topic, stamp_ns, data

    def messages(self, topics: Collection[str] | None = None) -> Iterator[tuple[str, int, Any]]:
        """As `raw`, with message objects of the rosbags library: attributes are named as in ROS.

        Raises:
            BagError: As in `raw`; or a message does not fit its type.

        """
        for connection, stamp_ns, data in self._messages(topics):
            yield connection.topic, stamp_ns, self._decode(connection, stamp_ns, data)

    def close(self) -> None:
        """Close the files; once more is no error."""
        if self._reader.is_open:
            self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _UNREADABLE as err:
            msg = f"{self.path}: damaged or not a bag ({_short(err)}); run `wam bag repair {self.path}`"
            raise BagError(msg) from err

    def _messages(self, topics: Collection[str] | None) -> Iterator[tuple[Connection, int, bytes]]:
        wanted = self._connections.keys() if topics is None else topics
        for topic in wanted:
            if topic not in self._connections:
                msg = f"{self.path}: no topic {topic}; it has {', '.join(self.topics) or 'none'}"
                raise BagError(msg)
        connections = [connection for topic in wanted for connection in self._connections[topic]]
        if not connections:
            return
        source = self._reader.messages(connections)
        while True:
            with self._translated():
                item = next(source, None)
            if item is None:
                return
            yield item

    def _decode(self, connection: Connection, stamp_ns: int, data: bytes) -> Any:
        store = self._stores.get(connection.msgtype)
        if store is None:
            with self._translated():
                store = self._stores[connection.msgtype] = _typestore(connection)
        try:
            return store.deserialize_cdr(data, connection.msgtype)
        except (SerdeError, struct.error, ValueError, IndexError) as err:
            msg = f"{self.path}: {connection.topic} at {stamp_ns} ns is no {connection.msgtype}: {err}"
            raise BagError(msg) from err


def _topic(name: str, connections: list[Connection]) -> BagTopic:
    qos: list[dict[str, Any]] = []
    for connection in connections:
        if isinstance(connection.ext, ConnectionExtRosbag2):
            qos += [dict(profile) for profile in dump_qos_v9(connection.ext.offered_qos_profiles)]
    first = connections[0]
    return BagTopic(name, first.msgtype, sum(c.msgcount for c in connections), first.digest, tuple(qos))


def _typestore(connection: Connection) -> Typestore:
    """The types of one connection: those that the bag brings along, else those that we know."""
    if connection.msgdef.format == MessageDefinitionFormat.NONE:
        return typestore_with(connection.msgtype)
    store = get_typestore(Stores.EMPTY)
    if connection.msgdef.format == MessageDefinitionFormat.MSG:
        store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        return store
    for part in connection.msgdef.data.split(_IDL_SEPARATOR):
        text = part.split("\n", 1)[1] if part.startswith("IDL: ") else part
        if text.strip():
            store.register(get_types_from_idl(text))
    return store


def _short(err: BaseException) -> str:
    text = str(err).splitlines()
    return f"{type(err).__name__}: {text[0][:200]}" if text else type(err).__name__
