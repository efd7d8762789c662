"""Where commands put their results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wam_ros.core.errors import BagError


def write_figures(path: Path, figures: Mapping[str, Any]) -> None:
    """Write figures as JSON, its folder too where there is none, and tell where they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(f"wrote {path}")


def fresh_bag(path: Path) -> Path:
    """The path; a bag that an earlier run left there, complete or not, is removed.

    Raises:
        BagError: Something else lies there.

    """
    if not path.exists():
        return path
    files = list(path.iterdir()) if path.is_dir() else [path]
    foreign = [file for file in files if file.suffix != ".mcap" and file.name != "metadata.yaml"]
    if foreign or not path.is_dir():
        msg = f"{path}: in the way, and no bag of an earlier run: it holds {(foreign or [path])[0].name}"
        raise BagError(msg)
    for file in files:
        file.unlink()
    path.rmdir()
    return path
