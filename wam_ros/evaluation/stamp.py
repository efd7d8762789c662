"""What a result file says of where it comes from; and what of that makes two evaluations the same."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any


@dataclass(frozen=True)
class Stamp:
    """Where figures come from.

    Fields:
        task: All that the figures depend on, ready for JSON: planner, weights hash, seeds, settings.
        machine: In words.
        command: As it was called.
        date: When it was begun, UTC.

    """

    task: Mapping[str, Any]
    machine: str
    command: str
    date: str = field(default_factory=lambda: datetime.now(timezone.utc).isoformat(timespec="seconds"))

    @property
    def identity(self) -> str:
        """Hash of the task: equal where the figures must be equal."""
        return hashlib.sha256(json.dumps(self.task, sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """As it lies in the result file."""
        return {
            **self.task,
            "identity": self.identity,
            "machine": self.machine,
            "python": platform.python_version(),
            "command": self.command,
            "date": self.date,
        }
