"""Built engines on the disk: a folder per key, its files listed with their hashes. It runs and builds nothing."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wam_ros.core.config import from_mapping
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.engines.engine_key import EngineKey

KEY_FILE = "engine.json"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class StoredEngine:
    """One built engine.

    Fields:
        folder: Where its files are.
        key: What it was built for.
        files: SHA-256 by name.

    """

    folder: Path
    key: EngineKey
    files: Mapping[str, str]

    def check_files(self) -> None:
        """Refuse files that are not the ones that were built. This finds damage and mix-ups, not an attacker.

        Raises:
            ConfigError: The text names the file.

        """
        for name, wanted in self.files.items():
            path = self.folder / name
            if not path.is_file():
                msg = f"{path} is missing: build the engine anew"
                raise ConfigError(msg)
            found = _hash(path)
            if found != wanted:
                msg = f"{path}: SHA-256 {found[:12]}, {KEY_FILE} tells {wanted[:12]}: not loaded; build it anew"
                raise ConfigError(msg)


def write_engine(out: Path, key: EngineKey, write: Callable[[Path], None]) -> StoredEngine:
    """Have `write` fill a folder, and put it in its place in `out` when it is whole; an older one of the key goes.

    Raises:
        ConfigError: The folder cannot be written.

    """
    folder = out / f"{key.backend}-{key.digest}"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".building-") as name:
            scratch = Path(name) / folder.name
            scratch.mkdir()
            write(scratch)
            files = {path.name: _hash(path) for path in sorted(scratch.iterdir())}
            content = {"format_version": FORMAT_VERSION, "key": dataclasses.asdict(key), "files": files}
            (scratch / KEY_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            if folder.exists():
                shutil.rmtree(folder)
            scratch.rename(folder)
    except OSError as err:
        msg = f"{folder}: cannot be written: {err.strerror}"
        raise ConfigError(msg) from err
    return StoredEngine(folder, key, files)


def read_engine(folder: Path) -> StoredEngine:
    """An engine's folder, its files not yet looked at.

    Raises:
        ConfigError: It is none, or another version wrote it.

    """
    path = folder / KEY_FILE
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        msg = f"{path}: cannot be read as JSON: {err}"
        raise ConfigError(msg) from err
    if not isinstance(content, dict) or content.get("format_version") != FORMAT_VERSION:
        found = content.get("format_version") if isinstance(content, dict) else None
        msg = f"{path}: format_version {found!r}, this program reads {FORMAT_VERSION}: build the engine anew"
        raise ConfigError(msg)
    key, files = content.get("key"), content.get("files")
    if not isinstance(key, dict) or not isinstance(files, dict) or any(Path(name).name != name for name in files):
        msg = f"{path}: no key, or no files by name: build the engine anew"
        raise ConfigError(msg)
    try:
        return StoredEngine(folder, from_mapping(EngineKey, key, str(path)), files)
    except InputError as err:
        msg = f"{path}: {err}: build the engine anew"
        raise ConfigError(msg) from err


def stored_engines(folder: Path) -> list[StoredEngine]:
    """All engines in a folder, or the one that the folder is.

    Raises:
        ConfigError: There is none, or one cannot be read.

    """
    folders = (
        [folder] if (folder / KEY_FILE).is_file() else sorted(path.parent for path in folder.glob(f"*/{KEY_FILE}"))
    )
    if not folders:
        msg = f"{folder}: no built engine there: make one with `wam engine build`"
        raise ConfigError(msg)
    return [read_engine(path) for path in folders]


def find_engine(folder: Path, key: EngineKey) -> StoredEngine:
    """The engine of a key, its files checked.

    Raises:
        ConfigError: There is none, which names how the nearest one differs, or its files are not those that were built.

    """
    of_backend = [engine for engine in stored_engines(folder) if engine.key.backend == key.backend]
    if not of_backend:
        msg = f"{folder}: no engine of backend {key.backend}: make one with `wam engine build`"
        raise ConfigError(msg)
    nearest = min(of_backend, key=lambda engine: len(key.differences(engine.key)))
    try:
        key.require(nearest.key)
    except ConfigError as err:
        msg = f"{nearest.folder}: {err}"
        raise ConfigError(msg) from err
    nearest.check_files()
    return nearest


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
