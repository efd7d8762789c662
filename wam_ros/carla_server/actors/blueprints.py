"""Blueprints: what clients can spawn, with attributes and sizes. The tables themselves are in blueprint_catalog.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from wam_ros.carla_server.wire.layouts import Triple
from wam_ros.carla_server.wire.wire_types import AttributeValue, Description
from wam_ros.core.config import unknown_key
from wam_ros.core.errors import WorldError

_LARGEST = 1e9  # of any attribute


class AttributeType(IntEnum):
    """CARLA's number of a type."""

    BOOL = 1
    INT = 2
    FLOAT = 3
    STRING = 4
    COLOR = 5


@dataclass(frozen=True)
class Attribute:
    """One attribute of a blueprint.

    Fields:
        id: Its name.
        type: How its text is read.
        value: Default.
        recommended: Good values.
        modifiable: Whether clients may change it.

    """

    id: str
    type: AttributeType
    value: str
    recommended: tuple[str, ...] = ()
    modifiable: bool = True

    def form(self) -> list[Any]:
        """For the wire."""
        return [self.id, int(self.type), self.value, list(self.recommended), self.modifiable, False]


@dataclass(frozen=True)
class Blueprint:
    """One thing that can be spawned.

    Fields:
        uid: Number.
        id: Name, such as vehicle.tesla.model3.
        attributes: By name.
        size: Length, width, height of its box [m]; None = it has none.
        tag: CARLA's class in semantic images; None = it has none.

    """

    uid: int
    id: str
    attributes: Mapping[str, Attribute]
    size: Triple | None = None
    tag: int | None = None

    def form(self) -> list[Any]:
        """For the wire."""
        return [self.uid, self.id, ",".join(self.id.split(".")), [each.form() for each in self.attributes.values()]]

    def describe(self, **values: str) -> Description:
        """An actor made from it, with some attributes other than the default."""
        merged = {name: values.get(name, attribute.value) for name, attribute in self.attributes.items()}
        return Description(
            self.uid,
            self.id,
            tuple(AttributeValue(name, self.attributes[name].type, value) for name, value in merged.items()),
        )


class BlueprintLibrary:
    """Blueprints by id."""

    def __init__(self, blueprints: Iterable[Blueprint]) -> None:
        self._blueprints = {blueprint.id: blueprint for blueprint in blueprints}

    def __iter__(self) -> Any:
        return iter(self._blueprints.values())

    def find(self, blueprint_id: str) -> Blueprint | None:
        """The blueprint, or None."""
        return self._blueprints.get(blueprint_id)

    def check(self, description: Description) -> tuple[Blueprint, Description]:
        """The blueprint of a description, and the description with all attributes.

        Raises:
            WorldError: There is no such blueprint or attribute, or a value cannot be read.

        """
        blueprint = self._blueprints.get(description.id)
        if blueprint is None:
            msg = f"blueprint {unknown_key(description.id, list(self._blueprints))}"
            raise WorldError(msg)
        values: dict[str, str] = {}
        for name, _, value in description.attributes:
            attribute = blueprint.attributes.get(name)
            if attribute is None:
                msg = f"{blueprint.id}: attribute {unknown_key(name, list(blueprint.attributes))}"
                raise WorldError(msg)
            _readable(blueprint.id, attribute, value)
            values[name] = value
        return blueprint, blueprint.describe(**values)


def read_number(description: Description, name: str) -> float:
    """The value of an attribute as a number; it was checked already."""
    return float(read_text(description, name))


def read_text(description: Description, name: str) -> str:
    """The value of an attribute."""
    return next(each.value for each in description.attributes if each.id == name)


def read_color(value: str) -> tuple[int, int, int]:
    """Red, green, blue out of "r,g,b"; raises ValueError."""
    red, green, blue = (int(channel) for channel in value.split(","))
    if not all(0 <= channel <= 255 for channel in (red, green, blue)):
        raise ValueError(value)
    return red, green, blue


def _readable(blueprint_id: str, attribute: Attribute, value: str) -> None:
    try:
        valid = _is_valid(attribute.type, value)
    except ValueError:
        valid = False
    if not valid:
        msg = f"{blueprint_id}: {attribute.id} = {value[:60]!r}, wanted a value of type {attribute.type.name.lower()}"
        raise WorldError(msg)


def _is_valid(kind: AttributeType, value: str) -> bool:
    """Whether a text can be read; int, float and read_color also raise ValueError."""
    if kind is AttributeType.INT:
        return abs(int(value)) < _LARGEST
    if kind is AttributeType.FLOAT:
        return abs(float(value)) < _LARGEST
    if kind is AttributeType.COLOR:
        return bool(read_color(value))
    return kind is AttributeType.STRING or value.lower() in {"true", "false", "0", "1"}
