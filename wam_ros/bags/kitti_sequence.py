"""A drive of the KITTI odometry benchmark on disk: images, calibration, times, poses. Knows nothing of bags.

Layout (Geiger et al., CVPR 2012, and its development kit): a sequence folder with image_0 (gray left), image_1 (gray
right), image_2 (colour left), image_3 (colour right), calib.txt and times.txt; poses in ../../poses/NN.txt. Excerpts
may have image_l and image_r, poses.txt in the folder, calib.txt without labels, and no times.txt.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wam_ros.core.errors import BagError, InputError
from wam_ros.core.geometry import SE3, Array
from wam_ros.core.timing import NS_PER_S

DEFAULT_PERIOD_S = 0.1  # the benchmark's cameras run at 10 Hz

# Row of calib.txt that belongs to each image folder, in the order in which a folder is chosen.
PROJECTION_ROWS = {"image_0": 0, "image_2": 2, "image_l": 0, "image_1": 1, "image_3": 3, "image_r": 1}


@dataclass(frozen=True, eq=False)
class KittiSequence:
    """One camera's images with all that is known of them.

    Fields:
        folder: Of the sequence.
        camera: Name of the image folder.
        images: Image files, in order of time.
        times_ns: Time of each image after the first of the sequence [ns], increasing.
        world_from_camera: Pose of the LEFT GRAY camera at each image, in its frame at the first image of the
            sequence (x right, y down, z forward).
        projection: (3, 4) matrix of the camera of `images`, rectified [px, px m].

    """

    folder: Path
    camera: str
    images: tuple[Path, ...]
    times_ns: tuple[int, ...]
    world_from_camera: tuple[SE3, ...]
    projection: Array

    @classmethod
    def load(cls, folder: Path, camera: str | None = None) -> KittiSequence:
        """Read everything but the pixels.

        Args:
            folder: Of the sequence.
            camera: Name of the image folder; None = the first of PROJECTION_ROWS that is there.

        The number in an image's name says which line of poses and times is its own.

        Raises:
            BagError: A file is missing or does not fit the others; the text names it.

        """
        if not folder.is_dir():
            msg = f"{folder}: no such folder"
            raise BagError(msg)
        name = _camera(folder, camera)
        images = _images(folder / name)
        poses = _poses(folder)
        indices = [int(path.stem) for path in images]
        times = _times(folder, len(poses))
        for index, path in zip(indices, images):
            if index >= len(poses) or index >= len(times):
                msg = f"{path}: there are only {len(poses)} poses and {len(times)} times"
                raise BagError(msg)
        if len(images) < 2:
            msg = f"{folder / name}: {len(images)} image(s), wanted at least 2"
            raise BagError(msg)
        return cls(
            folder,
            name,
            tuple(images),
            tuple(times[index] for index in indices),
            tuple(poses[index] for index in indices),
            _projection(folder, name),
        )

    @property
    def matrix(self) -> Array:
        """(3, 3) intrinsic matrix K of the rectified camera [px]."""
        return self.projection[:, :3]

    @property
    def lens_in_reference(self) -> Array:
        """(3,) where this camera's lens is in the left gray camera's frame [m]."""
        offset = np.linalg.solve(self.matrix, self.projection[:, 3])
        return np.asarray(-offset, dtype=np.float64)


def _camera(folder: Path, wanted: str | None) -> str:
    if wanted is not None and wanted not in PROJECTION_ROWS:
        msg = f"unknown camera {wanted!r}, known: {', '.join(PROJECTION_ROWS)}"
        raise BagError(msg)
    for name in PROJECTION_ROWS if wanted is None else [wanted]:
        if (folder / name).is_dir():
            return name
    msg = f"{folder}: no folder {wanted or ', '.join(PROJECTION_ROWS)}: not a KITTI odometry sequence"
    raise BagError(msg)


def _images(folder: Path) -> list[Path]:
    images = [path for path in folder.glob("*.png") if path.stem.isdecimal()]
    return sorted(images, key=lambda path: int(path.stem))


def _rows(path: Path, columns: int, *, labelled: bool = False) -> tuple[list[str], Array]:
    """Labels (where there are any) and numbers of a text file, one row a line."""
    try:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as err:
        msg = f"{path}: cannot be read: {err}"
        raise BagError(msg) from err
    labels, rows = [], []
    for number, words in enumerate(lines, start=1):
        if labelled and words[0].endswith(":"):
            labels.append(words.pop(0).rstrip(":"))
        try:
            row = [float(word) for word in words]
        except ValueError as err:
            msg = f"{path}: line {number}: {err}"
            raise BagError(msg) from err
        if len(row) != columns or not np.isfinite(row).all():
            msg = f"{path}: line {number} has {len(row)} numbers, wanted {columns} finite ones"
            raise BagError(msg)
        rows.append(row)
    if not rows or (labels and len(labels) != len(rows)):
        msg = f"{path}: {'empty' if not rows else 'some lines have a label and some have not'}"
        raise BagError(msg)
    return labels, np.array(rows)


def _projection(folder: Path, camera: str) -> Array:
    path = folder / "calib.txt"
    row = PROJECTION_ROWS[camera]
    labels, rows = _rows(path, 12, labelled=True)
    names = labels or [f"P{index}" for index in range(len(rows))]
    if f"P{row}" not in names:
        msg = f"{path}: no P{row}, the projection of {camera}; it has {', '.join(names)}"
        raise BagError(msg)
    projection: Array = rows[names.index(f"P{row}")].reshape(3, 4)
    if projection[0, 0] <= 0.0 or projection[1, 1] <= 0.0 or projection[2, 2] <= 0.0:
        msg = f"{path}: P{row} has no positive focal lengths"
        raise BagError(msg)
    return projection


def _poses(folder: Path) -> list[SE3]:
    place = folder.resolve()
    inside, beside = folder / "poses.txt", place.parent.parent / "poses" / f"{place.name}.txt"
    path = inside if inside.exists() else beside
    if not path.exists():
        msg = f"{folder}: no poses, neither {inside} nor {beside}; sequences 11 and up of KITTI have none"
        raise BagError(msg)
    _, rows = _rows(path, 12)
    try:
        return [SE3(row.reshape(3, 4)[:, :3], row.reshape(3, 4)[:, 3]) for row in rows]
    except InputError as err:
        msg = f"{path}: a pose {err}"
        raise BagError(msg) from err


def _times(folder: Path, count: int) -> list[int]:
    path = folder / "times.txt"
    if not path.exists():
        return [round(index * DEFAULT_PERIOD_S * NS_PER_S) for index in range(count)]
    _, rows = _rows(path, 1)
    times = [round(float(row[0]) * NS_PER_S) for row in rows]
    if times[0] < 0 or any(later <= earlier for earlier, later in itertools.pairwise(times)):
        msg = f"{path}: times do not increase from 0 or later"
        raise BagError(msg)
    return times
