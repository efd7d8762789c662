"""A value inside a JSON file that knows where it lies, so that errors can say it. Knows nothing of what is meant."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from wam_ros.core.errors import InputError


@dataclass(frozen=True)
class Node:
    """A value and its place.

    Fields:
        value: As JSON gives it.
        where: File and key, as in "a.json: routes[3].events[0].kind".

    Every method raises InputError, with that place, for a value of another type.
    """

    value: Any
    where: str

    def __getitem__(self, key: str) -> Node:
        """The value of a key that must be there."""
        if key not in self._mapping():
            self.refuse(f"has no {key!r}")
        return Node(self.value[key], self._place(key))

    def maybe(self, key: str) -> Node | None:
        """The value of a key that may be missing or null."""
        return None if self._mapping().get(key) is None else self[key]

    def entries(self) -> dict[str, Node]:
        """All keys with their values, in the order of the file."""
        return {key: self[key] for key in self._mapping()}

    def items(self) -> tuple[Node, ...]:
        """The values of a list."""
        if not isinstance(self.value, list):
            self.refuse("wanted a list")
        return tuple(Node(value, f"{self.where}[{index}]") for index, value in enumerate(self.value))

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not math.isfinite(self.value):
            self.refuse("wanted a finite number")
        return float(self.value)

    def numbers(self, least: int = 0) -> tuple[float, ...]:
        """A list of `least` or more finite numbers."""
        values = tuple(node.number() for node in self.items())
        if len(values) < least:
            self.refuse(f"wanted at least {least} numbers")
        return values

    def whole(self) -> int:
        """A whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.refuse("wanted a whole number")
        return int(self.value)

    def text(self) -> str:
        """Text."""
        if not isinstance(self.value, str):
            self.refuse("wanted text")
        return str(self.value)

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.refuse("wanted true or false")
        return bool(self.value)

    def refuse(self, why: str) -> NoReturn:
        """Raise InputError about this value."""
        shown = repr(self.value)
        msg = f"{self.where.removesuffix(':')}: {why}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"
        raise InputError(msg)

    def _mapping(self) -> Mapping[str, Any]:
        if not isinstance(self.value, dict):
            self.refuse("wanted an object with keys")
        return self.value

    def _place(self, key: str) -> str:
        return f"{self.where} {key}" if self.where.endswith(":") else f"{self.where}.{key}"
