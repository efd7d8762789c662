"""Configuration: YAML to frozen dataclasses, with unknown keys refused and the nearest known one named."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from wam_ros.core.errors import ConfigError

T = TypeVar("T")


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file's mapping.

    Raises:
        ConfigError: The file cannot be read, is no YAML, or holds something else than a mapping.

    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as err:
        msg = f"{path}: cannot be read: {err.strerror}"
        raise ConfigError(msg) from err
    except yaml.YAMLError as err:
        msg = f"{path}: not YAML: {err}"
        raise ConfigError(msg) from err
    if not isinstance(content, dict):
        msg = f"{path}: wanted a mapping of keys to values, got {type(content).__name__}"
        raise ConfigError(msg)
    return content


def unknown_key(key: str, known: Mapping[str, Any] | set[str] | list[str] | tuple[str, ...]) -> str:
    """A sentence about a key that does not exist, with the nearest one that does."""
    close = difflib.get_close_matches(key, list(known), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}"
    return f"unknown {key!r}{hint}"


def from_mapping(cls: type[T], values: Mapping[str, Any], where: str) -> T:
    """Build the flat dataclass `cls` from a mapping, strictly.

    Whole numbers are taken for floats; nothing else is converted.

    Raises:
        ConfigError: An unknown or missing key, or a value of another type; the text starts with `where`.

    """
    known = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    hints = get_type_hints(cls)
    for key in values:
        if key not in known:
            msg = f"{where}: {unknown_key(str(key), set(known))}"
            raise ConfigError(msg)
    required = [
        name
        for name, field in known.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    missing = [name for name in required if name not in values]
    if missing:
        msg = f"{where}: missing {', '.join(missing)}"
        raise ConfigError(msg)
    checked = {key: _checked(value, hints[key], f"{where}: {key}") for key, value in values.items()}
    return cls(**checked)


def _checked(value: Any, hint: Any, where: str) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in {float, int, str, bool} and type(value) is not hint:
        msg = f"{where} = {value!r}, wanted {hint.__name__}"
        raise ConfigError(msg)
    return value
