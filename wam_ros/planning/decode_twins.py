"""One observation decoded in several ways, to compare: with the prompt kept, and with everything read anew."""

from __future__ import annotations

import torch
from torch import Tensor

from wam_ros.core.timing import Deadline
from wam_ros.decoding import AnswerLayout, DecodedAnswer, DecodeSettings, Denoiser, Scenario, decode
from wam_ros.engines import Engine, EngineAnswer
from wam_ros.models import WamDiff


class DecodeTwins:
    """One observation decoded with the prompt's keys and values kept, and with everything read anew at each step.

    Attributes:
        attention: Mode of the network: in `prefix` the reference and full recomputation are one and the same.
        positions: Rows of prompt and answer together.
        visual_tokens: Rows of the prompt that are the image's.

    """

    def __init__(
        self,
        model: WamDiff,
        engine: Engine,
        prompt: Tensor,
        visual: Tensor,
        layout: AnswerLayout,
        settings: DecodeSettings,
        scenario: Scenario,
    ) -> None:
        self._model, self._engine, self._prompt, self._visual = model, engine, prompt, visual
        self._layout, self._settings, self._scenario = layout, settings, scenario
        masked = layout.masked(settings.candidates, settings.scaffold, model.device)
        self._hidden = self._prefilled().hidden(masked).clone()  # the next step's would take its place
        self.attention = model.config.attention
        self.positions = len(prompt) + model.config.answer_length
        self.visual_tokens = len(visual)

    def decode_cached(self) -> DecodedAnswer:
        """Prefill once, then steps over the answer's rows only."""
        return self._decode(self._prefilled())

    def decode_reference(self) -> DecodedAnswer:
        """Prompt and answer anew at each step; in mode `full` the prompt beside an answer of masks, as it is cached."""
        return self._decode_anew(frozen=self.attention == "full")

    def decode_uncached(self) -> DecodedAnswer:
        """Prompt and answer together at each step: what mode `full` only comes near to."""
        return self._decode_anew(frozen=False)

    def read_head(self) -> Tensor:
        """The head alone, for the 16 numbers of the first pass."""
        return self._model.number_logits(self._hidden[:1, ::2])

    def agreement(self) -> float:
        """Share of equal tokens, cached against full recomputation."""
        return share_equal(self.decode_cached(), self.decode_uncached())

    def _prefilled(self) -> EngineAnswer:
        return EngineAnswer(self._engine, self._engine.prefill(self._prompt, self._visual))

    def _decode_anew(self, *, frozen: bool) -> DecodedAnswer:
        guided = self._settings.guidance > 0.0
        return self._decode(self._model.uncached(self._prompt, self._visual, guided=guided, frozen=frozen))

    def _decode(self, denoiser: Denoiser) -> DecodedAnswer:
        return decode(
            denoiser,
            self._layout,
            self._settings,
            Deadline.unlimited(),
            scenario=self._scenario,
            device=self._model.device,
        )


def share_equal(one: DecodedAnswer, other: DecodedAnswer) -> float:
    """Share of equal tokens."""
    return float(torch.eq(one.tokens, other.tokens).float().mean())
