"""An observation for engines, its reference, and both decoded."""

from __future__ import annotations

import torch

from test.models.parts import TOKENIZER, make_prompt, make_visual
from wam_ros.core.timing import Deadline
from wam_ros.decoding import AnswerLayout, DecodedAnswer, DecodeSettings, Denoiser, decode
from wam_ros.engines import Engine, EngineAnswer
from wam_ros.models import WamDiff
from wam_ros.models.answer import UncachedAnswer

LAYOUT = AnswerLayout(
    TOKENIZER.mask_id, TOKENIZER.comma_id, TOKENIZER.end_id, TOKENIZER.number_base, TOKENIZER.vocabulary_size
)


def prefilled(engine: Engine, model: WamDiff, seed: int = 1) -> EngineAnswer:
    return EngineAnswer(engine, engine.prefill(make_prompt(model.config), make_visual(model.config, seed=seed)))


def reference(model: WamDiff, *, guided: bool = False) -> UncachedAnswer:
    """The mode's own: in `full` with the prompt frozen at the first pass."""
    frozen = model.config.attention == "full"
    return model.uncached(make_prompt(model.config), make_visual(model.config), guided=guided, frozen=frozen)


def decoded(denoiser: Denoiser, settings: DecodeSettings) -> DecodedAnswer:
    with torch.inference_mode():
        return decode(denoiser, LAYOUT, settings, Deadline.unlimited())
