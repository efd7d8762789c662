"""Answer passes over a prompt: one that keeps its keys and values, and the uncached twin. They commit nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wam_ros.models.config import WamDiffConfig

if TYPE_CHECKING:
    from wam_ros.models.model import LayerCache, WamDiff


class PromptCache:
    """Keys and values of one prompt per context, in memory that stays where it is from one observation to the next.

    Fields:
        layers: Per layer, keys and values, each (C, H, P, D).
        contexts: C: 1, or 2 with classifier-free guidance (conditional first).
        prompt_length: P.

    """

    def __init__(
        self, config: WamDiffConfig, prompt_length: int, contexts: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (2, contexts, config.heads, prompt_length, config.head_width)
        memory = [torch.empty(shape, dtype=dtype, device=device) for _ in range(config.layers)]
        self.layers: list[LayerCache] = [(pair[0], pair[1]) for pair in memory]
        self.contexts = contexts
        self.prompt_length = prompt_length

    def fill(self, context: int, caches: list[LayerCache]) -> None:
        """Copy keys and values (1, H, P, D) of each layer into one context."""
        for (keys, values), (k, v) in zip(self.layers, caches):
            keys[context].copy_(k[0])
            values[context].copy_(v[0])


class _AnswerHeads:
    """What both ways of reading answers have in common: hidden rows to logits."""

    def __init__(self, model: WamDiff) -> None:
        self._model = model

    @torch.no_grad()
    def number_logits(self, hidden: Tensor) -> Tensor:
        """(..., 20001) float32 of hidden rows (..., d)."""
        return self._model.number_logits(hidden)

    @torch.no_grad()
    def logits(self, hidden: Tensor) -> Tensor:
        """(..., vocabulary) float32 of hidden rows (..., d)."""
        return self._model.logits(hidden)


class PrefilledAnswer(_AnswerHeads):
    """An observation whose prompt has been read; each pass reads answer rows only."""

    def __init__(self, model: WamDiff, cache: PromptCache) -> None:
        super().__init__(model)
        self._cache = cache

    @property
    def contexts(self) -> int:
        """1, or 2 with classifier-free guidance."""
        return self._cache.contexts

    @torch.no_grad()
    def hidden(self, tokens: Tensor) -> Tensor:
        """(C K, L, d) of answer ids (K, L), the rows of the conditional context first."""
        rows = self._model.embed_answer(tokens, self._cache.prompt_length)
        rows = rows.expand(self._cache.contexts, *rows.shape)  # (C, K, L, d)
        return self._model.read_answers(rows, self._cache.layers).flatten(0, 1)


class UncachedAnswer(_AnswerHeads):
    """The same observation, read anew with its prompt at each pass."""

    def __init__(self, model: WamDiff, prompt: Tensor, visual: Tensor, *, guided: bool, frozen: bool) -> None:
        super().__init__(model)
        masked = torch.full_like(prompt, model.config.mask_id)
        self._prompts = torch.stack([prompt, masked] if guided else [prompt])  # (C, P)
        self._visual = visual.expand(len(self._prompts), *visual.shape)
        self._together = model.config.attention == "full" and not frozen

    @property
    def contexts(self) -> int:
        """1, or 2 with classifier-free guidance."""
        return len(self._prompts)

    @torch.no_grad()
    def hidden(self, tokens: Tensor) -> Tensor:
        """(C K, L, d) of answer ids (K, L), the rows of the conditional context first."""
        answers = tokens.expand(self.contexts, *tokens.shape)  # (C, K, L)
        if self._together:
            return self._model(self._prompts, self._visual, answers).flatten(0, 1)  # type: ignore[no-any-return]
        prompt_rows = self._model.embed_prompt(self._prompts, self._visual)
        answer_rows = self._model.embed_answer(answers, self._prompts.shape[1])
        return self._model.read_answers(answer_rows, self._model.read_prompt(prompt_rows)).flatten(0, 1)
