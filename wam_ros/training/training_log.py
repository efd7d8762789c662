"""Curves of a training as CSV, and for TensorBoard where it is installed. It knows no loss by name."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class TrainingLog:
    """One CSV file of rows by step; a training that goes on cuts off the rows after the step it goes on from.

    Args:
        path: Of the file.
        step: Rows after it are dropped.

    """

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        self._rows: list[dict[str, str]] = []
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                self._rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
        self._board = _board(path.with_suffix(""))

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """One row; the file is whole after it."""
        self._rows.append({"step": str(step), **{name: f"{value:.6g}" for name, value in values.items()}})
        names = dict.fromkeys(name for row in self._rows for name in row)
        with self._path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(names))
            writer.writeheader()
            writer.writerows(self._rows)
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)

    def last(self) -> dict[str, float]:
        """The values of the last row; empty before the first."""
        return {name: float(value) for name, value in self._rows[-1].items() if value} if self._rows else {}


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
