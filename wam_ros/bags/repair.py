"""Makes a bag readable again whose writer was killed: no footer, no index, no metadata.yaml, a torn last chunk.

Every chunk that is whole and whose checksum holds is kept to the byte. The damaged file stays beside the new one.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml

from wam_ros.bags.mcap_file import Compression, McapFile
from wam_ros.bags.mcap_records import McapScan, scan
from wam_ros.bags.metadata import METADATA_FILE, BagFile, BagTopic, metadata_text, parse_qos, write_metadata
from wam_ros.core.errors import BagError


@dataclass(frozen=True)
class RepairReport:
    """What was found and done.

    Fields:
        path: The bag.
        healthy: Nothing was wrong and nothing was changed.
        messages_kept: In the bag now.
        bytes_dropped: Of the damaged file, that could not be kept.
        rewritten: Storage files that were written anew.
        damaged: Where the damaged ones are kept.
        metadata_rebuilt: Whether metadata.yaml was missing or wrong and is new.

    """

    path: Path
    healthy: bool
    messages_kept: int
    bytes_dropped: int
    rewritten: tuple[Path, ...] = ()
    damaged: tuple[Path, ...] = ()
    metadata_rebuilt: bool = False

    def __str__(self) -> str:
        if self.healthy:
            return f"{self.path}: healthy, {self.messages_kept} messages; nothing was changed"
        parts = [f"{self.path}: {self.messages_kept} messages kept, {self.bytes_dropped} bytes dropped"]
        if self.damaged:
            parts.append(f"damaged file kept as {', '.join(path.name for path in self.damaged)}")
        if self.metadata_rebuilt:
            parts.append(f"{METADATA_FILE} rebuilt")
        return "; ".join(parts)


def repair(path: Path) -> RepairReport:
    """Make a bag readable, if it is not; the damaged file is kept as `<file>.damaged`.

    Args:
        path: A rosbag2 folder with MCAP files, or one .mcap file.

    Raises:
        BagError: There is no such bag, it is not MCAP, or the disk refuses.

    """
    files = _storage_files(path)
    found = {file: scan(file) for file in files}
    broken = [file for file in files if not found[file].complete]
    dropped = sum(found[file].bytes_dropped for file in broken)
    try:
        damaged = tuple(_rewrite(file, found[file]) for file in broken)
        found.update({file: scan(file) for file in broken})
        rebuilt = path.is_dir() and (bool(broken) or not _metadata_fits(path, found))
        if rebuilt:
            _rebuild_metadata(path, found)
    except OSError as err:
        msg = f"{path}: repair failed: {err.strerror}; what was damaged is still there"
        raise BagError(msg) from err
    kept = sum(result.message_count for result in found.values())
    return RepairReport(path, not broken and not rebuilt, kept, dropped, tuple(broken), damaged, rebuilt)


def _storage_files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(path.glob("*.mcap"))
        if not files:
            msg = f"{path}: holds no .mcap file; only MCAP bags can be repaired"
            raise BagError(msg)
        return files
    if not path.exists():
        msg = f"{path}: no such bag"
        raise BagError(msg)
    return [path]


def _rewrite(file: Path, found: McapScan) -> Path:
    """Put a whole file in the place of a damaged one; there is a file of that name at every moment."""
    new = file.with_name(f".{file.name}.repaired")
    new.unlink(missing_ok=True)
    output = McapFile(new, _compression(found.compression))
    try:
        numbers = {number: output.add_channel(channel) for number, channel in found.channels.items()}
        scan(
            file,
            lambda number, message: output.write(
                numbers[number], message.data, message.log_time, message.publish_time, message.sequence
            ),
        )
        output.close(sync=True)
    except BaseException:
        output.abandon()
        new.unlink(missing_ok=True)
        raise
    damaged = _free_name(file)
    try:
        os.link(file, damaged)
    except OSError:  # a file system without hard links
        shutil.copy2(file, damaged)
    new.replace(file)
    return damaged


def _compression(name: str) -> Compression:
    if name == "zstd":
        return "zstd"
    return "lz4" if name == "lz4" else "none"


def _free_name(file: Path) -> Path:
    name = file.with_name(f"{file.name}.damaged")
    number = 1
    while name.exists():
        number += 1
        name = file.with_name(f"{file.name}.damaged{number}")
    return name


def _metadata_fits(folder: Path, found: dict[Path, McapScan]) -> bool:
    """Whether metadata.yaml is there and tells the same files and number of messages."""
    try:
        content = yaml.safe_load((folder / METADATA_FILE).read_text(encoding="utf-8"))
        information = content["rosbag2_bagfile_information"]
        names = {Path(name).name for name in information["relative_file_paths"]}
        count = information["message_count"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError):
        return False
    return names == {file.name for file in found} and count == sum(r.message_count for r in found.values())


def _rebuild_metadata(folder: Path, found: dict[Path, McapScan]) -> None:
    topics: dict[str, BagTopic] = {}
    for result in found.values():
        for number, channel in result.channels.items():
            before = topics[channel.topic].count if channel.topic in topics else 0
            topics[channel.topic] = BagTopic(
                channel.topic,
                channel.type_name,
                before + result.counts[number],
                channel.rihs01,
                parse_qos(channel.qos_text),
                channel.encoding,
            )
    files = [BagFile(file.name, r.message_count, r.first_ns, r.last_ns) for file, r in found.items()]
    write_metadata(folder, metadata_text(list(topics.values()), files))
