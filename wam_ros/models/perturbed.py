"""Weights with noise: planners that are worse on purpose, to see whether their confidence says so."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import torch
from torch import Tensor

from wam_ros.core.errors import ConfigError
from wam_ros.models.checkpoint import Checkpoint


def perturbed(checkpoint: Checkpoint, noise: float, seed: int = 0) -> Checkpoint:
    """A checkpoint with Gaussian noise on each of its matrices; the given one stays as it is.

    Each entry of a matrix W (tables and kernels, too) gets N(0, (noise rms(W))^2). Vectors, such as gains of norms and
    biases, stay. The maps of the confidence stay as well: they are part of what is put to the test. The hash and the
    provenance tell the noise.

    Args:
        checkpoint: The weights to start from.
        noise: Relative to the root mean square of each matrix.
        seed: Of the noise.

    Raises:
        ConfigError: Noise that is not above 0 or not finite.

    """
    if not (noise > 0.0 and math.isfinite(noise)):
        msg = f"weight noise {noise}, wanted more than 0"
        raise ConfigError(msg)
    model = copy.deepcopy(checkpoint.model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, weights in sorted(model.named_parameters(), key=lambda named: named[0]):
            if weights.dim() >= 2:
                weights.copy_(_with_noise(weights, noise, generator))
    return replace(
        checkpoint,
        model=model,
        provenance=f"{checkpoint.provenance}; perturbed: noise {noise:g} on each matrix, seed {seed}",
        weights_hash=f"{checkpoint.weights_hash}+noise-{noise!r}-{seed}",
    )


def _with_noise(weights: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    exact = weights.float()
    drawn = torch.randn(weights.shape, generator=generator).to(weights.device)  # the same on every device
    return exact + noise * exact.square().mean().sqrt() * drawn
