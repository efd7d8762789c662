"""Demonstrations as training reads them: samples by number, batches of arrays by name. It knows no network.

A folder of data has manifest.json (recipe, camera, towns, shards with counts) and shards/. Values are kept in memory,
about 1.2 kB a sample; pictures are read when they are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.camera import CanonicalCamera
from wam_ros.core.errors import ConfigError
from wam_ros.training.demo_sample import FIELDS, Sample, decoded
from wam_ros.training.demo_shard import FORMAT, read_shard

MANIFEST, SHARDS, CARD = "manifest.json", "shards", "README.md"

Batch = dict[str, NDArray[Any]]
"""`image` (B, H, W, 3) uint8, `index` (B,) int64, and (B, ...) of each of FIELDS."""


def default_folder(home: Path, wam_data: str | None, recipe_hash: str) -> Path:
    """Where data of a recipe are: under $WAM_DATA, else in the user's cache."""
    base = Path(wam_data) if wam_data else home / ".cache" / "wam_ros"
    return base / "demos" / recipe_hash


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a folder of data says of itself.

    Raises:
        ConfigError: There is none, or of another format.

    """
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        msg = f"{folder}: no demonstrations here ({err!r}); make them with `wam demos --out {folder}`"
        raise ConfigError(msg) from err
    if found != FORMAT:
        msg = f"{path}: format {found}, this program reads {FORMAT}; record the demonstrations anew"
        raise ConfigError(msg)
    return manifest


class DemoDataset:
    """The samples of a folder, or those of some of its towns.

    Args:
        folder: With a manifest.
        towns: Names of the towns whose drives count; None = all.

    Raises:
        ConfigError: There is no manifest, a town is not in it, or nothing is left.
        InputError: A shard is damaged.

    """

    def __init__(self, folder: Path, towns: Collection[str] | None = None) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        self.camera = CanonicalCamera(**self.manifest["recipe"]["camera"])
        self.towns = tuple(self.manifest["towns"]) if towns is None else tuple(sorted(towns))
        unknown = set(self.towns) - set(self.manifest["towns"])
        entries = [entry for entry in self.manifest["shards"] if entry["town"] in self.towns]
        if unknown or not entries:
            msg = f"{folder}: no samples of towns {sorted(unknown) or self.towns}; it has {self.manifest['towns']}"
            raise ConfigError(msg)
        self._shards = [read_shard(folder / SHARDS / entry["file"]) for entry in entries]
        self._starts = np.concatenate([[0], np.cumsum([len(shard) for shard in self._shards])])
        joined = {name: np.concatenate([shard.columns[name] for shard in self._shards]) for name in FIELDS}
        self.columns: Mapping[str, NDArray[Any]] = MappingProxyType(joined)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def sample(self, index: int) -> Sample:
        """One of them, from 0.

        Raises:
            IndexError: There is no such sample.

        """
        shard, row = self._place(index)
        return self._shards[shard].sample(row)

    def jpeg(self, index: int) -> bytes:
        """The picture of one of them, as it is stored."""
        shard, row = self._place(index)
        return self._shards[shard].jpeg(row)

    def images(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.uint8]:
        """(B, H, W, 3) red, green, blue."""
        return np.stack([decoded(self.jpeg(int(index))) for index in indices])

    def batch(self, indices: NDArray[np.int64], *, images: bool = True) -> Batch:
        """These samples as arrays."""
        found: Batch = {name: values[indices] for name, values in self.columns.items()}
        found["index"] = np.asarray(indices, np.int64)
        if images:
            found["image"] = self.images(indices)
        return found

    def order(self, seed: int, epoch: int, *, weighted: bool = True) -> NDArray[np.int64]:
        """(N,) the numbers of the samples of an epoch, as they come.

        Args:
            seed: Of the training.
            epoch: From 0.
            weighted: Draw by their weights, with repeats, at even steps of the summed weights; else each once.

        """
        rng = np.random.default_rng((seed, epoch))
        count = len(self)
        if not weighted:
            return rng.permutation(count)
        mass = np.cumsum(self.columns["weight"][(mixed := rng.permutation(count))].astype(np.float64))
        drawn = np.searchsorted(mass, (np.arange(count) + rng.random()) * mass[-1] / count, side="right")
        return rng.permutation(mixed[np.minimum(drawn, count - 1)])

    def batches(
        self,
        size: int,
        *,
        seed: int = 0,
        epoch: int = 0,
        weighted: bool = True,
        first: int = 0,
        images: bool = True,
        ahead: int = 2,
    ) -> Iterator[Batch]:
        """The batches of one epoch, the same for the same seed and epoch; what is left over at its end is left out.

        Args:
            size: Samples of a batch.
            seed: Of the training.
            epoch: From 0.
            weighted: Draw by weights, as `order` does.
            first: Number of the batch to begin with: where a training was stopped.
            images: Whether pictures are read.
            ahead: Batches that are made ready in advance, by a thread each.

        """
        order = self.order(seed, epoch, weighted=weighted)
        parts = [order[at : at + size] for at in range(first * size, len(order) - size + 1, size)]
        with ThreadPoolExecutor(max(ahead, 1)) as pool:
            coming = [pool.submit(self.batch, part, images=images) for part in parts[:ahead]]
            for number in range(len(parts)):
                if number + ahead < len(parts):
                    coming.append(pool.submit(self.batch, parts[number + ahead], images=images))
                yield coming.pop(0).result()

    def _place(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            msg = f"sample {index} of {len(self)}"
            raise IndexError(msg)
        shard = int(np.searchsorted(self._starts, index, side="right")) - 1
        return shard, index - int(self._starts[shard])
