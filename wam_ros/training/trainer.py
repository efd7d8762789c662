"""The loop of every stage: step, log, checkpoint, go on. It knows neither networks nor losses, only their sum."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wam_ros.core.errors import ConfigError
from wam_ros.models.compute_dtype import compute_dtype_of
from wam_ros.training.batch_stream import BatchStream
from wam_ros.training.replicas import ALONE, Replicas
from wam_ros.training.train_checkpoint import Progress, load_state, save_state
from wam_ros.training.training_config import TrainingConfig
from wam_ros.training.training_log import TrainingLog

SAVE_EVERY_S = 600.0
LOG_EVERY = 20  # steps
_BETAS = (0.9, 0.98)


@dataclass(frozen=True)
class StepReport:
    """What is told after some steps: share done in [0, 1], means since the last report, time of an image [ms]."""

    step: int
    done: float
    losses: Mapping[str, float]
    ms_per_image: float


class Trainer:
    """Trains a module of losses: `forward(batch, generator)` gives a mapping with `loss`.

    Args:
        module: Its parameters that ask for gradients are trained; `compute_parts` names what runs in the short type.
        stream: Where batches come from.
        config: The settings.
        folder: State and curves go there; what an earlier run left there is gone on from.
        device: Where it trains.
        replicas: Of several processes each computes the gradient of its share of the batch; all step by the mean.

    Raises:
        ConfigError: The folder holds a training of other settings.

    """

    def __init__(
        self,
        module: nn.Module,
        stream: BatchStream,
        config: TrainingConfig,
        folder: Path,
        device: torch.device,
        replicas: Replicas = ALONE,
    ) -> None:
        self.module = module.to(device).train()
        self._stream = stream
        self._config = config
        self._folder = folder
        self._device = device
        self._replicas = replicas
        self.optimiser = _optimiser(module, config)
        progress = load_state(folder, module, self.optimiser, config)
        self.progress = Progress() if progress is None else progress
        self.resumed = progress is not None
        folder.mkdir(parents=True, exist_ok=True)
        self._log = TrainingLog(folder / "curves.csv", self.progress.step) if replicas.first else None
        parts: tuple[str, ...] = tuple(f"{part}." for part in getattr(module, "compute_parts", ()))
        short = compute_dtype_of(config.compute_dtype, device)
        self._types = {
            name: short if name.startswith(parts) else torch.float32 for name, _ in module.named_parameters()
        }

    def done(self) -> float:
        """Share of the training that is behind, by steps or by time, in [0, 1]."""
        config = self._config
        share = self.progress.step / config.steps if config.steps else self.progress.seconds / (60.0 * config.minutes)
        return min(share, 1.0)

    def run(self, told: Callable[[StepReport], None], due: Callable[[int], None], due_every: int = 0) -> None:
        """Train to the end; `due` is called every `due_every` steps (0 = never). Saves every ten minutes, and last.

        Raises:
            ConfigError: The loss or its gradient is not finite.

        """
        batches: Iterator[Any] = self._stream.starting_at(self.progress.step)
        saved = time.monotonic()
        sums: dict[str, float] = {}
        counted, since = 0, self.progress.seconds
        try:
            while self.done() < 1.0:
                begun = time.monotonic()
                losses = self.step(next(batches))
                seconds = self._replicas.agreed(self.progress.seconds + time.monotonic() - begun)
                self.progress = Progress(self.progress.step + 1, seconds)
                counted += 1
                sums = {name: sums.get(name, 0.0) + float(value) for name, value in losses.items()}
                if counted == LOG_EVERY or self.done() >= 1.0:
                    spent = self.progress.seconds - since
                    report = self._report({name: total / counted for name, total in sums.items()}, spent / counted)
                    told(report)
                    sums, counted, since = {}, 0, self.progress.seconds
                if due_every and self.progress.step % due_every == 0:
                    due(self.progress.step)
                if time.monotonic() - saved >= SAVE_EVERY_S:
                    self.save()
                    saved = time.monotonic()
        finally:
            batches.close()  # type: ignore[attr-defined]
        self.save()

    def step(self, batch: Any) -> dict[str, float]:
        """One step; gives losses and the gradient's norm before clipping.

        Raises:
            ConfigError: Something is not finite, or another process has ended.

        """
        config, step = self._config, self.progress.step
        rate = config.learning_rate * learning_rate_share(config, step, self.done())
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        seed = (config.seed << 32) + (self._replicas.rank << 24) + step
        torch.manual_seed(seed)  # dropout of experts
        generator = torch.Generator().manual_seed(seed)
        losses: dict[str, Tensor] = torch.func.functional_call(
            self.module, self.weights(), (batch.to(self._device), generator)
        )
        self.optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()  # type: ignore[no-untyped-call]
        gradients = [value.grad for value in self.module.parameters() if value.grad is not None]
        self._replicas.mean([*gradients, *losses.values()])
        norm = nn.utils.clip_grad_norm_([p for p in self.module.parameters() if p.requires_grad], config.clip)
        told = {name: float(value.detach()) for name, value in losses.items()} | {"gradient": float(norm), "rate": rate}
        if not (math.isfinite(told["loss"]) and math.isfinite(told["gradient"])):
            msg = f"step {step}: loss {told['loss']}, gradient {told['gradient']}: go on with a lower learning rate"
            raise ConfigError(msg)
        self.optimiser.step()
        return told

    def weights(self) -> dict[str, Tensor]:
        """All parameters, vision and layers in the short type; gradients go through to the originals."""
        return {name: value.to(self._types[name]) for name, value in self.module.named_parameters()}

    def save(self) -> None:
        """Write the state now; of several processes the first does."""
        if self._replicas.first:
            save_state(self._folder, self.module, self.optimiser, self.progress, self._config)

    def _report(self, means: dict[str, float], seconds: float) -> StepReport:
        ms = 1e3 * seconds / self._config.batch  # of the whole batch, by the clock
        if self._log is not None:
            self._log.add(self.progress.step, {**means, "ms_per_image": ms, "seconds": self.progress.seconds})
        return StepReport(self.progress.step, self.done(), means, ms)


def learning_rate_share(config: TrainingConfig, step: int, done: float) -> float:
    """Share of the highest rate at a step, with `done` in [0, 1] of the training behind: up in a line, then to zero."""
    falling = 1.0 - done if config.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
    return min(1.0, (step + 1) / max(config.warmup_steps, 1)) * falling


def _optimiser(module: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW; matrices decay, the rest does not; in the planner's stages the stem learns more slowly."""
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, value in module.named_parameters():
        if value.requires_grad:
            decay = config.weight_decay if value.ndim > 1 else 0.0
            share = config.stem_share if config.stage != "stem" and ".vision." in name else 1.0
            groups.setdefault((decay, share), []).append(value)
    listed = [{"params": params, "weight_decay": decay, "share": share} for (decay, share), params in groups.items()]
    return torch.optim.AdamW(listed, lr=config.learning_rate, betas=_BETAS)
