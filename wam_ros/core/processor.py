"""What the processor says of itself; empty where the system does not tell."""

from __future__ import annotations

from pathlib import Path

_FACTS = Path("/proc/cpuinfo")


def cpu_model() -> str:
    """Its name."""
    return _first("model name").partition(":")[2].strip()


def cpu_flags() -> str:
    """The line that names what it can, x86's `flags` or Arm's `Features`."""
    return _first("flags", "Features")


def _first(*beginnings: str) -> str:
    try:
        lines = _FACTS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(beginnings)), "")
