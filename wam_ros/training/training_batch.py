"""Samples as tensors: images, prompts, plans and truths of one batch, with what is dropped and changed on purpose.

Changes of the picture keep its geometry: light and colour only. A mirrored town would drive on the left, and a shifted
picture would be another camera's; poses off the canonical one come from the data themselves. It knows no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wam_ros.core.errors import ConfigError
from wam_ros.models.config import StemConfig, WamDiffConfig
from wam_ros.models.prompt import Situation, build_prompt, unconditional_prompt
from wam_ros.models.regression_cnn import situation_features
from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.training.dataset import Batch, DemoDataset
from wam_ros.training.demo_sample import situation


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """B samples.

    Fields:
        images: (B, H, W, 3) uint8 rgb.
        prompts: (B, P) ids.
        situations: (B, F) features for the baseline, of the same dropped values as the prompts.
        plan: (B, 8, 3) float32 the expert's x, y [m] and heading [rad], every 0.5 s.
        semantics: (B, 23, 40) uint8.
        light, rationale: (B,) int64.
        answers: (B, Q) int64 the number of the true answer to each of QUESTIONS.
        light_distance, lead_distance: (B,) [m], NaN where there is none.
        lead_speed: (B,) [m/s], NaN where there is none.
        start_due: (B,) bool.
        speed: (B,) [m/s], never dropped.

    """

    images: Tensor
    prompts: Tensor
    situations: Tensor
    plan: Tensor
    semantics: Tensor
    light: Tensor
    light_distance: Tensor
    lead_distance: Tensor
    lead_speed: Tensor
    start_due: Tensor
    rationale: Tensor
    answers: Tensor
    speed: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device) -> TrainingBatch:
        """The same on a device."""
        return replace(self, **{field.name: getattr(self, field.name).to(device) for field in fields(self)})


@dataclass(frozen=True)
class BatchChanges:
    """What is done to training samples; nothing to held-out ones.

    Fields:
        drop_context: Share whose whole prompt, image included, is masked: for classifier-free guidance.
        drop_motion: Share that is not told speed and accelerations: a standing ego must look why it stands.
        colour: Whether light and colour of pictures vary.

    """

    drop_context: float = 0.1
    drop_motion: float = 0.25
    colour: bool = True


UNCHANGED = BatchChanges(0.0, 0.0, colour=False)


class BatchMaker:
    """Makes batches out of data folders.

    Args:
        datasets: Of one camera.
        config: Of the network: image size, prompt.
        tokenizer: Its vocabulary.
        changes: See there.

    Raises:
        ConfigError: Data of different cameras, of another shape than the network's image, or a network without a stem.

    """

    def __init__(
        self, datasets: Sequence[DemoDataset], config: WamDiffConfig, tokenizer: HybridTokenizer, changes: BatchChanges
    ) -> None:
        if not datasets or any(dataset.camera != datasets[0].camera for dataset in datasets):
            msg = f"{len(datasets)} data folders of different cameras, or none: record them with one recipe"
            raise ConfigError(msg)
        vision = config.vision
        if not isinstance(vision, StemConfig):
            msg = f"preset {config.name!r} has no stem: train tiny or small"
            raise ConfigError(msg)
        self.camera = datasets[0].camera
        if self.camera.width * vision.image_height != self.camera.height * vision.image_width:
            size = f"{self.camera.width}x{self.camera.height}"
            msg = f"data of {size}, the stem sees {vision.image_width}x{vision.image_height}: another shape"
            raise ConfigError(msg)
        self._datasets = datasets
        self._starts = np.cumsum([0, *(len(dataset) for dataset in datasets)])
        self._config = config
        self._tokenizer = tokenizer
        self._changes = changes
        self._size = (vision.image_width, vision.image_height)
        self._visual_tokens = vision.grid[0] * vision.grid[1]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def order(self, seed: int, epoch: int) -> NDArray[np.int64]:
        """Numbers of the samples of an epoch, drawn by weight, as they come."""
        parts = [
            start + dataset.order(seed, epoch) for start, dataset in zip(self._starts[:-1], self._datasets, strict=True)
        ]
        return np.random.default_rng((seed, epoch, len(parts))).permutation(np.concatenate(parts))

    def make(self, indices: NDArray[np.int64], seed: Sequence[int] = (0,)) -> TrainingBatch:
        """The batch of these numbers; the same seed makes the same changes."""
        rng = np.random.default_rng(seed)
        values = self._read(indices)
        situations = [
            situation(*(values[name][row] for name in ("command", "velocity", "acceleration", "yaw_rate", "route")))
            for row in range(len(indices))
        ]
        situations = [self._dropped(told, rng) for told in situations]
        prompts = [build_prompt(told, self._tokenizer, self._config, self._visual_tokens) for told in situations]
        masked = rng.random(len(prompts)) < self._changes.drop_context
        tokens = [
            (unconditional_prompt(prompt, self._tokenizer) if hide else prompt).tokens
            for prompt, hide in zip(prompts, masked, strict=True)
        ]
        route_points = len(self._config.route_distances)
        features = [situation_features(told, route_points) for told in situations]
        return TrainingBatch(
            images=torch.from_numpy(np.stack([self._seen(image, rng) for image in values["image"]])),
            prompts=torch.stack(tokens),
            situations=torch.tensor(features, dtype=torch.float32),
            plan=torch.from_numpy(values["plan"]),
            semantics=torch.from_numpy(values["semantics"]),
            light=torch.from_numpy(values["light"].astype(np.int64)),
            light_distance=torch.from_numpy(values["light_distance"]),
            lead_distance=torch.from_numpy(values["lead_distance"]),
            lead_speed=torch.from_numpy(values["lead_speed"]),
            start_due=torch.from_numpy(values["start_due"]),
            rationale=torch.from_numpy(values["rationale"].astype(np.int64)),
            answers=torch.from_numpy(values["answers"].astype(np.int64)),
            speed=torch.from_numpy(np.ascontiguousarray(values["velocity"][:, 0])),
        )

    def _read(self, indices: NDArray[np.int64]) -> Batch:
        which = np.searchsorted(self._starts, indices, side="right") - 1
        parts = [self._datasets[k].batch(indices[which == k] - self._starts[k]) for k in np.unique(which)]
        back = np.argsort(np.argsort(which, kind="stable"), kind="stable")
        return {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}

    def _dropped(self, told: Situation, rng: np.random.Generator) -> Situation:
        return replace(told, velocity=None, acceleration=None) if rng.random() < self._changes.drop_motion else told

    def _seen(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        if (image.shape[1], image.shape[0]) != self._size:
            image = np.asarray(cv2.resize(image, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        return recoloured(image, rng) if self._changes.colour else image


def recoloured(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """An image (H, W, 3) under another exposure, contrast and tint, as one table per channel."""
    levels = np.arange(256.0)[:, None] / 255.0
    gamma, contrast, brightness = np.exp(rng.normal(0.0, 0.15)), rng.uniform(0.8, 1.2), rng.normal(0.0, 0.06)
    tint = rng.normal(1.0, 0.04, size=3)
    table = ((levels**gamma - 0.5) * contrast + 0.5 + brightness) * tint
    lookup: Any = (table.clip(0.0, 1.0) * 255.0).round().astype(np.uint8)[None]
    return np.asarray(cv2.LUT(image, lookup), np.uint8)
