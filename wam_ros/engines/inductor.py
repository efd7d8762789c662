"""The backend `inductor`: prefill and step compiled at fixed shapes, before the first deadline and never after."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException
from torch._inductor.exc import InductorError

from wam_ros.engines.eager import EagerEngine
from wam_ros.engines.engine import PrefixCache
from wam_ros.engines.network import Layer, Network

_RUNS = 2  # the first builds, the second shows that it need not build again
_COMPILERS = ("g++", "clang++", "c++")
_REASON_LENGTH = 300
_BUILD_ERRORS = (TorchDynamoException, InductorError, RuntimeError)


@dataclass(frozen=True, eq=False)
class _Programs:
    """Built for one shape; what goes in lies where it lay when they were built."""

    read: Callable[[Tensor, Tensor], list[Layer]]
    answer: Callable[[PrefixCache, Tensor], Tensor]
    prompt: Tensor  # (1, P)
    visual: Tensor  # (1, V, d)
    tokens: Tensor  # (K, L)


def why_no_compiler(device: torch.device) -> str:
    """What inductor lacks here, with the remedy; empty if nothing."""
    if device.type == "cuda":
        return ""  # Triton brings its own
    if any(shutil.which(name) for name in _COMPILERS):
        return ""
    return f"no C++ compiler ({', '.join(_COMPILERS)}) on PATH: install g++, or take the backend eager"


class InductorEngine(EagerEngine):
    """`torch.compile` of both programs for the shapes that were prepared; anything else runs eagerly and is told.

    Args:
        network: In evaluation mode.
        guided: With the unconditional context of classifier-free guidance.
        answers: K of the steps; another K runs eagerly.

    """

    def __init__(self, network: Network, *, guided: bool = False, answers: int = 1) -> None:
        super().__init__(network, guided=guided)
        self._answers = answers
        self._programs: dict[tuple[int, int], _Programs] = {}
        missing = why_no_compiler(network.device)
        self._usable = not missing
        self._fallbacks: dict[str, None] = {f"inductor runs as eager: {missing}": None} if missing else {}

    @property
    def backend(self) -> str:  # type: ignore[override]
        """`inductor`, or `eager` where it could not be had."""
        return "inductor" if self._usable else "eager"

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """See `Engine`; each reason once."""
        return tuple(self._fallbacks)

    @torch.inference_mode()
    def prepare(self, prompt_length: int, visual_tokens: int) -> None:
        """Build both programs for a shape, if there is a compiler; a failed build is told and runs eagerly."""
        super().prepare(prompt_length, visual_tokens)
        shape = prompt_length, visual_tokens
        if not self._usable or shape in self._programs:
            return
        programs = self._new_programs(*shape)
        cache = self._cache(*shape)
        try:
            for _ in range(_RUNS):
                self._fill(cache, 0, programs.read(programs.prompt, programs.visual))
                programs.answer(cache, programs.tokens)
        except _BUILD_ERRORS as err:
            self._usable = False
            reason = " ".join(str(err).split())[:_REASON_LENGTH] or type(err).__name__
            self._fallbacks[f"inductor runs as eager: its build failed: {reason}"] = None
            return
        self._programs[shape] = programs

    def _answer(self, cache: PrefixCache, tokens: Tensor) -> Tensor:
        programs = self._programs_for(cache.prompt_length, cache.visual_tokens)
        if programs is None or programs.tokens.shape != tokens.shape:
            return super()._answer(cache, tokens)
        programs.tokens.copy_(tokens)
        with torch.compiler.set_stance("eager_on_recompile"):
            return programs.answer(cache, programs.tokens)

    def _read(self, prompts: Tensor, visual: Tensor) -> list[Layer]:
        programs = self._programs_for(prompts.shape[1], visual.shape[1])
        if programs is None:
            return super()._read(prompts, visual)
        programs.prompt.copy_(prompts)
        programs.visual.copy_(visual)
        with torch.compiler.set_stance("eager_on_recompile"):
            return programs.read(programs.prompt, programs.visual)

    def _programs_for(self, prompt_length: int, visual_tokens: int) -> _Programs | None:
        found = self._programs.get((prompt_length, visual_tokens)) if self._usable else None
        if found is None and self._usable:
            why = f"prompt of {prompt_length} tokens and {visual_tokens} of image: not prepared, runs as eager"
            self._fallbacks[why] = None
        return found

    def _new_programs(self, prompt_length: int, visual_tokens: int) -> _Programs:
        network, config, device = self._network, self._network.config, self._network.device
        # Placeholders of the image among the ids: only their number would matter, and it is no part of the program.
        prompt = torch.full((1, prompt_length), config.mask_id, device=device)
        visual = torch.zeros(1, visual_tokens, config.width, dtype=network.compute_dtype, device=device)
        tokens = torch.full((self._answers, config.answer_length), config.mask_id, device=device)
        return _Programs(
            torch.compile(super()._read, fullgraph=True, dynamic=False),
            torch.compile(super()._answer, fullgraph=True, dynamic=False),
            prompt,
            visual,
            tokens,
        )
