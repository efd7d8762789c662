"""What every benchmark shares: the machine in words, rows for people, rows as JSON."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

from wam_ros.core.processor import cpu_model


def machine() -> str:
    """The machine in words."""
    model = cpu_model() or platform.processor() or platform.machine()
    system = f"{platform.system()} {platform.release()}, python {platform.python_version()}"
    return f"machine: {model}, {os.cpu_count()} cores, {system}"


def percentile(values: list[float], percent: float) -> float | None:
    """Rounded to three digits; None without values."""
    return round(float(np.percentile(values, percent)), 3) if values else None


def print_row(row: dict[str, Any]) -> None:
    """One row of the table, as it comes."""
    print("  " + "  ".join(f"{key} {value}" for key, value in row.items()), flush=True)


def write_rows(path: Path | None, name: str, rows: list[dict[str, Any]]) -> None:
    """The same as JSON, if a path was given."""
    if path is not None:
        content = {"bench": name, "machine": machine(), "rows": rows}
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
