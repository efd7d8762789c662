"""Message definitions by type name: those of ROS 2, of wam_ros, and of folders with .msg files.

Knows text, fields and hashes of types; nothing of bags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from wam_ros.core.errors import BagError
from wam_ros.core.resources import resource
from wam_ros.core.to_messages import MessageMaker

_PACKAGE = "wam_ros"
# carla_msgs is installed with the CARLA bridge of a ROS only; a bag with a map is to be written and read without it.
WORLD_INFO = "carla_msgs/msg/CarlaWorldInfo"
_WORLD_INFO_FIELDS = "string map_name\nstring opendrive\n"


@dataclass(frozen=True)
class MessageDefinition:
    """What a bag stores of a type.

    Fields:
        type_name: Such as 'nav_msgs/msg/Odometry'.
        text: Its fields and, after separator lines, those of every type it contains (MCAP schema 'ros2msg').
        rihs01: Hash of its description (REP 2011), as rosidl computes it.

    """

    type_name: str
    text: str
    rihs01: str


@lru_cache(maxsize=1)
def base_typestore() -> Typestore:
    """The types of ROS 2 Kilted and of wam_ros; shared, so add nothing to it."""
    return _new_typestore()


def message_definition(type_name: str, search_paths: Sequence[Path] = ()) -> MessageDefinition:
    """The definition of a type.

    Args:
        type_name: Package, 'msg', name, joined by slashes.
        search_paths: Where to look for types that neither ROS 2 nor wam_ros has: prefixes (share/<package>/msg/),
            folders of packages (<package>/msg/), or the folder of the package itself.

    Raises:
        BagError: The type, or one that it contains, is in none of these places, or its file is no definition.

    """
    return _definition(type_name, tuple(search_paths))


def typestore_with(type_name: str, search_paths: Sequence[Path] = ()) -> Typestore:
    """A store that knows a type and what it contains; arguments and errors as in `message_definition`."""
    if type_name in base_typestore().fielddefs:
        return base_typestore()
    return _extended_typestore(type_name, tuple(search_paths))


def make_message(type_name: str, **fields: Any) -> Any:
    """A message object of a type of ROS 2 or wam_ros; every field must be given."""
    return base_typestore().types[type_name](**fields)


MESSAGES = MessageMaker(make_message)  # of the rosbags library


def message_from_fields(type_name: str, values: Mapping[str, Any]) -> Any:
    """A message object from plain values: a mapping for each message in it, a list of mappings for a sequence of them.

    Raises:
        BagError: A field is missing, or a value is given for a field that is not there.

    """
    fields = base_typestore().fielddefs[type_name][1]
    if {name for name, _ in fields} != set(values):
        wrong = sorted({name for name, _ in fields} ^ set(values))
        msg = f"{type_name}: missing or unknown fields: {', '.join(wrong)}"
        raise BagError(msg)
    return make_message(type_name, **{name: _value(kind, values[name]) for name, kind in fields})


def _value(description: Any, value: Any) -> Any:
    kind, inner = description
    if kind == Nodetype.NAME:
        return message_from_fields(inner, value)
    if kind in {Nodetype.ARRAY, Nodetype.SEQUENCE} and inner[0][0] == Nodetype.NAME:
        return [message_from_fields(inner[0][1], item) for item in value]
    return value


@lru_cache(maxsize=256)
def _definition(type_name: str, search_paths: tuple[Path, ...]) -> MessageDefinition:
    store = typestore_with(type_name, search_paths)
    text, _ = store.generate_msgdef(type_name, ros_version=2)
    return MessageDefinition(type_name, text, store.hash_rihs01(type_name))


@lru_cache(maxsize=64)
def _extended_typestore(type_name: str, search_paths: tuple[Path, ...]) -> Typestore:
    store = _new_typestore()
    missing = [type_name]
    while missing:
        wanted = missing.pop()
        _register(store, wanted, _find(wanted, type_name, search_paths))
        missing += [name for name in _contained(store, wanted) if name not in store.fielddefs and name not in missing]
    return store


def _new_typestore() -> Typestore:
    store = get_typestore(Stores.ROS2_KILTED)
    store.register(get_types_from_msg(_WORLD_INFO_FIELDS, WORLD_INFO))
    for path in sorted(resource("msg").glob("*.msg")):
        _register(store, f"{_PACKAGE}/msg/{path.stem}", path)
    return store


def _register(store: Typestore, type_name: str, path: Path) -> None:
    try:
        store.register(get_types_from_msg(path.read_text(encoding="utf-8"), type_name))
    except (TypesysError, OSError, UnicodeDecodeError) as err:
        msg = f"{path}: not the definition of a message: {err}"
        raise BagError(msg) from err


def _find(wanted: str, needed_by: str, search_paths: tuple[Path, ...]) -> Path:
    parts = wanted.split("/")
    if len(parts) != 3 or parts[1] != "msg" or not all(part.isidentifier() for part in parts):
        msg = f"message type {wanted!r}: wanted package/msg/Name"
        raise BagError(msg)
    package, _, name = parts
    for folder in search_paths:
        candidates = [folder / "share" / package / "msg", folder / package / "msg"]
        if folder.name == package:
            candidates.append(folder / "msg")
        for candidate in candidates:
            path = candidate / f"{name}.msg"
            if path.is_file():
                return path
    context = "" if wanted == needed_by else f" (part of {needed_by})"
    places = ", ".join(map(str, search_paths)) or "none were given"
    msg = (
        f"unknown message type {wanted}{context}: it belongs neither to ROS 2 nor to wam_ros; "
        f"add the folder that holds {package}/msg/{name}.msg to the search paths ({places})"
    )
    raise BagError(msg)


def _contained(store: Typestore, type_name: str) -> list[str]:
    """Names of the types of the direct fields that are messages themselves."""
    names = []
    for _, description in store.fielddefs[type_name][1]:
        part: Any = description
        if part[0] in {Nodetype.ARRAY, Nodetype.SEQUENCE}:
            part = part[1][0]  # what the elements are
        if part[0] == Nodetype.NAME:
            names.append(str(part[1]))
    return names
