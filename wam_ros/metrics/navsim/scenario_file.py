"""Reads a scenario from JSON, strictly: an unknown key, a missing one or a wrong value is an error that names it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.core.geometry import Array
from wam_ros.metrics.navsim.scenario import Agent, MapArea, PreviousFrame, Scenario, SignalledConnector, StartState

T = TypeVar("T")

_START_KEYS = {"x", "y", "heading", "vx"}
_START_OPTIONAL = {"ax", "ay", "steering", "time_s"}
_KEYS = {"ego", "centerline", "map", "route_lane_ids", "agents", "traffic_lights", "reference", "proposals"} | {
    "proposal_dt"
}
_OPTIONAL = {"ego_past", "human", "previous"}


def read_scenario(path: Path) -> Scenario:
    """The scenario in a JSON file.

    Raises:
        ConfigError: The file cannot be read, is no JSON, or a key is unknown or missing.
        InputError: A value is wrong; the text names path and field.

    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        msg = f"{path}: cannot be read: {err.strerror}"
        raise ConfigError(msg) from err
    except ValueError as err:
        msg = f"{path}: not JSON: {err}"
        raise ConfigError(msg) from err
    return parse_scenario(content, str(path))


def parse_scenario(content: Any, where: str) -> Scenario:
    """The scenario in what a JSON file held; `where` starts the text of every error."""
    try:
        scene = _mapping(content, "the scenario", _KEYS, _OPTIONAL)
        previous = scene.get("previous")
        past = scene.get("ego_past")
        human = scene.get("human")
        return Scenario(
            ego=_start(scene["ego"], "ego"),
            centerline=_centerline(scene["centerline"]),
            areas=_each(scene["map"], "map", _area),
            route_lane_ids=frozenset(_each(scene["route_lane_ids"], "route_lane_ids", _id)),
            agents=_each(scene["agents"], "agents", _agent),
            lights=_each(scene["traffic_lights"], "traffic_lights", _light),
            reference=_array(scene["reference"], "reference"),
            proposals=_array(scene["proposals"], "proposals"),
            proposal_dt=_number(scene["proposal_dt"], "proposal_dt"),
            ego_past=_array(past, "ego_past") if past else None,
            human=None if human is None else _array(human, "human"),
            previous=None if previous is None else _previous(previous),
        )
    except ConfigError as err:
        msg = f"{where}: {err}"
        raise ConfigError(msg) from err
    except InputError as err:
        msg = f"{where}: {err}"
        raise InputError(msg) from err


def _mapping(value: Any, name: str, keys: set[str], optional: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        msg = f"{name}: wanted an object, got {type(value).__name__}"
        raise InputError(msg)
    for key in value:
        if key not in keys | optional:
            msg = f"{name}: {unknown_key(key, keys | optional)}"
            raise ConfigError(msg)
    missing = sorted(keys - set(value))
    if missing:
        msg = f"{name}: missing {', '.join(missing)}"
        raise ConfigError(msg)
    return value


def _each(value: Any, name: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        msg = f"{name}: wanted a list, got {type(value).__name__}"
        raise InputError(msg)
    return tuple(read(item, f"{name}[{i}]") for i, item in enumerate(value))


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        msg = f"{name} = {value!r}, wanted a number"
        raise InputError(msg)
    return float(value)


def _id(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        msg = f"{name} = {value!r}, wanted a string or a whole number"
        raise InputError(msg)
    return str(value)


def _array(value: Any, name: str) -> Array:
    if not isinstance(value, list):
        msg = f"{name}: wanted a list, got {type(value).__name__}"
        raise InputError(msg)
    try:
        array = np.array(value)
    except ValueError as err:
        msg = f"{name}: its rows differ in length"
        raise InputError(msg) from err
    if array.dtype.kind not in "if" and array.size:
        msg = f"{name}: holds something else than numbers"
        raise InputError(msg)
    return array.astype(np.float64)


def _start(value: Any, name: str) -> StartState:
    fields = _mapping(value, name, _START_KEYS, _START_OPTIONAL)
    numbers = {key: _number(item, f"{name}.{key}") for key, item in fields.items() if item is not None}
    missing = sorted(_START_KEYS - set(numbers))
    if missing:
        msg = f"{name}.{missing[0]} is null, wanted a number"
        raise InputError(msg)
    return _named(name, lambda: StartState(**numbers))


def _centerline(value: Any) -> Array:
    points = _each(value, "centerline", _array)
    if any(point.shape not in {(2,), (3,)} for point in points):
        msg = "centerline: each point is [x, y] or [x, y, heading]"
        raise InputError(msg)
    return np.array([point[:2] for point in points]).reshape(-1, 2)


def _area(value: Any, name: str) -> MapArea:
    fields = _mapping(value, name, {"id", "type", "polygon"}, set())
    return _named(
        name,
        lambda: MapArea(_id(fields["id"], "id"), _word(fields["type"], "type"), _array(fields["polygon"], "polygon")),
    )


def _agent(value: Any, name: str) -> Agent:
    fields = _mapping(value, name, {"id", "type", "length", "width", "states"}, set())
    return _named(
        name,
        lambda: Agent(
            _id(fields["id"], "id"),
            _word(fields["type"], "type"),
            _number(fields["length"], "length"),
            _number(fields["width"], "width"),
            _array(fields["states"], "states"),
        ),
    )


def _light(value: Any, name: str) -> SignalledConnector:
    fields = _mapping(value, name, {"lane_connector_id", "polygon", "red"}, set())
    return _named(
        name,
        lambda: SignalledConnector(
            _id(fields["lane_connector_id"], "lane_connector_id"),
            _array(fields["polygon"], "polygon"),
            _each(fields["red"], "red", _interval),
        ),
    )


def _interval(value: Any, name: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        msg = f"{name} = {value!r}, wanted [t0, t1]"
        raise InputError(msg)
    return _number(value[0], f"{name}[0]"), _number(value[1], f"{name}[1]")


def _previous(value: Any) -> PreviousFrame:
    fields = _mapping(value, "previous", {"ego", "proposals"}, set())
    ego = _start(fields["ego"], "previous.ego")
    return PreviousFrame(ego, _array(fields["proposals"], "previous.proposals"))


def _word(value: Any, name: str) -> Any:
    if not isinstance(value, str):
        msg = f"{name} = {value!r}, wanted a string"
        raise InputError(msg)
    return value


def _named(name: str, make: Callable[[], T]) -> T:
    """What `make` makes; its errors get the field's name in front."""
    try:
        return make()
    except InputError as err:
        msg = f"{name}: {err}"
        raise InputError(msg) from err
