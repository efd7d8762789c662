"""Reads the records of an MCAP file from its start, as far as they are whole. Needs no index and no footer."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import zstandard
from mcap import records
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.stream_reader import breakup_chunk, get_chunk_data_stream

from wam_ros.bags.mcap_file import HASH_KEY, QOS_KEY, Channel
from wam_ros.core.errors import BagError

MAGIC = b"\x89MCAP0\r\n"
_PREFIX = struct.Struct("<BQ")  # opcode, length of what follows
_FOOTER = struct.Struct("<QQI")  # start of the index section, of its offsets, its checksum

# What the mcap library raises on bytes that are no record, and its decompressors on bytes that are no data.
_BROKEN = (McapError, zstandard.ZstdError, struct.error, ValueError, RuntimeError, MemoryError)

TakeMessage = Callable[[int, records.Message], None]


@dataclass
class McapScan:
    """What a pass over a file found.

    Fields:
        size: Of the file [bytes].
        complete: Every record up to footer and end mark is whole, and every checksum holds.
        bytes_dropped: Of messages, schemas and channels that could not be read; 0 if only the index is missing.
        compression: Of the first chunk: '', 'zstd' or 'lz4'.
        channels: By number.
        counts: Messages by number of their channel.
        first_ns, last_ns: Times of the first and the last message [ns]; None without messages.

    """

    size: int
    complete: bool = False
    bytes_dropped: int = 0
    compression: str = ""
    channels: dict[int, Channel] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    first_ns: int | None = None
    last_ns: int | None = None

    @property
    def message_count(self) -> int:
        """Messages that can be read."""
        return sum(self.counts.values())


def scan(path: Path, take: TakeMessage = lambda _number, _message: None) -> McapScan:
    """Read a file as far as possible; `take` gets the channel's number and the message, in the file's order.

    Raises:
        BagError: The file cannot be read, or it does not begin like an MCAP file.

    """
    return _Scanner(path, take).run()


class _Scanner:
    def __init__(self, path: Path, take: TakeMessage) -> None:
        self._path = path
        self._take = take
        self._schemas: dict[int, records.Schema] = {}
        self._whole = True

    def run(self) -> McapScan:
        try:
            with self._path.open("rb") as stream:
                self._result = McapScan(os.fstat(stream.fileno()).st_size)
                start = stream.read(len(MAGIC))
                if start != MAGIC[: len(start)]:
                    msg = f"{self._path}: not an MCAP file; only MCAP bags can be repaired"
                    raise BagError(msg)
                self._read(stream)
        except OSError as err:
            msg = f"{self._path}: cannot be read: {err.strerror}"
            raise BagError(msg) from err
        return self._result

    def _read(self, stream: BinaryIO) -> None:
        result = self._result
        index_begun = False
        end = len(MAGIC)
        for opcode, body, end_of_record in _bodies(stream, result.size):
            if opcode == Opcode.FOOTER:
                result.complete = self._whole and stream.read() == MAGIC and _index_holds(stream, body, end)
                return
            if opcode == Opcode.DATA_END:
                index_begun = True
            if not index_begun and not self._understood(opcode, body):
                self._whole = False
                result.bytes_dropped += len(body) + _PREFIX.size
            end = end_of_record
        if not index_begun:
            result.bytes_dropped += max(result.size - end, 0)

    def _understood(self, opcode: int, body: bytes) -> bool:
        source = ReadDataStream(BytesIO(body))
        try:
            if opcode == Opcode.CHUNK:
                found = _chunk_records(records.Chunk.read(source), self._result)
            elif opcode == Opcode.SCHEMA:
                found = [records.Schema.read(source)]
            elif opcode == Opcode.CHANNEL:
                found = [records.Channel.read(source)]
            elif opcode == Opcode.MESSAGE:
                found = [records.Message.read(source, len(body))]
            else:
                return True
        except _BROKEN:
            return False
        for record in found:
            self._accept(record)
        return True

    def _accept(self, record: records.McapRecord) -> None:
        result = self._result
        if isinstance(record, records.Schema):
            self._schemas[record.id] = record
        elif isinstance(record, records.Channel):
            schema = self._schemas.get(record.schema_id)
            if record.schema_id and schema is None:
                self._whole = False  # lost with a broken chunk before this one
                return
            result.channels.setdefault(record.id, _channel(record, schema))
            result.counts.setdefault(record.id, 0)
        elif isinstance(record, records.Message):
            if record.channel_id not in result.channels:
                self._whole = False
                result.bytes_dropped += len(record.data)
                return
            result.counts[record.channel_id] += 1
            stamp = record.log_time
            result.first_ns = stamp if result.first_ns is None else min(result.first_ns, stamp)
            result.last_ns = stamp if result.last_ns is None else max(result.last_ns, stamp)
            self._take(record.channel_id, record)


def _bodies(stream: BinaryIO, size: int) -> Iterator[tuple[int, bytes, int]]:
    """Opcode, content and end offset of each whole record."""
    position = len(MAGIC)
    while True:
        prefix = stream.read(_PREFIX.size)
        if len(prefix) < _PREFIX.size:
            return
        opcode, length = _PREFIX.unpack(prefix)
        position += _PREFIX.size + length
        if opcode == 0 or position > size:  # 0 is no opcode: the disk gave zeros
            return
        yield opcode, stream.read(length), position


def _index_holds(stream: BinaryIO, footer: bytes, footer_start: int) -> bool:
    """Whether the checksum of the index section holds; it reaches into the footer, up to the sum itself."""
    if len(footer) != _FOOTER.size:
        return False
    start, _, checksum = _FOOTER.unpack(footer)
    if not checksum or not start:
        return True  # a writer that makes none
    stream.seek(start)
    covered = stream.read(max(footer_start + _PREFIX.size + _FOOTER.size - 4 - start, 0))
    return bool(zlib.crc32(covered) == checksum)


def _chunk_records(chunk: records.Chunk, result: McapScan) -> list[records.McapRecord]:
    _, length = get_chunk_data_stream(chunk, validate_crc=True)
    if length != chunk.uncompressed_size:
        msg = f"chunk of {length} bytes, announced {chunk.uncompressed_size}"
        raise ValueError(msg)
    if not result.compression:
        result.compression = chunk.compression
    return breakup_chunk(chunk)


def _channel(record: records.Channel, schema: records.Schema | None) -> Channel:
    return Channel(
        record.topic,
        schema.name if schema else "",
        schema.encoding if schema else "",
        schema.data if schema else b"",
        record.message_encoding,
        record.metadata.get(QOS_KEY, ""),
        record.metadata.get(HASH_KEY, ""),
    )
