"""Shards of samples on the disk: one .npz each, no pickles, written at once or not at all. It knows no manifest.

Arrays are stored as they are, so that a picture is read by its place in the file: JPEGs are compressed already.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wam_ros.core.errors import InputError
from wam_ros.training.demo_sample import FIELDS, Sample

FORMAT = 1
MAX_SAMPLES = 512
_FORMAT, _PICTURES, _OFFSETS = "format", "jpeg", "jpeg_offsets"
_LOCAL_HEADER = 30  # bytes of a zip entry before its name


def write_shard(path: Path, samples: Sequence[Sample]) -> None:
    """Write a shard; it is there whole, and on the disk, when this returns.

    Raises:
        InputError: More samples than a shard holds, or none.

    """
    if not 0 < len(samples) <= MAX_SAMPLES:
        msg = f"{path}: {len(samples)} samples, wanted 1 to {MAX_SAMPLES}"
        raise InputError(msg)
    sizes = [len(sample.jpeg) for sample in samples]
    columns: dict[str, Any] = {
        name: np.stack([np.asarray(getattr(sample, name), spec.dtype) for sample in samples])
        for name, spec in FIELDS.items()
    }
    pictures = np.frombuffer(b"".join(sample.jpeg for sample in samples), np.uint8)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            np.savez(
                file,
                **{_FORMAT: np.int64(FORMAT), **columns, _OFFSETS: offsets, _PICTURES: pictures},
                allow_pickle=False,
            )
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@dataclass(frozen=True, eq=False)
class Shard:
    """A shard whose values are in memory and whose pictures are on the disk.

    Fields:
        path: The file.
        columns: Values by name, (N, ...), as FIELDS says.
        offsets: (N + 1,) where each picture begins among the pictures [bytes].
        pictures_at: Where the pictures begin in the file [bytes].

    """

    path: Path
    columns: Mapping[str, NDArray[np.generic]]
    offsets: NDArray[np.int64]
    pictures_at: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def jpeg(self, index: int) -> bytes:
        """A picture."""
        first, last = (int(offset) for offset in self.offsets[index : index + 2])
        with self.path.open("rb") as file:
            file.seek(self.pictures_at + first)
            return file.read(last - first)

    def sample(self, index: int) -> Sample:
        """All of a sample."""
        return Sample.from_row(self.jpeg(index), {name: values[index] for name, values in self.columns.items()})


def read_shard(path: Path) -> Shard:
    """Open a shard.

    Raises:
        InputError: It is missing, damaged, or of another format.

    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            found = int(arrays[_FORMAT])
            if found != FORMAT:
                msg = f"{path}: shard of format {found}, this program reads {FORMAT}; record it anew"
                raise InputError(msg)
            columns = {name: arrays[name] for name in FIELDS}
            offsets = arrays[_OFFSETS]
        begin, size = _place(path, f"{_PICTURES}.npy")
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as err:
        if isinstance(err, InputError):
            raise
        msg = f"{path}: no whole shard of demonstrations ({err!r}); delete it and run `wam demos` again"
        raise InputError(msg) from err
    count = len(offsets) - 1
    for name, spec in FIELDS.items():
        if columns[name].shape != (count, *spec.shape) or columns[name].dtype != np.dtype(spec.dtype):
            msg = f"{path}: {name} of shape {columns[name].shape} {columns[name].dtype}, wanted {(count, *spec.shape)}"
            raise InputError(msg)
    if int(offsets[-1]) != size:
        msg = f"{path}: {size} bytes of pictures, wanted {int(offsets[-1])}; delete it and run `wam demos` again"
        raise InputError(msg)
    return Shard(path, columns, offsets, begin)


def _place(path: Path, member: str) -> tuple[int, int]:
    """Where the values of a member begin in the file, and how many bytes they are."""
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(member)
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        header = file.read(_LOCAL_HEADER)
        name, extra = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
        begin = entry.header_offset + _LOCAL_HEADER + name + extra
        file.seek(begin)
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        values = file.tell()
    return values, entry.file_size - (values - begin)
