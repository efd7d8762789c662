"""One observation decoded in two ways, to compare: with the prompt kept, and with everything read anew."""

from __future__ import annotations

from torch import Tensor

from wam_ros.core.timing import Deadline
from wam_ros.decoding import AnswerLayout, DecodedAnswer, DecodeSettings, Denoiser, Scenario, decode
from wam_ros.models import WamDiff


class DecodeTwins:
    """One observation decoded with the prompt's keys and values kept, and with everything read anew at each step.

    Attributes:
        attention: Mode of the network: in `prefix` both are the same computation, in `full` the second is more.
        positions: Rows of prompt and answer together.

    """

    def __init__(
        self,
        model: WamDiff,
        prompt: Tensor,
        visual: Tensor,
        layout: AnswerLayout,
        settings: DecodeSettings,
        scenario: Scenario,
    ) -> None:
        self._model, self._prompt, self._visual = model, prompt, visual
        self._layout, self._settings, self._scenario = layout, settings, scenario
        self._guided = settings.guidance > 0.0
        self._cache = model.new_cache(len(prompt), guided=self._guided)
        self._hidden = model.prefill(prompt, visual, self._cache).hidden(layout.masked(1, settings.scaffold))
        self.attention = model.config.attention
        self.positions = len(prompt) + model.config.answer_length

    def decode_cached(self) -> DecodedAnswer:
        """Prefill once, then steps over the answer's rows only."""
        return self._decode(self._model.prefill(self._prompt, self._visual, self._cache))

    def decode_uncached(self) -> DecodedAnswer:
        """Prompt and answer together at each step."""
        return self._decode(self._model.uncached(self._prompt, self._visual, guided=self._guided))

    def read_head(self) -> Tensor:
        """The head alone, for the 16 numbers of the first pass."""
        return self._model.number_logits(self._hidden[:1, ::2])

    def agreement(self) -> float:
        """Share of equal tokens, cached against full recomputation."""
        same = self.decode_cached().tokens == self.decode_uncached().tokens
        return float(same.float().mean())

    def _decode(self, denoiser: Denoiser) -> DecodedAnswer:
        return decode(denoiser, self._layout, self._settings, Deadline.unlimited(), scenario=self._scenario)
