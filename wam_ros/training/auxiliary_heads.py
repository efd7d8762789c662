"""What the stem is made to see: semantics, the light, the lead, the moment to move off, the expert's reason.

The heads read the stem only, so that what they ask for must be in the visual tokens; they are not part of the planner.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.models.config import StemConfig
from wam_ros.models.regression_cnn import CellPool
from wam_ros.training.demo_sample import LIGHTS, SEMANTICS
from wam_ros.training.questions import RATIONALE_NAMES
from wam_ros.training.training_batch import TrainingBatch

SEMANTIC_STAGE = 3  # of the stem: cells of 16 px
STANDING = 0.3  # m/s
_HIDDEN = 128
_FAR = 30.0  # m; the scale of distances
_FAST = 10.0  # m/s

# Semantic classes are weighted against how rare they are; vehicles, people and lamps are a few cells of 920.
_CLASS_WEIGHTS = (0.3, 0.3, 1.0, 0.5, 2.0, 4.0, 4.0, 4.0)

_OUTPUTS = {
    "light": len(LIGHTS),
    "light_distance": 1,
    "lead": 1,
    "lead_distance": 1,
    "lead_speed": 1,
    "start": 1,
    "rationale": len(RATIONALE_NAMES),
}


class AuxiliaryHeads(nn.Module):
    """Losses of what the stem's maps and tokens tell."""

    class_weights: Tensor

    def __init__(self, stem: StemConfig, width: int) -> None:
        super().__init__()
        rows, columns = stem.grid
        self.semantics = nn.Linear(stem.channels[SEMANTIC_STAGE], len(SEMANTICS))
        self.pool = CellPool(rows * columns, width)
        self.hidden = nn.Linear(self.pool.out_features, _HIDDEN)
        self.outputs = nn.ModuleDict({name: nn.Linear(_HIDDEN, count) for name, count in _OUTPUTS.items()})
        self.register_buffer("class_weights", torch.tensor(_CLASS_WEIGHTS), persistent=False)

    def forward(self, semantic_map: Tensor, tokens: Tensor) -> dict[str, Tensor]:
        """Raw outputs by name of the stem's map (B, h, w, C) of cells of 16 px and its tokens (B, V, d)."""
        hidden = functional.silu(self.hidden(self.pool(tokens)))
        told = {name: self.outputs[name](hidden).squeeze(-1) for name in _OUTPUTS}
        return {"semantics": self.semantics(semantic_map.float()), **told}

    def losses(self, told: dict[str, Tensor], batch: TrainingBatch) -> dict[str, Tensor]:
        """One loss per output, each of about one; what a sample does not have does not count."""
        logits = told["semantics"].permute(0, 3, 1, 2)
        cells = batch.semantics[:, None].float()
        if cells.shape[-2:] != logits.shape[-2:]:  # a smaller stem than the data's
            cells = functional.interpolate(cells, logits.shape[-2:], mode="nearest")
        has_lead = ~batch.lead_distance.isnan()
        standing = batch.speed < STANDING
        start = functional.binary_cross_entropy_with_logits(told["start"], batch.start_due.float(), reduction="none")
        return {
            "semantics": functional.cross_entropy(logits, cells[:, 0].long(), self.class_weights),
            "light": functional.cross_entropy(told["light"], batch.light),
            "light_distance": _distance(told["light_distance"], batch.light_distance / _FAR),
            "lead": functional.binary_cross_entropy_with_logits(told["lead"], has_lead.float()),
            "lead_distance": _distance(told["lead_distance"], batch.lead_distance / _FAR),
            "lead_speed": _distance(told["lead_speed"], batch.lead_speed / _FAST),
            "start": (start * standing).sum() / standing.sum().clamp(min=1),
            "rationale": functional.cross_entropy(told["rationale"], batch.rationale),
        }


def _distance(told: Tensor, true: Tensor) -> Tensor:
    known = ~true.isnan()
    error = functional.smooth_l1_loss(told, true.nan_to_num(0.0), reduction="none", beta=0.1)
    return (error * known).sum() / known.sum().clamp(min=1)
