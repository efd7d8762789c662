"""The backend `eager`: torch as it is, with memory taken once per prompt shape."""

from __future__ import annotations

import torch
from torch import Tensor

from wam_ros.engines.engine import PrefixCache
from wam_ros.engines.network import Layer, Network
from wam_ros.engines.programs import PrefillProgram, StepProgram


class EagerEngine:
    """The network's own arithmetic, so that a cached step equals an uncached one in shorter types too.

    Args:
        network: In evaluation mode.
        guided: With the unconditional context of classifier-free guidance.

    """

    backend = "eager"

    def __init__(self, network: Network, *, guided: bool = False) -> None:
        self._network = network
        self._prefill_program, self._step_program = PrefillProgram(network), StepProgram(network)
        self._contexts = 2 if guided else 1
        self._caches: dict[tuple[int, int], PrefixCache] = {}

    @property
    def network(self) -> Network:
        """What is run."""
        return self._network

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """Nothing: this is what others fall back to."""
        return ()

    @torch.inference_mode()
    def prepare(self, prompt_length: int, visual_tokens: int) -> None:
        """Take the cache's memory, and read the unconditional prompt, which depends on nothing but its length."""
        self._cache(prompt_length, visual_tokens)

    @torch.inference_mode()
    def prefill(self, prompt: Tensor, visual: Tensor) -> PrefixCache:
        """See `Engine`.

        Raises:
            InputError: The prompt does not fit image or network.

        """
        self._network.check_prompt(prompt, len(visual))
        cache = self._cache(len(prompt), len(visual))
        self._fill(cache, 0, self._read(prompt[None], visual[None]))
        return cache

    @torch.inference_mode()
    def hidden(self, cache: PrefixCache, tokens: Tensor) -> Tensor:
        """See `Engine`."""
        return self._answer(cache, tokens)

    @torch.inference_mode()
    def step(self, cache: PrefixCache, tokens: Tensor, rows: Tensor) -> Tensor:
        """See `Engine`."""
        hidden = self.hidden(cache, tokens)
        where = rows.repeat(cache.contexts, 1)[..., None].expand(-1, -1, hidden.shape[-1])
        return self._network.number_logits(hidden.gather(1, where))

    def _read(self, prompt: Tensor, visual: Tensor) -> tuple[Layer, ...]:
        found: tuple[Layer, ...] = self._prefill_program(prompt, visual)
        return found

    def _answer(self, cache: PrefixCache, tokens: Tensor) -> Tensor:
        hidden: Tensor = self._step_program(tokens, cache.layers)
        return hidden

    def _cache(self, prompt_length: int, visual_tokens: int) -> PrefixCache:
        shape = prompt_length, visual_tokens
        if shape not in self._caches:
            self._caches[shape] = self._new_cache(*shape)
        return self._caches[shape]

    def _new_cache(self, prompt_length: int, visual_tokens: int) -> PrefixCache:
        network, config = self._network, self._network.config
        size = (2, self._contexts, config.heads, prompt_length, config.head_width)
        memory = [torch.zeros(size, dtype=network.compute_dtype, device=network.device) for _ in range(config.layers)]
        cache = PrefixCache(tuple((pair[0], pair[1]) for pair in memory), prompt_length, visual_tokens, self._contexts)
        if self._contexts == 2:
            masks = torch.full((1, prompt_length), config.mask_id, device=network.device)
            nothing = torch.zeros(1, 1, config.width, dtype=network.compute_dtype, device=network.device)
            self._fill(cache, 1, self._prefill_program(masks, nothing))
        return cache

    @staticmethod
    def _fill(cache: PrefixCache, context: int, layers: tuple[Layer, ...]) -> None:
        for (keys, values), (k, v) in zip(cache.layers, layers):
            keys[context].copy_(k[0])
            values[context].copy_(v[0])
