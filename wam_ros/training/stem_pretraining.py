"""The first stage: the stem learns by regression of the plan and by the auxiliary labels. The result is the baseline.

A few minutes of it cost a tenth of the planner's step per image, and give the planner eyes to begin with.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.models.config import StemConfig
from wam_ros.models.regression_cnn import RegressionCnn
from wam_ros.training.auxiliary_heads import SEMANTIC_STAGE, AuxiliaryHeads
from wam_ros.training.masked_loss import heading_loss
from wam_ros.training.training_batch import TrainingBatch

MOVING = 0.5  # m/s; slower than this no heading is learned


class StemLosses(nn.Module):
    """Losses of one batch."""

    compute_parts = ("network.vision",)

    def __init__(self, network: RegressionCnn, auxiliary_weight: float) -> None:
        super().__init__()
        assert isinstance(network.config.vision, StemConfig)
        self.network = network
        self.heads = AuxiliaryHeads(network.config.vision, network.config.width)
        self._auxiliary_weight = auxiliary_weight

    def forward(self, batch: TrainingBatch, _: torch.Generator) -> dict[str, Tensor]:
        """`loss` and what it is made of."""
        maps = self.network.vision.features(batch.images)
        tokens = self.network.vision.project(maps[-1].flatten(1, 2))
        plan = self.network.from_tokens(tokens, batch.situations)
        told = self.heads.losses(self.heads(maps[SEMANTIC_STAGE], tokens), batch)
        distance = functional.smooth_l1_loss(plan[..., :2], batch.plan[..., :2], beta=0.2)
        heading = heading_loss(plan[..., 2], batch.plan[..., 2], moving(batch.plan))
        loss = distance + heading + self._auxiliary_weight * torch.stack(list(told.values())).sum()
        return {"loss": loss, "plan": distance, "heading": heading, **told}


def moving(plan: Tensor) -> Tensor:
    """Which moves of plans (B, 8, 3) are fast enough to have a heading, as bool (B, 8)."""
    chords = torch.diff(plan[..., :2], dim=1, prepend=torch.zeros_like(plan[:, :1, :2]))
    fast: Tensor = torch.linalg.vector_norm(chords, dim=-1) > 0.5 * MOVING
    return fast
