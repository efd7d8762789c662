"""Small drives for the tests: a made-up KITTI folder, and the real one where it is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

FOCAL = 100.0
BASELINE = 0.06  # m; image_2 of the made-up car is this far to the left of image_0


def circle_poses(count: int, speed: float, yaw_rate: float, period: float = 0.1) -> np.ndarray:
    """(count, 12) rows of a KITTI pose file: the camera itself drives a left-hand arc."""
    rows = []
    for index in range(count):
        angle = yaw_rate * period * index
        forward = speed / yaw_rate * np.sin(angle) if yaw_rate else speed * period * index
        left = speed / yaw_rate * (1.0 - np.cos(angle)) if yaw_rate else 0.0
        # Camera axes: x right, y down, z forward; a turn to the left is a negative one about y.
        cos, sin = np.cos(angle), np.sin(angle)
        rotation = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
        rows.append(np.hstack([rotation, [[-left], [0.0], [forward]]]).reshape(-1))
    return np.array(rows)


def make_labelled(
    root: Path, count: int = 30, speed: float = 5.0, yaw_rate: float = 0.0, *, colour: bool = False
) -> Path:
    """The layout of the benchmark: sequences/07 with calib.txt, times.txt, poses/07.txt."""
    folder = root / "sequences" / "07"
    folder.mkdir(parents=True)
    (root / "poses").mkdir()
    np.savetxt(root / "poses" / "07.txt", circle_poses(count, speed, yaw_rate), fmt="%.9e")
    np.savetxt(folder / "times.txt", np.arange(count) * 0.1, fmt="%.6e")
    lines = []
    for row, shift in enumerate((0.0, -54.0, FOCAL * BASELINE, -50.0)):
        values = [FOCAL, 0, 40.0, shift, 0, FOCAL, 12.0, 0, 0, 0, 1, 0]
        lines.append(f"P{row}: " + " ".join(f"{value:.12e}" for value in values))
    lines.append("Tr: " + " ".join(["0.0"] * 12))
    (folder / "calib.txt").write_text("\n".join(lines) + "\n")
    _write_images(folder / ("image_2" if colour else "image_0"), count, colour=colour)
    return folder


def make_unlabelled(folder: Path, count: int = 30, speed: float = 5.0) -> Path:
    """The layout of an excerpt: no labels, no times, poses inside."""
    folder.mkdir(parents=True)
    np.savetxt(folder / "poses.txt", circle_poses(count, speed, 0.0), fmt="%.9e")
    row = " ".join(f"{value:.6e}" for value in [FOCAL, 0, 40.0, 0.0, 0, FOCAL, 12.0, 0, 0, 0, 1, 0])
    (folder / "calib.txt").write_text(row)
    _write_images(folder / "image_l", count, colour=False)
    return folder


def picture(index: int, *, colour: bool) -> np.ndarray:
    """The image of that number, 80x24."""
    shape = (24, 80, 3) if colour else (24, 80)
    return np.random.default_rng(index).integers(0, 256, shape, dtype=np.uint8)


def _write_images(folder: Path, count: int, *, colour: bool) -> None:
    folder.mkdir()
    for index in range(count):
        assert cv2.imwrite(str(folder / f"{index:06d}.png"), picture(index, colour=colour))
