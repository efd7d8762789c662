"""metadata.yaml of a rosbag2 folder (version 9), and the QoS profiles that it tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

METADATA_FILE = "metadata.yaml"
_VERSION = 9
_FOREVER = {"sec": 9223372036, "nsec": 854775807}  # int64 nanoseconds: how rmw says "no limit"
_DEPTH = 10
_NO_MESSAGES_START = 2**63 - 1  # what rosbag2 writes as the start of a bag without messages


@dataclass(frozen=True)
class BagTopic:
    """One topic of a bag.

    Fields:
        name: Topic.
        type_name: Such as 'nav_msgs/msg/Odometry'.
        count: Messages.
        rihs01: Hash of the type; empty = unknown.
        qos: Offered QoS profiles, as in metadata.yaml.
        encoding: Of the messages.

    """

    name: str
    type_name: str
    count: int
    rihs01: str = ""
    qos: tuple[dict[str, Any], ...] = ()
    encoding: str = "cdr"

    @property
    def latched(self) -> bool:
        """Whether its publisher keeps the last message for late subscribers (transient local)."""
        return any(profile.get("durability") == "transient_local" for profile in self.qos)


@dataclass(frozen=True)
class BagFile:
    """One storage file of a bag; first and last stamps [ns] are None without messages."""

    name: str
    message_count: int
    first_ns: int | None
    last_ns: int | None


def qos_profile(*, latched: bool, reliable: bool = True) -> dict[str, Any]:
    """An offered QoS profile; latched = transient local, depth 1: late subscribers get the last message."""
    return {
        "history": "keep_last",
        "depth": 1 if latched else _DEPTH,
        "reliability": "reliable" if reliable else "best_effort",
        "durability": "transient_local" if latched else "volatile",
        "deadline": dict(_FOREVER),
        "lifespan": dict(_FOREVER),
        "liveliness": "automatic",
        "liveliness_lease_duration": dict(_FOREVER),
        "avoid_ros_namespace_conventions": False,
    }


def dump_qos(profiles: Sequence[dict[str, Any]]) -> str:
    """QoS profiles as YAML text, for the metadata of an MCAP channel."""
    return _dump(list(profiles)).strip() if profiles else ""


def parse_qos(text: str) -> tuple[dict[str, Any], ...]:
    """The profiles of `dump_qos` or of another writer; none where the text is not a list of mappings."""
    try:
        profiles = yaml.safe_load(text)
    except yaml.YAMLError:
        return ()
    if not isinstance(profiles, list):
        return ()
    return tuple(profile for profile in profiles if isinstance(profile, dict))


def metadata_text(topics: Sequence[BagTopic], files: Sequence[BagFile]) -> str:
    """The content of metadata.yaml of an MCAP bag."""
    firsts = [file.first_ns for file in files if file.first_ns is not None]
    lasts = [file.last_ns for file in files if file.last_ns is not None]
    information = {
        "version": _VERSION,
        "storage_identifier": "mcap",
        **_span(min(firsts, default=None), max(lasts, default=None)),
        "message_count": sum(file.message_count for file in files),
        "topics_with_message_count": [
            {
                "topic_metadata": {
                    "name": topic.name,
                    "type": topic.type_name,
                    "serialization_format": topic.encoding,
                    "offered_qos_profiles": list(topic.qos),
                    "type_description_hash": topic.rihs01,
                },
                "message_count": topic.count,
            }
            for topic in topics
        ],
        "compression_format": "",
        "compression_mode": "",
        "relative_file_paths": [file.name for file in files],
        "files": [
            {"path": file.name, **_span(file.first_ns, file.last_ns), "message_count": file.message_count}
            for file in files
        ],
        "custom_data": None,
        "ros_distro": "kilted",
    }
    return _dump({"rosbag2_bagfile_information": information})


def write_metadata(folder: Path, text: str) -> None:
    """Write metadata.yaml in one step: a reader never sees half of it."""
    temporary = folder / f".{METADATA_FILE}.tmp"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(folder / METADATA_FILE)


def _span(first_ns: int | None, last_ns: int | None) -> dict[str, Any]:
    start = _NO_MESSAGES_START if first_ns is None else first_ns
    duration = 0 if first_ns is None or last_ns is None else last_ns - first_ns
    return {"duration": {"nanoseconds": duration}, "starting_time": {"nanoseconds_since_epoch": start}}


class _Dumper(yaml.SafeDumper):
    """Writes every value out: no anchors, which other readers of metadata.yaml may not follow."""

    def ignore_aliases(self, data: Any) -> bool:
        """No value is written as a reference to an equal one."""
        del data
        return True


def _dump(content: Any) -> str:
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, default_flow_style=False, width=1000)
    return text
