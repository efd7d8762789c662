"""A node's parameters as one table, from which declarations, checks, schema and YAML are made."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node.

    Fields:
        name: As ROS knows it.
        default: Also tells the type: bool, int, float, str or a tuple of str.
        text: What it does, with its unit.
        minimum, maximum: Allowed range of a number, both ends included.
        choices: Allowed strings; empty = any.
        while_active: Whether it may be changed while the node is active; others only while it is unconfigured.

    """

    name: str
    default: bool | int | float | str | tuple[str, ...]
    text: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    while_active: bool = False

    def checked(self, value: Any) -> Any:
        """The value as the type of the default; a whole number is taken for a float.

        Raises:
            ConfigError: Another type, not a choice, or out of range.

        """
        kind = type(self.default)
        if kind is tuple and isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not kind:
            msg = f"{self.name} = {value!r}, wanted a {'list of strings' if kind is tuple else kind.__name__}"
            raise ConfigError(msg)
        if self.choices and value not in self.choices:
            msg = f"{self.name}: {unknown_key(str(value), self.choices)}"
            raise ConfigError(msg)
        low, high = self.minimum, self.maximum
        if isinstance(value, (int, float)) and low is not None and high is not None and not low <= value <= high:
            msg = f"{self.name} = {value:g}, wanted {low:g} to {high:g}"
            raise ConfigError(msg)
        return value

    def schema(self) -> dict[str, Any]:
        """JSON schema of the value."""
        default = self.default
        found: dict[str, Any] = {"description": self.text}
        if isinstance(default, tuple):
            return {**found, "type": "array", "items": {"type": "string"}, "minItems": 1, "default": list(default)}
        found["type"] = {bool: "boolean", int: "integer", float: "number", str: "string"}[type(default)]
        found["default"] = default
        if self.minimum is not None:
            found["minimum"] = self.minimum
        if self.maximum is not None:
            found["maximum"] = self.maximum
        if self.choices:
            found["enum"] = list(self.choices)
        return found


@dataclass(frozen=True)
class ParameterTable:
    """All parameters of one node.

    Fields:
        node: Name of the node; its files are NODE.param.yaml and schema/NODE.schema.json.
        parameters: In the order of the files.
        patterns: Schemas of parameters whose names are not known beforehand, by regular expression.

    """

    node: str
    parameters: tuple[Parameter, ...]
    patterns: Mapping[str, Any] = field(default_factory=dict)

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the types of their defaults.

        Raises:
            ConfigError: An unknown name, or a value that its parameter refuses.

        """
        by_name = {parameter.name: parameter for parameter in self.parameters}
        for name in values:
            if name not in by_name:
                raise ConfigError(unknown_key(name, set(by_name)))
        return {name: by_name[name].checked(value) for name, value in values.items()}

    def defaults(self) -> dict[str, Any]:
        """Every parameter's default value."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def schema(self) -> dict[str, Any]:
        """JSON schema (draft-07) of the parameter file."""
        properties = {parameter.name: parameter.schema() for parameter in self.parameters}
        parameters = {
            "type": "object",
            "properties": properties,
            **({"patternProperties": dict(self.patterns)} if self.patterns else {}),
            "required": list(properties),
            "additionalProperties": False,
        }
        inner = {"type": "object", "properties": {"ros__parameters": parameters}, "required": ["ros__parameters"]}
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": f"Parameters of the node {self.node} of wam_ros",
            "type": "object",
            "properties": {"/**": {**inner, "additionalProperties": False}},
            "required": ["/**"],
            "additionalProperties": False,
        }

    def param_yaml(self) -> str:
        """The parameter file with every default and its explanation."""
        lines = [
            f"# Parameters of the node {self.node}; schema/{self.node}.schema.json has the ranges.",
            "/**:",
            "  ros__parameters:",
        ]
        for parameter in self.parameters:
            value = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
            lines += [f"    # {line}" for line in textwrap.wrap(parameter.text, 100)]
            lines.append(f"    {parameter.name}: {json.dumps(value)}")
        return "\n".join(lines) + "\n"

    def schema_json(self) -> str:
        """The schema as the text of its file."""
        return json.dumps(self.schema(), indent=2) + "\n"

    def write(self) -> None:
        """Write both files into the checkout's config folder."""
        config = Path(__file__).resolve().parents[2] / "config"
        (config / f"{self.node}.param.yaml").write_text(self.param_yaml(), encoding="utf-8")
        (config / "schema" / f"{self.node}.schema.json").write_text(self.schema_json(), encoding="utf-8")
