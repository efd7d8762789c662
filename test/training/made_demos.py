"""A folder of made-up demonstrations: plain pictures, values that say which sample they are of."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from wam_ros.core.camera import CanonicalCamera
from wam_ros.models.config import ROUTE_DISTANCES
from wam_ros.models.vocabulary import COMMANDS
from wam_ros.training.dataset import MANIFEST, SHARDS
from wam_ros.training.demo_sample import CATEGORIES, GRID, LIGHTS, SEMANTICS, Sample, encoded
from wam_ros.training.demo_shard import FORMAT, write_shard
from wam_ros.training.questions import QUESTIONS, RATIONALE_NAMES

CAMERA = CanonicalCamera(128, 72, 80.0, 64.0, 36.0, 1.5)


def made_sample(number: int, drive: int = 0, camera: CanonicalCamera = CAMERA) -> Sample:
    """A sample of a number: it drives straight at 0..12 m/s along a bend whose side the picture's colour tells."""
    rng = np.random.default_rng((drive, number))
    speed = float(rng.choice([0.0, rng.uniform(2.0, 12.0)]))
    bend = float(rng.uniform(-0.05, 0.05))
    image = np.full((camera.height, camera.width, 3), 90, np.uint8)
    image[: camera.height // 2, :, 0] = round(128 + 2000 * bend)
    image[camera.height // 2 :, :, 2] = round(20 * speed)
    ahead = np.array(ROUTE_DISTANCES)
    route = np.column_stack([ahead, 0.5 * bend * ahead**2]).astype(np.float32)
    if number % 3 == 0:
        route[5:] = np.nan
    along = speed * 0.5 * np.arange(1, 9)
    light = int(rng.integers(len(LIGHTS)))
    lead = float(rng.uniform(3.0, 50.0)) if number % 2 else float("nan")
    return Sample(
        jpeg=encoded(image, 90),
        command=int(rng.integers(len(COMMANDS))),
        velocity=np.array([speed, 0.0], np.float32),
        acceleration=np.array([0.1, speed**2 * bend], np.float32),
        yaw_rate=speed * bend,
        route=route,
        plan=np.column_stack([along, 0.5 * bend * along**2, bend * along]).astype(np.float32),
        semantics=rng.integers(0, len(SEMANTICS), GRID).astype(np.uint8),
        light=light,
        light_distance=float(rng.uniform(0.0, 60.0)) if light else float("nan"),
        lead_distance=lead,
        lead_speed=3.0 if number % 2 else float("nan"),
        start_due=number % 5 == 0,
        rationale=number % len(RATIONALE_NAMES),
        answers=np.array([number % len(question.answers) for question in QUESTIONS], np.uint8),
        categories=1 << (number % len(CATEGORIES)),
        weight=1.0 + number % 4,
        source=number % 3,
        offset=np.zeros(2, np.float32),
        camera_offset=np.zeros(3, np.float32),
        drive=drive,
        time=0.5 * number,
    )


def make_demos(folder: Path, drives: int = 4, samples: int = 24, camera: CanonicalCamera = CAMERA) -> Path:
    """Write a folder that DemoDataset reads, with two towns, "east" and "west", drives dealt in turn."""
    entries = []
    for drive in range(drives):
        name = f"drive_{drive:05d}.npz"
        write_shard(folder / SHARDS / name, [made_sample(number, drive, camera) for number in range(samples)])
        entries.append({"file": name, "town": ("east", "west")[drive % 2], "samples": samples})
    manifest = {
        "format": FORMAT,
        "recipe": {"camera": camera.as_dict()},
        "recipe_hash": "made",
        "towns": ["east", "west"],
        "town_facts": {town: {"hash": f"{town} of {folder}"} for town in ("east", "west")},
        "shards": entries,
        "samples": drives * samples,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder
