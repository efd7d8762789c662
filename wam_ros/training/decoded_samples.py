"""How near the planner's decoded waypoints come to the expert's, and how sure it was of each, before any map.

It decodes demonstrations as the planner does while driving: prompt, prefill, steps, one moment at a time; in one way
or in many, which then share the prefill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wam_ros.core.errors import ConfigError
from wam_ros.core.polyline import Polyline
from wam_ros.core.timing import Deadline
from wam_ros.decoding import DecodeSettings, Scenario, StepTimes, decode, waypoint_confidence
from wam_ros.decoding.confidence import RADII
from wam_ros.engines import EngineAnswer, EngineChoice, make_engine
from wam_ros.models import Checkpoint
from wam_ros.models.vocabulary import COMMANDS
from wam_ros.planning.wam_diff import answer_layout, curvature_ahead, published_waypoints
from wam_ros.training.auxiliary_heads import STANDING
from wam_ros.training.dataset import DemoDataset
from wam_ros.training.held_out import MOVED, MOVED_WAYPOINT
from wam_ros.training.stages import seen_camera
from wam_ros.training.training_batch import UNCHANGED, BatchMaker


@dataclass(frozen=True, eq=False)
class DecodeWay:
    """One way to decode.

    Fields:
        settings: The decoder's choices.
        deadline: Makes that of each plan; its listener is told of the plan's work.

    """

    settings: DecodeSettings
    deadline: Callable[[], Deadline] = Deadline.unlimited


@dataclass(frozen=True, eq=False)
class DecodedSamples:
    """N plans beside the truth.

    Fields:
        believed: (N, 8) float64 P(|waypoint - true position| <= r), before calibration.
        waypoints: (N, 8, 2) float64, as published, in base_link at t0 [m].
        errors: (N, 8) float64 |waypoint - the expert's| [m].
        rough: (N,) float64 mean second difference of the waypoints, the ego's place before them [m].
        steps: (N,) passes made.
        drives: (N,) number of the drive that each sample was taken from.
        standing: (N,) bool, whether the ego stands.
        due: (N,) bool, whether the expert moves off from standing.

    """

    believed: Tensor
    waypoints: Tensor
    errors: Tensor
    rough: Tensor
    steps: Tensor
    drives: NDArray[np.int64]
    standing: Tensor
    due: Tensor

    @property
    def happened(self) -> Tensor:
        """(N, 8) bool: whether the waypoint was within its radius."""
        return self.errors <= torch.tensor(RADII, dtype=self.errors.dtype)

    @property
    def moves(self) -> Tensor:
        """(N,) bool: whether the plan is more than 1 m away after 3 s, as `held_out` and the labels count it."""
        moved: Tensor = torch.linalg.vector_norm(self.waypoints[:, MOVED_WAYPOINT], dim=-1) > MOVED
        return moved


def decoded_samples(
    checkpoint: Checkpoint,
    dataset: DemoDataset,
    ways: Sequence[DecodeWay],
    most: int,
    told: Callable[[int, int], None] | None = None,
) -> list[DecodedSamples]:
    """Decode samples of some towns in each way: all of them, or `most`, evenly spaced over all drives.

    Args:
        checkpoint: The planner's.
        dataset: Of towns that were not trained on.
        ways: To decode each sample in.
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
    decoder = _Decoder(checkpoint, ways)
    chosen = np.linspace(0, len(dataset) - 1, min(most, len(dataset))).round().astype(np.int64)
    plans: list[list[_DecodedPlan]] = [[] for _ in ways]
    truth: list[_Truth] = []
    for done, index in enumerate(chosen, start=1):
        batch = maker.make(np.array([index]))
        command = COMMANDS[int(dataset.columns["command"][index])]
        scenario = Scenario(float(batch.speed[0]), route_curvature(dataset.columns["route"][index]), command)
        for found, plan in zip(plans, decoder.plans(batch.images, batch.prompts[0], scenario), strict=True):
            found.append(plan)
        truth.append(_Truth(batch.plan[0, :, :2].double(), batch.speed[0] < STANDING, batch.start_due[0]))
        if told is not None:
            told(done, len(chosen))
    drives = dataset.columns["drive"][chosen].astype(np.int64)
    return [_beside(truth, found, drives) for found in plans]


class _Truth(NamedTuple):
    waypoints: Tensor  # (8, 2) [m]
    standing: Tensor  # () bool
    due: Tensor  # () bool


class _DecodedPlan(NamedTuple):
    believed: Tensor  # (8,)
    waypoints: Tensor  # (8, 2) [m]
    steps: int


def _beside(truth: list[_Truth], plans: list[_DecodedPlan], drives: NDArray[np.int64]) -> DecodedSamples:
    waypoints = torch.stack([plan.waypoints for plan in plans]).double()  # (N, 8, 2)
    path = torch.cat([torch.zeros_like(waypoints[:, :1]), waypoints], dim=1)
    return DecodedSamples(
        torch.stack([plan.believed for plan in plans]),
        waypoints,
        torch.linalg.vector_norm(waypoints - torch.stack([one.waypoints for one in truth]), dim=-1),
        torch.linalg.vector_norm(path.diff(n=2, dim=1), dim=-1).mean(-1),
        torch.tensor([plan.steps for plan in plans]),
        drives,
        torch.stack([one.standing for one in truth]),
        torch.stack([one.due for one in truth]),
    )


def route_curvature(route: NDArray[np.float32]) -> float | None:
    """`curvature_ahead` of route points (R, 2) in base_link, NaN behind the route's end; None without a route."""
    points = np.asarray(route, dtype=np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) < 2:
        return None
    return curvature_ahead(Polyline(points), 0.0)


class _Decoder:
    """The checkpoint as `planning.wam_diff` runs it, from an image and a prompt."""

    def __init__(self, checkpoint: Checkpoint, ways: Sequence[DecodeWay]) -> None:
        self._layout = answer_layout(checkpoint.tokenizer)
        self._model, self._ways = checkpoint.model, ways
        guided = {way.settings.guidance > 0.0 for way in ways}
        self._engines = {one: make_engine(EngineChoice(), checkpoint.model, guided=one) for one in guided}
        self._step_times = [StepTimes() for _ in ways]

    @torch.inference_mode()
    def plans(self, image: Tensor, prompt: Tensor, scenario: Scenario) -> Iterator[_DecodedPlan]:
        """One for each way, of an image (1, H, W, 3) and a prompt (P,)."""
        visual = self._model.see(image)[0]
        in_image = prompt < 0
        prompt = torch.cat([prompt[in_image][: len(visual)], prompt[~in_image]])  # fewer where the network is thinned
        prefixes = {guided: engine.prefill(prompt, visual) for guided, engine in self._engines.items()}
        for index, way in enumerate(self._ways):
            guided, deadline = way.settings.guidance > 0.0, way.deadline()
            prefilled = EngineAnswer(self._engines[guided], prefixes[guided])
            deadline.worked("encode", 0)
            answer = decode(prefilled, self._layout, way.settings, deadline, self._step_times[index], scenario)
            self._step_times[index] = answer.step_times
            waypoints = published_waypoints(answer, scenario.speed)[0]
            yield _DecodedPlan(waypoint_confidence(answer.first_pass, waypoints), waypoints, answer.steps_done)
