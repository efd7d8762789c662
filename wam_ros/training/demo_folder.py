"""A folder of demonstrations while it is made: finished drives, the manifest and the data card. It records nothing.

The shards are the truth of what is finished: one for each drive, whole or not there. The manifest is written anew from
them, so a run that was killed goes on, and no drive counts twice.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wam_ros.core.errors import ConfigError
from wam_ros.training.data_card import data_card
from wam_ros.training.dataset import CARD, MANIFEST, SHARDS
from wam_ros.training.demo_recipe import DemoRecipe
from wam_ros.training.demo_sample import CATEGORIES, LIGHTS, SOURCES
from wam_ros.training.demo_shard import FORMAT, Shard, read_shard
from wam_ros.training.questions import QUESTIONS, RATIONALE_NAMES

_RECIPE, _LOCK = "recipe.json", ".lock"


class DemoFolder:
    """Where the drives of one recipe are kept.

    Args:
        folder: Made if it is not there.
        recipe: Of the data.

    Raises:
        ConfigError: Data of another recipe are there, or somebody writes there now.

    """

    def __init__(self, folder: Path, recipe: DemoRecipe) -> None:
        self.folder = folder
        self.recipe = recipe
        (folder / SHARDS).mkdir(parents=True, exist_ok=True)
        self._lock = (folder / _LOCK).open("a")
        self._alone()
        for torn in (folder / SHARDS).glob(".*"):  # of a run that was killed
            torn.unlink()
        path = folder / _RECIPE
        if path.exists():
            try:
                self._check(json.loads(path.read_text(encoding="utf-8")))
            except ConfigError:
                self.close()
                raise
        else:
            _write(path, json.dumps(recipe.as_dict(), indent=2))

    def close(self) -> None:
        """Others may write there now."""
        self._lock.close()

    def path(self, drive: int) -> Path:
        """Of a drive's shard."""
        return self.folder / SHARDS / f"drive_{drive:05d}.npz"

    def finished(self) -> dict[int, int]:
        """Samples by drive, of the drives that are done."""
        found = {}
        for drive in range(self.recipe.routes):
            if self.path(drive).exists():
                found[drive] = len(read_shard(self.path(drive)))
        return found

    def chosen(self, finished: Mapping[int, int], given_up: Sequence[int] = ()) -> list[int] | None:
        """The drives that make the data: all, or the first ones with the wanted samples; None = drives are missing."""
        chosen, count = [], 0
        for drive in range(self.recipe.routes):
            if self.recipe.samples and count >= self.recipe.samples:
                break
            if drive in given_up:
                continue
            if drive not in finished:
                return None
            chosen.append(drive)
            count += finished[drive]
        return chosen

    def finish(
        self,
        drives: Sequence[int],
        town_of: Callable[[int], str],
        towns: Mapping[str, Any],
        failed: Mapping[int, str],
        versions: Mapping[str, str],
    ) -> dict[str, Any]:
        """Write the manifest and the data card; shards of other drives are deleted.

        Args:
            drives: Of the data.
            town_of: Name of a drive's town.
            towns: What is known of each town, by name.
            failed: Why drives are missing, by drive.
            versions: Of the programs, by name.

        """
        for path in (self.folder / SHARDS).glob("drive_*.npz"):
            if path not in {self.path(drive) for drive in drives}:
                path.unlink()
        shards = {drive: read_shard(self.path(drive)) for drive in drives}
        manifest = {
            "format": FORMAT,
            "recipe": self.recipe.as_dict(),
            "recipe_hash": self.recipe.hash,
            "samples": sum(len(shard) for shard in shards.values()),
            "towns": sorted({town_of(drive) for drive in drives}),
            "town_facts": dict(towns),
            "shards": [
                {"file": shard.path.name, "town": town_of(drive), "samples": len(shard)}
                for drive, shard in shards.items()
            ],
            "failed": {str(drive): reason for drive, reason in failed.items()},
            "balance": balance(list(shards.values())),
            "bytes": sum(shard.path.stat().st_size for shard in shards.values()),
            "versions": dict(versions),
        }
        _write(self.folder / CARD, data_card(manifest))
        _write(self.folder / MANIFEST, json.dumps(manifest, indent=1))
        return manifest

    def _alone(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            self._lock.close()
            msg = f"{self.folder}: another `wam demos` writes there now; wait for it, or write elsewhere with --out"
            raise ConfigError(msg) from err

    def _check(self, found: Mapping[str, Any]) -> None:
        wanted = self.recipe.as_dict()
        if found == wanted:
            return
        names = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        told = "; ".join(f"{name} was {found.get(name)}, now {wanted.get(name)}" for name in names)
        msg = f"{self.folder}: data of another recipe ({told}); write to another folder with --out, or delete this one"
        raise ConfigError(msg)


def balance(shards: Sequence[Shard]) -> dict[str, dict[str, float]]:
    """How many samples are of each kind, and what share of the draws in training they are."""
    columns: dict[str, Any] = {
        name: np.concatenate([shard.columns[name] for shard in shards])
        for name in ("categories", "source", "light", "rationale", "answers", "weight", "start_due")
    }
    total = max(float(columns["weight"].sum()), 1e-9)

    def row(mask: Any) -> dict[str, float]:
        return {"samples": int(mask.sum()), "drawn": round(float(columns["weight"][mask].sum()) / total, 4)}

    found: dict[str, Any] = {
        "category": {name: row(columns["categories"] >> bit & 1 == 1) for bit, name in enumerate(CATEGORIES)},
        "source": {name: row(columns["source"] == number) for number, name in enumerate(SOURCES)},
        "light": {name: row(columns["light"] == number) for number, name in enumerate(LIGHTS)},
        "rationale": {name: row(columns["rationale"] == number) for number, name in enumerate(RATIONALE_NAMES)},
    }
    for index, question in enumerate(QUESTIONS):
        given = columns["answers"][:, index]
        found[f"answer: {question.name}"] = {name: row(given == number) for number, name in enumerate(question.answers)}
    return found


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text + "\n", encoding="utf-8")
    beside.replace(path)
