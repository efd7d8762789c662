"""How long each piece of a plan takes, measured once and stored: the times of virtual evaluation. Knows no clock."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wam_ros.core.config import unknown_key
from wam_ros.core.errors import ConfigError

FORMAT = 1


@dataclass(frozen=True)
class StepTimeTable:
    """How long each piece of a plan takes.

    Fields:
        encode_ms: To read the input.
        first_pass_ms: The first pass.
        step_ms: A further pass, by how many units are open in it; others take the time of the next larger number
            known, else of the largest.
        rest_ms: What every plan takes besides, whatever made it.
        made_from: What was measured, where and how; for people, and "preset" to match the checkpoint.

    """

    encode_ms: float = 0.0
    first_pass_ms: float = 0.0
    step_ms: Mapping[int, float] = field(default_factory=dict)
    rest_ms: float = 0.0
    made_from: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        times = {"encode_ms": self.encode_ms, "first_pass_ms": self.first_pass_ms, "rest_ms": self.rest_ms}
        times |= {f"step_ms of {units} open units": value for units, value in self.step_ms.items()}
        for name, value in times.items():
            if not (math.isfinite(value) and value >= 0.0):
                msg = f"step times: {name} = {value}, wanted 0 or more"
                raise ConfigError(msg)

    @classmethod
    def load(cls, path: Path) -> StepTimeTable:
        """Read a table.

        Raises:
            ConfigError: The file cannot be read or is wrong.

        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as err:
            msg = f"{path}: no table of step times ({err}); measure one with `wam bench step-times`"
            raise ConfigError(msg) from err
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            msg = f"{path}: no table of step times of format {FORMAT}; measure one with `wam bench step-times`"
            raise ConfigError(msg)
        strange = sorted(set(content) - set(cls.__dataclass_fields__))
        if strange:
            msg = f"{path}: {unknown_key(strange[0], list(cls.__dataclass_fields__))}"
            raise ConfigError(msg)
        try:
            steps = {int(units): float(value) for units, value in content.pop("step_ms", {}).items()}
            made_from = dict(content.pop("made_from", {}))
            return cls(step_ms=steps, made_from=made_from, **{name: float(value) for name, value in content.items()})
        except (ValueError, TypeError, AttributeError) as err:
            msg = f"{path}: {err}"
            raise ConfigError(msg) from err

    def save(self, path: Path) -> None:
        """Write the table."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"format": FORMAT, **self.as_dict()}, indent=2) + "\n", encoding="utf-8")

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "encode_ms": self.encode_ms,
            "first_pass_ms": self.first_pass_ms,
            "step_ms": {str(units): value for units, value in sorted(self.step_ms.items(), reverse=True)},
            "rest_ms": self.rest_ms,
            "made_from": dict(self.made_from),
        }

    def of_step(self, units: int) -> float:
        """Of a further pass with so many open units [ms]; that of the first where no other is known."""
        if not self.step_ms:
            return self.first_pass_ms
        known = sorted(self.step_ms)
        return self.step_ms[next((count for count in known if count >= units), known[-1])]
