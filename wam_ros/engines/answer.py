"""A prompt that an engine has read, as the decoder's denoiser."""

from __future__ import annotations

import torch
from torch import Tensor

from wam_ros.engines.engine import Engine, PrefixCache


class EngineAnswer:
    """One observation, for `decoding.decode`; holds until the engine's next prefill."""

    def __init__(self, engine: Engine, cache: PrefixCache) -> None:
        self._engine, self._cache = engine, cache

    @property
    def contexts(self) -> int:
        """1, or 2 with classifier-free guidance."""
        return self._cache.contexts

    def hidden(self, tokens: Tensor) -> Tensor:
        """(C K, L, d) of answer ids (K, L)."""
        return self._engine.hidden(self._cache, tokens)

    @torch.no_grad()
    def number_logits(self, hidden: Tensor) -> Tensor:
        """(..., BINS) float32 of the hidden rows that are needed."""
        return self._engine.network.number_logits(hidden)

    @torch.no_grad()
    def logits(self, hidden: Tensor) -> Tensor:
        """(..., vocabulary) float32 of the hidden rows that are needed."""
        return self._engine.network.logits(hidden)
