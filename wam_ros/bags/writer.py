"""Writes a bag: a rosbag2 folder with one MCAP file and metadata.yaml. Knows no ROS graph; takes raw CDR bytes."""

from __future__ import annotations

import shutil
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from rosbags.serde import SerdeError
from typing_extensions import Self

from wam_ros.bags.definitions import MessageDefinition, message_definition, typestore_with
from wam_ros.bags.mcap_file import Channel, Compression, McapFile
from wam_ros.bags.metadata import dump_qos, metadata_text, qos_profile, write_metadata
from wam_ros.core.errors import BagError

FLUSH_PERIOD_S = 0.5  # half of what may be lost, so that a slow disk or a busy machine does not break the promise


@dataclass(frozen=True)
class _Topic:
    """A topic that was announced."""

    channel: int
    definition: MessageDefinition
    latched: bool


class BagWriter:
    """Writes `<path>/<name>_0.mcap` and, when closed, `<path>/metadata.yaml`. May be used from several threads.

    While it is open nothing older than the flush period is in this process only: after a kill -9,
    `wam_ros.bags.repair` gets it back. A power cut is another matter: the disk is not waited for.

    Args:
        path: Folder to make; its last part names the file.
        compression: Of the chunks: 'none', 'zstd' or 'lz4'.
        flush_period_s: How often a thread flushes what was written; None = only `flush()` and `close()` do.
            Without it the same messages give the same bytes; with it the clock decides where chunks end.
        search_paths: Where to look for definitions of types that neither ROS 2 nor wam_ros has.

    Raises:
        BagError: The path exists or cannot be made; on use: an unknown topic or type, or a failed write.

    """

    def __init__(
        self,
        path: Path,
        *,
        compression: Compression = "none",
        flush_period_s: float | None = FLUSH_PERIOD_S,
        search_paths: Sequence[Path] = (),
    ) -> None:
        self.path = path
        self._search_paths = tuple(search_paths)
        self._topics: dict[str, _Topic] = {}
        self._lock = threading.Lock()
        self._dirty = False
        self._failure: OSError | None = None
        self._closing = threading.Event()
        self._make_folder()
        try:
            self._file = McapFile(path / f"{path.name}_0.mcap", compression)
        except BagError:
            path.rmdir()
            raise
        self._flusher: threading.Thread | None = None
        if flush_period_s is not None:
            self._flusher = threading.Thread(
                target=self._flush_often, args=(flush_period_s,), name="bag flush", daemon=True
            )
            self._flusher.start()

    @property
    def message_count(self) -> int:
        """Messages written so far."""
        return self._file.message_count

    def add_topic(self, topic: str, type_name: str, *, latched: bool = False, reliable: bool = True) -> None:
        """Announce a topic.

        Args:
            topic: Its name; once more with the same type is no error.
            type_name: Such as 'nav_msgs/msg/Odometry'.
            latched: Transient local: whoever subscribes late gets the last message (/tf_static, a route).
            reliable: Else best effort.

        """
        definition = message_definition(type_name, self._search_paths)
        with self._lock:
            known = self._topics.get(topic)
            if known is not None:
                if (known.definition.type_name, known.latched) != (type_name, latched):
                    msg = f"{self.path}: topic {topic} is {known.definition.type_name} already, not {type_name}"
                    raise BagError(msg)
                return
            self._check_open()
            channel = Channel(
                topic,
                type_name,
                "ros2msg",
                definition.text.encode(),
                qos_text=dump_qos([qos_profile(latched=latched, reliable=reliable)]),
                rihs01=definition.rihs01,
            )
            self._topics[topic] = _Topic(self._file.add_channel(channel), definition, latched)

    def write(self, topic: str, raw: bytes | memoryview, stamp_ns: int) -> None:
        """Write a serialised message (CDR, with its 4 bytes of encapsulation) received at a time [ns]."""
        if stamp_ns < 0:
            msg = f"{self.path}: {topic}: stamp {stamp_ns} ns, wanted 0 or more"
            raise BagError(msg)
        with self._lock:
            known = self._known(topic)
            self._check_open()
            try:
                self._file.write(known.channel, raw, stamp_ns, stamp_ns, 0)
            except OSError as err:
                raise self._failed(err) from err
            self._dirty = True

    def write_message(self, topic: str, message: Any, stamp_ns: int) -> None:
        """Write a message object of the rosbags library."""
        type_name = self._known(topic).definition.type_name
        store = typestore_with(type_name, self._search_paths)
        try:
            raw = store.serialize_cdr(message, type_name)
        except (SerdeError, struct.error, AttributeError, TypeError, ValueError, AssertionError) as err:
            msg = f"{self.path}: {topic}: not a {type_name}: {err}"
            raise BagError(msg) from err
        self.write(topic, raw, stamp_ns)

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""
        with self._lock:
            self._check_open()
            try:
                self._file.flush()
            except OSError as err:
                raise self._failed(err) from err
            self._dirty = False

    def close(self) -> None:
        """Write indexes, footer and metadata.yaml; once more is no error."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._flusher is not None:
            self._flusher.join()
        with self._lock:
            try:
                self._file.close()
                write_metadata(self.path, metadata_text(self._file.topics(), [self._file.file_entry()]))
            except OSError as err:
                self._file.abandon()
                raise self._failed(err) from err
        if self._failure is not None:
            raise self._failed(self._failure) from self._failure

    def discard(self) -> None:
        """Close and remove the bag: what was to be written could not be completed."""
        self._closing.set()
        if self._flusher is not None:
            self._flusher.join()
        with self._lock:
            self._file.abandon()
        shutil.rmtree(self.path)  # made by this object: a path that exists is refused

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _make_folder(self) -> None:
        try:
            self.path.mkdir(parents=True)
        except FileExistsError as err:
            msg = f"{self.path}: exists already; give another path or remove it"
            raise BagError(msg) from err
        except OSError as err:
            msg = f"{self.path}: cannot be made: {err.strerror}"
            raise BagError(msg) from err

    def _known(self, topic: str) -> _Topic:
        known = self._topics.get(topic)
        if known is None:
            msg = f"{self.path}: topic {topic} was not announced; call add_topic first"
            raise BagError(msg)
        return known

    def _check_open(self) -> None:
        if self._closing.is_set():
            msg = f"{self.path}: the bag is closed"
            raise BagError(msg)
        if self._failure is not None:
            raise self._failed(self._failure)

    def _failed(self, err: OSError) -> BagError:
        return BagError(f"{self.path}: writing failed: {err.strerror}; messages may be lost")

    def _flush_often(self, period_s: float) -> None:
        while not self._closing.wait(period_s):
            with self._lock:
                if not self._dirty or self._failure is not None:
                    continue
                try:
                    self._file.flush()
                except OSError as err:
                    self._failure = err  # told to the next caller of write, flush or close
                self._dirty = False
