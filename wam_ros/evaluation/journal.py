"""The journal of an evaluation: each finished route is on the disk before the next is counted; a kill loses none.

A first line says what is driven, then comes one line per finished route. It knows nothing of how routes are driven.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from wam_ros.core.errors import ConfigError
from wam_ros.evaluation.result import Row

FORMAT = 1


class Journal:
    """Finished routes by id, kept in a file; open in one process only.

    Args:
        path: The file; made if it is not there.
        tasks: Ids of the routes of this evaluation.
        identity: Hash of all that the figures depend on.
        task: The same in full, for people.
        resume: Whether routes of an earlier run count; else they are dropped.

    Raises:
        ConfigError: Another evaluation lies there or writes there now, or the file is damaged before its last line.

    """

    def __init__(
        self, path: Path, tasks: Sequence[str], identity: str, task: Mapping[str, Any], *, resume: bool = True
    ) -> None:
        self.path = path
        self.rows: dict[str, Row] = {}
        self._tasks = frozenset(tasks)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("a+b")
        try:
            self._lock()
            header = {"format": FORMAT, "identity": identity, "tasks": list(tasks), "task": dict(task)}
            if not resume:
                self._file.truncate(0)
            if not self._read(header):
                self._write(header)
        except BaseException:
            self._file.close()
            raise

    def add(self, row: Row) -> None:
        """Keep a finished route; it is on the disk when this returns."""
        assert row["id"] in self._tasks, f"{row['id']} is no route of this evaluation"
        assert row["id"] not in self.rows, f"{row['id']} was driven before"
        self._write({"route": row})
        self.rows[row["id"]] = row

    def close(self) -> None:
        """Others may open it now."""
        self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            msg = f"{self.path}: another `wam evaluate` writes it now; wait for it, or write to another file"
            raise ConfigError(msg) from err

    def _read(self, header: Mapping[str, Any]) -> bool:
        """Take what is there; a torn last line is cut off. False where not even the header is there."""
        self._file.seek(0)
        content = self._file.read()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            self._file.truncate(len(whole))
        lines = whole.splitlines()
        if not lines:
            return False
        try:
            entries = [json.loads(line) for line in lines]
            self._check(entries[0], header)
            for entry in entries[1:]:
                row = entry["route"]
                if row["id"] not in self._tasks or row["id"] in self.rows:
                    msg = f"{self.path}: route {row['id']} twice, or none of this evaluation; delete the file"
                    raise ConfigError(msg)
                self.rows[row["id"]] = row
        except (ValueError, KeyError, TypeError) as err:
            if isinstance(err, ConfigError):
                raise
            msg = f"{self.path}: no journal of `wam evaluate`, or damaged ({err!r}); delete it to begin anew"
            raise ConfigError(msg) from err
        return True

    def _check(self, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        if (found["format"], found["identity"], found["tasks"]) == (FORMAT, wanted["identity"], wanted["tasks"]):
            return
        before, now = found["task"], wanted["task"]
        names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
        told = "; ".join(f"{name} was {before.get(name)}, now {now.get(name)}" for name in names) or "its routes differ"
        msg = (
            f"{self.path}: belongs to another evaluation ({told}); "
            "write to another file with --json, or drop what was driven with --no-resume"
        )
        raise ConfigError(msg)

    def _write(self, entry: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(entry, allow_nan=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
