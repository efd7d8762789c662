"""Safetensors files of a folder, read tensor by tensor straight into the memory where the weights stay.

The files are not mapped: the pages of a mapping would stand in memory beside the copy of what they hold. It knows no
network.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from wam_ros.core.errors import ConfigError
from wam_ros.models.released.name_groups import told

INDEX_FILE = "model.safetensors.index.json"
SINGLE_FILE = "model.safetensors"

_TYPES: Final = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}
_LENGTH_BYTES = 8  # of the header's length, which begins the file (safetensors format)
_LONGEST_HEADER = 100_000_000  # bytes; the format's own limit
_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file.

    Fields:
        path: The file.
        dtype: None where this program cannot read it; `code` names it.
        code: The format's name of the type.
        shape: Of the tensor.
        offset: Of its first byte in the file.

    """

    path: Path
    dtype: torch.dtype | None
    code: str
    shape: tuple[int, ...]
    offset: int


class ShardReader:
    """Reads rows of stored tensors; each file is opened once, until `close`."""

    def __init__(self) -> None:
        self._files: dict[Path, FileIO] = {}

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def read(self, stored: StoredTensor, rows: tuple[int, int], out: Tensor) -> memoryview:
        """Fill `out` (on the CPU, contiguous, of the stored type) with those rows; gives its bytes.

        Raises:
            ConfigError: The file ends before them.

        """
        assert out.dtype == stored.dtype
        row_bytes = math.prod(stored.shape[1:]) * out.element_size()
        wanted = out.reshape(-1).view(torch.uint8).numpy().data
        assert len(wanted) == (rows[1] - rows[0]) * row_bytes
        if stored.path not in self._files:
            self._files[stored.path] = stored.path.open("rb", buffering=0)
        file = self._files[stored.path]
        file.seek(stored.offset + rows[0] * row_bytes)
        done = 0
        while done < len(wanted):
            count = file.readinto(wanted[done:])
            if not count:
                msg = f"{stored.path}: ends early: copy it again"
                raise ConfigError(msg)
            done += count
        return wanted


def stored_tensors(folder: Path) -> dict[str, StoredTensor]:
    """All tensors of a folder by name, of one file or of those that its index names.

    Raises:
        ConfigError: A file is missing, broken or cut off, or the index does not fit the files.

    """
    if not (folder / INDEX_FILE).is_file():
        if not (folder / SINGLE_FILE).is_file():
            pickled = sorted({path.name for kind in _PICKLED for path in folder.glob(kind)})
            hint = f"; {', '.join(pickled)} may run code when loaded: convert to safetensors" if pickled else ""
            msg = f"{folder}: neither {INDEX_FILE} nor {SINGLE_FILE}: download the weights into it{hint}"
            raise ConfigError(msg)
        return _header(folder / SINGLE_FILE)
    weight_map = _weight_map(folder / INDEX_FILE)
    shards = sorted(set(weight_map.values()))
    absent = [shard for shard in shards if not (folder / shard).is_file()]
    if absent:
        msg = f"{folder}: {INDEX_FILE} names {', '.join(absent)}, not there: download it"
        raise ConfigError(msg)
    found: dict[str, StoredTensor] = {}
    twice: list[str] = []
    for shard in shards:
        for name, stored in _header(folder / shard).items():
            if name in found:
                twice.append(name)
            found[name] = stored
    faults = {
        "in the index but not in the file that it names": [
            name for name, shard in weight_map.items() if name not in found or found[name].path != folder / shard
        ],
        "in a file but not in the index": [name for name in found if name not in weight_map],
        "in two files": twice,
    }
    parts = [f"{fault}: {told(names)}" for fault, names in faults.items() if names]
    if parts:
        msg = f"{folder}: tensors {'; '.join(parts)}. Index and files are of different downloads: copy the whole folder"
        raise ConfigError(msg)
    return found


def _weight_map(path: Path) -> dict[str, str]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        weight_map = values["weight_map"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        msg = f"{path}: cannot be read as an index with a weight_map: {err}"
        raise ConfigError(msg) from err
    plain = isinstance(weight_map, dict) and all(
        isinstance(shard, str) and Path(shard).name == shard for shard in weight_map.values()
    )
    if not plain or not weight_map:
        msg = f"{path}: weight_map must give for each tensor the name of a file beside it"
        raise ConfigError(msg)
    return dict(weight_map)


def _header(path: Path) -> dict[str, StoredTensor]:
    """The tensors of one file, out of its header."""
    size = path.stat().st_size
    try:
        with path.open("rb") as file:
            length = _header_length(file.read(_LENGTH_BYTES), size)
            header: dict[str, Any] = json.loads(file.read(length))
        start = _LENGTH_BYTES + length
        return {
            name: _entry(path, name, entry, start, size) for name, entry in header.items() if name != "__metadata__"
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        msg = f"{path}: not a whole safetensors file: {err}: copy it again"
        raise ConfigError(msg) from err


def _header_length(first: bytes, size: int) -> int:
    length = int.from_bytes(first, "little")
    if not 0 < length <= min(size, _LONGEST_HEADER):
        msg = f"its header is {length} bytes long, the file {size}"
        raise ValueError(msg)
    return length


def _entry(path: Path, name: str, entry: Mapping[str, Any], start: int, size: int) -> StoredTensor:
    first, last = entry["data_offsets"]
    shape = tuple(int(length) for length in entry["shape"])
    dtype = _TYPES.get(entry["dtype"])
    if not 0 <= first <= last or start + last > size:
        msg = f"{name} ends at byte {start + last}, the file at {size}"
        raise ValueError(msg)
    if dtype is not None and last - first != math.prod(shape) * dtype.itemsize:
        msg = f"{name} of shape {shape} and type {entry['dtype']} takes {last - first} bytes"
        raise ValueError(msg)
    return StoredTensor(path, dtype, str(entry["dtype"]), shape, start + first)
