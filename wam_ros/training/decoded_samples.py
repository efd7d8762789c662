"""How near the planner's decoded waypoints come to the expert's, and how sure it was of each, before any map.

It decodes demonstrations as the planner does while driving: prompt, prefill, all steps, one moment at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wam_ros.core.errors import ConfigError
from wam_ros.core.timing import Deadline
from wam_ros.decoding import DecodeSettings, Scenario, decode, waypoint_confidence
from wam_ros.decoding.confidence import RADII
from wam_ros.engines import EngineAnswer, EngineChoice, make_engine
from wam_ros.models import Checkpoint
from wam_ros.models.vocabulary import COMMANDS
from wam_ros.planning.wam_diff import answer_layout
from wam_ros.training.dataset import DemoDataset
from wam_ros.training.stages import seen_camera
from wam_ros.training.training_batch import UNCHANGED, BatchMaker


@dataclass(frozen=True, eq=False)
class DecodedSamples:
    """N plans beside the truth.

    Fields:
        believed: (N, 8) float64 P(|waypoint - true position| <= r), before calibration.
        errors: (N, 8) float64 |waypoint - the expert's| [m].
        drives: (N,) number of the drive that each sample was taken from.

    """

    believed: Tensor
    errors: Tensor
    drives: NDArray[np.int64]

    @property
    def happened(self) -> Tensor:
        """(N, 8) bool: whether the waypoint was within its radius."""
        return self.errors <= torch.tensor(RADII, dtype=self.errors.dtype)


def decoded_samples(
    checkpoint: Checkpoint,
    dataset: DemoDataset,
    settings: DecodeSettings,
    most: int,
    told: Callable[[int, int], None] | None = None,
) -> DecodedSamples:
    """Decode samples of some towns: all of them, or `most`, evenly spaced over all drives.

    Args:
        checkpoint: The planner's.
        dataset: Of towns that were not trained on.
        settings: The decoder's choices, those that drive. The order must not look at the route's curvature, which
            demonstrations do not hold.
        most: Samples at most.
        told: Called with samples done and samples in all.

    Raises:
        ConfigError: Demonstrations of another camera than the checkpoint's.

    """
    maker = BatchMaker([dataset], checkpoint.model.config, checkpoint.tokenizer, UNCHANGED)
    camera = seen_camera(dataset.camera, checkpoint.model.config)
    if camera != checkpoint.camera:
        msg = f"{dataset.folder}: demonstrations of {camera}, the weights were trained for {checkpoint.camera}"
        raise ConfigError(msg)
    decoder = _Decoder(checkpoint, settings)
    chosen = np.linspace(0, len(dataset) - 1, min(most, len(dataset))).round().astype(np.int64)
    believed, errors = [], []
    for done, index in enumerate(chosen, start=1):
        batch = maker.make(np.array([index]))
        command = COMMANDS[int(dataset.columns["command"][index])]
        scenario = Scenario(float(batch.speed[0]), instruction=command)
        sure, waypoints = decoder.answer(batch.images, batch.prompts[0], scenario)
        believed.append(sure)
        errors.append(torch.linalg.vector_norm(waypoints - batch.plan[0, :, :2].double(), dim=-1))
        if told is not None:
            told(done, len(chosen))
    return DecodedSamples(torch.stack(believed), torch.stack(errors), dataset.columns["drive"][chosen].astype(np.int64))


class _Decoder:
    """The checkpoint as `planning.wam_diff` runs it, from an image and a prompt."""

    def __init__(self, checkpoint: Checkpoint, settings: DecodeSettings) -> None:
        self._layout = answer_layout(checkpoint.tokenizer)
        self._model, self._settings = checkpoint.model, settings
        self._engine = make_engine(EngineChoice(), checkpoint.model, guided=settings.guidance > 0.0)

    @torch.inference_mode()
    def answer(self, image: Tensor, prompt: Tensor, scenario: Scenario) -> tuple[Tensor, Tensor]:
        """Confidences (8,) and waypoints (8, 2) [m], float64, of an image (1, H, W, 3) and a prompt (P,)."""
        prefilled = EngineAnswer(self._engine, self._engine.prefill(prompt, self._model.see(image)[0]))
        answer = decode(prefilled, self._layout, self._settings, Deadline.unlimited(), scenario=scenario)
        return waypoint_confidence(answer.first_pass, answer.waypoints[0]), answer.waypoints[0]
