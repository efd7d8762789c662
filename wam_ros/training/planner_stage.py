"""The planner's losses: Eq. 2 over masked copies, headings, the auxiliary labels at a small weight, and questions.

A reward stage (GSPO) would be another module of this shape: it too reads `AnswerRows` of wholly masked copies, and
takes log-probabilities of sampled numbers from `masked_loss.number_nats` with sigma 0 and stride 1; the trainer, the
batches and the checkpoints stay as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wam_ros.decoding.layout import ANSWER_LENGTH, NUMBERS
from wam_ros.models.config import StemConfig
from wam_ros.models.model import WamDiff
from wam_ros.models.numbers import NumberBasis
from wam_ros.models.stem import Stem
from wam_ros.models.tokenizer import HybridTokenizer
from wam_ros.training.auxiliary_heads import SEMANTIC_STAGE, AuxiliaryHeads
from wam_ros.training.copies import draw_copies
from wam_ros.training.masked_loss import heading_loss, number_nats, word_nats
from wam_ros.training.packed_forward import AnswerRows
from wam_ros.training.question_copies import QuestionWriter
from wam_ros.training.stem_pretraining import moving
from wam_ros.training.training_batch import TrainingBatch
from wam_ros.training.training_config import TrainingConfig


class PlannerLosses(nn.Module):
    """Losses of one batch.

    Fields:
        questions: Writes the questions of the stage that asks some; else None.

    """

    compute_parts = ("rows.model.vision", "rows.model.blocks", "rows.model.norm")

    def __init__(self, model: WamDiff, config: TrainingConfig) -> None:
        super().__init__()
        assert isinstance(model.config.vision, StemConfig)
        assert isinstance(model.vocabulary.numbers, NumberBasis)
        self.rows = AnswerRows(model)
        self.heads = AuxiliaryHeads(model.config.vision, model.config.width)
        self._config = config
        self._tokenizer = HybridTokenizer()
        self.questions = QuestionWriter(self._tokenizer) if config.stage == "questions" else None

    def forward(self, batch: TrainingBatch, generator: torch.Generator) -> dict[str, Tensor]:
        """`loss` and what it is made of; the generator (of the CPU) draws masks, normaliser and noise."""
        config, model = self._config, self.rows.model
        device = batch.images.device
        assert isinstance(model.vision, Stem)
        assert isinstance(model.vocabulary.numbers, NumberBasis)
        maps = model.vision.features(batch.images)
        visual = model.vision.project(maps[-1].flatten(1, 2))
        copies = draw_copies(len(batch), config.copies, NUMBERS, generator)
        hidden, weights = copies.hidden.to(device), copies.weights().to(device)
        truth = batch.plan[..., :2].flatten(1)  # (B, 16)
        answers = clean_answers(truth, self._tokenizer)[:, None].repeat(1, config.copies, 1)
        answers[..., 0::2] = answers[..., 0::2].masked_fill(hidden, self._tokenizer.mask_id)
        kept = kept_places(visual.shape[1], batch.prompts.shape[1], config.visual_share, generator)
        kept = None if kept is None else kept.to(device)
        rows, answered = self._read(batch, visual, answers, hidden, kept, generator)
        first = int(torch.randint(config.stride, (), generator=generator))
        values = truth[:, None].expand_as(hidden)[hidden]
        nats = number_nats(model.vocabulary.numbers, rows, values, config.sigma, config.stride, first)
        masked = (nats * weights).sum()
        noisy = batch.plan[..., :2] + config.sigma * torch.randn(batch.plan[..., :2].shape, generator=generator).to(
            device
        )
        heading = heading_loss(model.heading(noisy), batch.plan[..., 2], moving(batch.plan))
        told = self.heads.losses(self.heads(maps[SEMANTIC_STAGE], visual), batch)
        auxiliary = torch.stack(list(told.values())).sum()
        loss = masked + config.heading_weight * heading + config.auxiliary_weight * auxiliary
        if answered:
            loss = loss + config.question_weight * answered["questions"]
        return {"loss": loss, "masked": masked, "heading": heading, **answered, **told}

    def _read(
        self,
        batch: TrainingBatch,
        visual: Tensor,
        answers: Tensor,
        hidden: Tensor,
        kept: Tensor | None,
        generator: torch.Generator,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Rows (N, d) of the N hidden numbers; and the loss of the questions beside them, where some are asked."""
        if self.questions is None:
            return self.rows(batch.prompts, visual, answers, hidden, kept), {}
        written = self.questions.draw(batch.answers, batch.rationale, self._config.questions, generator)
        asked = torch.cat([hidden, written.asked], dim=1)
        rows = self.rows(batch.prompts, visual, torch.cat([answers, written.tokens], dim=1), asked, kept)
        rows, word_rows = parted(rows, asked, hidden.shape[1])
        nats = word_nats(self.rows.model.vocabulary.text_head, word_rows, written.words)
        return rows, {"questions": (nats * written.weights).sum()}


def parted(rows: Tensor, asked: Tensor, plans: int) -> tuple[Tensor, Tensor]:
    """Rows (N, d) of the N places `asked` (B, K, L / 2): those of the first copies, the plans, and the others."""
    of_plan = torch.arange(asked.shape[1], device=asked.device) < plans
    chosen = of_plan[:, None].expand_as(asked)[asked]
    return rows[chosen], rows[~chosen]


def kept_places(visual: int, length: int, share: float, generator: torch.Generator) -> Tensor | None:
    """Places of a compact prompt, which begins with its visual tokens: a share of these, and all else; None = all."""
    if share >= 1.0:
        return None
    seen = torch.randperm(visual, generator=generator)[: max(round(share * visual), 1)].sort().values
    return torch.cat([seen, torch.arange(visual, length)])


def clean_answers(numbers: Tensor, tokenizer: HybridTokenizer) -> Tensor:
    """Answers (B, 32) ids of numbers (B, 16) [m], with commas and end in their places."""
    answers = torch.full((len(numbers), ANSWER_LENGTH), tokenizer.comma_id, device=numbers.device)
    answers[:, -1] = tokenizer.end_id
    answers[:, 0::2] = tokenizer.number_ids(numbers).ids
    return answers
