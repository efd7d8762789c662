"""What engines with programs for fixed shapes share: when programs run, when eager does, and what is told of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException
from torch._inductor.exc import InductorError

from wam_ros.core.errors import ConfigError
from wam_ros.engines.eager import EagerEngine
from wam_ros.engines.engine import PrefixCache
from wam_ros.engines.network import Layer, Network

FallBack = Literal["eager", "none"]
"""What follows a build that fails or an engine that is refused: eager, which is told, or an error at the start."""

BUILD_ERRORS = (TorchDynamoException, InductorError, RuntimeError, ImportError)
"""What torch's exporters and compilers raise."""

_REASON_LENGTH = 300


@dataclass(frozen=True, eq=False)
class Programs:
    """For one shape.

    Fields:
        read: Ids (1, P) and visual tokens (1, V, d) to keys and values.
        answer: Ids (K, L) against keys and values to hidden rows (C K, L, d).

    """

    read: Callable[[Tensor, Tensor], tuple[Layer, ...]]
    answer: Callable[[Tensor, tuple[Layer, ...]], Tensor]


def in_short(err: Exception) -> str:
    """An error's text in one line, its end cut off."""
    return " ".join(str(err).split())[:_REASON_LENGTH] or type(err).__name__


class ProgramEngine(EagerEngine, ABC):
    """Programs for the shapes that were prepared; anything else runs eagerly and is told.

    Args:
        backend: Its name.
        network: In evaluation mode.
        missing: What it lacks here, with the remedy; empty if nothing.
        guided: With the unconditional context of classifier-free guidance.
        answers: K of the steps; another K runs eagerly.
        fall_back: Where programs cannot be had.

    Raises:
        ConfigError: Something is missing and there is no fall-back.

    """

    def __init__(
        self, backend: str, network: Network, *, missing: str, guided: bool, answers: int, fall_back: FallBack
    ) -> None:
        super().__init__(network, guided=guided)
        self._name, self._answers, self._fall_back = backend, answers, fall_back
        self._programs: dict[tuple[int, int], Programs] = {}
        self._fallbacks: dict[str, None] = {}
        self._usable = True
        if missing:
            self._give_up(missing, None)

    @property
    def backend(self) -> str:  # type: ignore[override]
        """Its name, or `eager` where it could not be had."""
        return self._name if self._usable else "eager"

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """See `Engine`; each reason once."""
        return tuple(self._fallbacks)

    @torch.inference_mode()
    def prepare(self, prompt_length: int, visual_tokens: int) -> None:
        """Make both programs for a shape.

        Raises:
            ConfigError: They cannot be had and there is no fall-back.

        """
        super().prepare(prompt_length, visual_tokens)
        shape = prompt_length, visual_tokens
        if not self._usable or shape in self._programs:
            return
        try:
            self._programs[shape] = self._make(*shape)
        except ConfigError as err:
            self._give_up(str(err), err)
        except BUILD_ERRORS as err:
            self._give_up(f"its build failed: {in_short(err)}", err)

    @abstractmethod
    def _make(self, prompt_length: int, visual_tokens: int) -> Programs:
        """Programs that have run once, so that the first plan is not slower than the next.

        Raises:
            ConfigError: They are refused.

        """

    def _read(self, prompt: Tensor, visual: Tensor) -> tuple[Layer, ...]:
        programs = self._programs_for(prompt.shape[1], visual.shape[1])
        return super()._read(prompt, visual) if programs is None else programs.read(prompt, visual)

    def _answer(self, cache: PrefixCache, tokens: Tensor) -> Tensor:
        programs = self._programs_for(cache.prompt_length, cache.visual_tokens)
        if programs is None or tuple(tokens.shape) != (self._answers, self.network.config.answer_length):
            return super()._answer(cache, tokens)
        return programs.answer(tokens, cache.layers)

    def _programs_for(self, prompt_length: int, visual_tokens: int) -> Programs | None:
        found = self._programs.get((prompt_length, visual_tokens)) if self._usable else None
        if found is None and self._usable:
            why = f"prompt of {prompt_length} tokens and {visual_tokens} of image: not prepared, runs as eager"
            self._fallbacks[why] = None
        return found

    def _give_up(self, reason: str, cause: Exception | None) -> None:
        if self._fall_back == "none":
            msg = f"backend {self._name}: {reason}"
            raise ConfigError(msg) from cause
        self._usable = False
        self._fallbacks[f"{self._name} runs as eager: {reason}"] = None
