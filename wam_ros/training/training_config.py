"""What a training is told: a frozen description, kept beside its results and compared when it goes on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from wam_ros.core.errors import ConfigError
from wam_ros.models.compute_dtype import NAMES
from wam_ros.training.masked_loss import check_stride
from wam_ros.training.questions import QUESTIONS

STAGES = ("stem", "planner", "questions", "experts", "joint")
EXPERT_STAGES = ("experts", "joint")
_QUESTION_SETTINGS = ("questions", "question_weight")


@dataclass(frozen=True)
class TrainingConfig:
    """One stage of a training.

    Fields:
        stage: `stem` trains the regression baseline with the auxiliary labels, `planner` the masked-diffusion planner
            without experts, `questions` the same with driving questions mixed in, `experts` adds experts and trains
            nothing else, `joint` all of it. The paper's adaptation (driving alone after the questions, at a low rate)
            is `planner`, or `joint`, once more: started from what there is, with a lower learning rate.
        preset: Of the network.
        batch, copies: Images of a step, masked copies of each answer.
        visual_share: Of the visual tokens that the backbone reads in a step, drawn anew for each; half of them cost
            about two thirds. The auxiliary heads see all.
        learning_rate, stem_share: Of AdamW; the stem's is that share of it in the planner's stages.
        weight_decay, warmup_steps, clip: Of the optimiser [-, steps, norm of the gradient].
        schedule: How the rate falls to zero: `linear` or `cosine`.
        steps, minutes: When it ends, by whichever is set (the other 0); the rate falls accordingly.
        sigma: Of the soft targets [m].
        stride: The normaliser sums over every stride-th number.
        auxiliary_weight, heading_weight: Of those losses beside the cross-entropy.
        questions, question_weight: Questions to an image, and the weight of their loss; in that stage only.
        drop_context, drop_motion: See BatchChanges.
        compute_dtype: Of vision and layers: "bfloat16", "float32", or "auto", as suits the device.
        seed: Of weights, data and masks.

    """

    stage: str = "planner"
    preset: str = "small"
    batch: int = 16
    copies: int = 4
    visual_share: float = 1.0
    learning_rate: float = 1e-3
    stem_share: float = 0.4
    weight_decay: float = 0.02
    warmup_steps: int = 100
    clip: float = 1.0
    schedule: str = "linear"
    steps: int = 0
    minutes: float = 0.0
    sigma: float = 0.10
    stride: int = 5
    auxiliary_weight: float = 0.1
    heading_weight: float = 1.0
    questions: int = 2
    question_weight: float = 0.3
    drop_context: float = 0.1
    drop_motion: float = 0.25
    compute_dtype: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.stage not in STAGES:
            msg = f"stage {self.stage!r}, wanted one of {', '.join(STAGES)}"
            raise ConfigError(msg)
        if (self.steps > 0) == (self.minutes > 0.0):
            msg = f"training of {self.steps} steps and {self.minutes:g} minutes: set one of them"
            raise ConfigError(msg)
        if self.schedule not in {"linear", "cosine"} or self.compute_dtype not in NAMES:
            msg = (
                f"schedule {self.schedule!r}, type {self.compute_dtype!r}: wanted linear or cosine, and auto, bfloat16 "
                "or float32"
            )
            raise ConfigError(msg)
        if min(self.batch, self.copies) < 1 or self.learning_rate <= 0.0:
            msg = f"batch {self.batch}, copies {self.copies}, learning rate {self.learning_rate}: wanted positive"
            raise ConfigError(msg)
        if not 0.0 < self.visual_share <= 1.0 or (self.visual_share < 1.0 and self.stage in EXPERT_STAGES):
            msg = f"visual_share {self.visual_share}, wanted in (0, 1], and 1 where experts choose among all rows"
            raise ConfigError(msg)
        if not 1 <= self.questions <= len(QUESTIONS):
            msg = f"{self.questions} questions to an image, wanted 1 to {len(QUESTIONS)}"
            raise ConfigError(msg)
        check_stride(self.sigma, self.stride)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = dataclasses.asdict(self)
        if self.stage == "questions":
            return values
        # States from before that stage do not have them, and go on.
        return {name: value for name, value in values.items() if name not in _QUESTION_SETTINGS}
