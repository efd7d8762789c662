"""One MCAP file being written: channels in, messages in, running counts. Knows nothing of ROS types or folders."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from mcap.writer import CompressionType, Writer

from wam_ros.bags.metadata import BagFile, BagTopic, parse_qos
from wam_ros.core.errors import BagError

Compression = Literal["none", "zstd", "lz4"]
COMPRESSIONS: tuple[str, ...] = get_args(Compression)

PROFILE = "ros2"
QOS_KEY = "offered_qos_profiles"  # keys of a channel's metadata, as rosbag2 writes them
HASH_KEY = "topic_type_hash"

_CHUNK_SIZE = 1024 * 1024  # bytes; a chunk is the unit of compression and of checksums
_LIBRARY = "wam_ros"  # no version, so that the same messages give the same bytes from every version


@dataclass(frozen=True)
class Channel:
    """What a channel tells of its topic."""

    topic: str
    type_name: str
    schema_encoding: str
    schema: bytes
    encoding: str = "cdr"
    qos_text: str = ""
    rihs01: str = ""


class McapFile:
    """Writes one MCAP file; no part of it depends on the clock or on the file's name.

    Raises:
        BagError: The file exists or cannot be made.

    """

    def __init__(self, path: Path, compression: Compression = "none") -> None:
        kinds = {"none": CompressionType.NONE, "zstd": CompressionType.ZSTD, "lz4": CompressionType.LZ4}
        if compression not in kinds:
            msg = f"compression {compression!r}, wanted one of {', '.join(COMPRESSIONS)}"
            raise BagError(msg)
        try:
            self._stream = path.open("xb")
        except OSError as err:
            msg = f"{path}: cannot be made: {err.strerror}"
            raise BagError(msg) from err
        self.path = path
        self._writer = Writer(self._stream, chunk_size=_CHUNK_SIZE, compression=kinds[compression])
        self._writer.start(PROFILE, _LIBRARY)
        self._schemas: dict[tuple[str, str, bytes], int] = {}
        self._channels: dict[int, Channel] = {}
        self._counts: dict[int, int] = {}
        self._first_ns: int | None = None
        self._last_ns: int | None = None

    @property
    def message_count(self) -> int:
        """Messages written so far."""
        return sum(self._counts.values())

    def add_channel(self, channel: Channel) -> int:
        """Announce a channel; returns its number."""
        key = (channel.type_name, channel.schema_encoding, channel.schema)
        schema_id = 0
        if channel.schema_encoding:
            if key not in self._schemas:
                self._schemas[key] = self._writer.register_schema(*key)
            schema_id = self._schemas[key]
        metadata = {QOS_KEY: channel.qos_text}
        if channel.rihs01:
            metadata[HASH_KEY] = channel.rihs01
        number = self._writer.register_channel(channel.topic, channel.encoding, schema_id, metadata)
        self._channels[number] = channel
        self._counts[number] = 0
        return number

    def write(self, channel: int, raw: bytes | memoryview, log_ns: int, publish_ns: int, sequence: int) -> None:
        """Add a message."""
        self._writer.add_message(channel, log_ns, raw, publish_ns, sequence)  # type: ignore[arg-type]  # any buffer
        self._counts[channel] += 1
        self._first_ns = log_ns if self._first_ns is None else min(self._first_ns, log_ns)
        self._last_ns = log_ns if self._last_ns is None else max(self._last_ns, log_ns)

    def flush(self) -> None:
        """Close the chunk in work and hand all of it to the operating system: it then survives a kill -9."""
        self._writer.flush()  # type: ignore[no-untyped-call]

    def close(self, *, sync: bool = False) -> None:
        """Write indexes and footer; with `sync` also wait until the disk has them."""
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._stream.flush()
        if sync:
            os.fsync(self._stream.fileno())
        self._stream.close()

    def abandon(self) -> None:
        """Close the file as it is, without indexes."""
        self._stream.close()

    def topics(self) -> list[BagTopic]:
        """The topics with their counts, for metadata.yaml."""
        return [
            BagTopic(
                channel.topic,
                channel.type_name,
                self._counts[number],
                channel.rihs01,
                parse_qos(channel.qos_text),
                channel.encoding,
            )
            for number, channel in self._channels.items()
        ]

    def file_entry(self) -> BagFile:
        """The file's entry in metadata.yaml."""
        return BagFile(self.path.name, self.message_count, self._first_ns, self._last_ns)
