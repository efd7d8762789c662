"""The interface of engines: a prompt is read once into a cache, then any number of steps use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from wam_ros.engines.network import Layer, Network


@dataclass(frozen=True, eq=False)
class PrefixCache:
    """Keys and values of one prompt, in memory that stays where it is from one observation to the next.

    Fields:
        layers: Per layer keys and values, each (C, H, P, D).
        prompt_length: P.
        visual_tokens: V, of the image that the prompt holds.
        contexts: C: 1, or 2 with classifier-free guidance (conditional first).

    """

    layers: tuple[Layer, ...]
    prompt_length: int
    visual_tokens: int
    contexts: int


class Engine(Protocol):
    """Runs one network in one way. One observation at a time: a cache holds until the next prefill of its shape."""

    @property
    def network(self) -> Network:
        """What is run."""

    @property
    def backend(self) -> str:
        """How it is run, by the registry's name; "eager" where another was asked for and could not be had."""

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """Why something does not run as asked, for diagnostics; empty if all does."""

    def prepare(self, prompt_length: int, visual_tokens: int) -> None:
        """Take memory and build programs for prompts of that shape. Slow: before the first deadline."""

    def prefill(self, prompt: Tensor, visual: Tensor) -> PrefixCache:
        """Read a prompt (P,) with visual tokens (V, d). Shapes that were not prepared run without built programs."""

    def hidden(self, cache: PrefixCache, tokens: Tensor) -> Tensor:
        """(C K, L, d) of answer ids (K, L), the rows of the conditional context first; holds until the next step."""

    def step(self, cache: PrefixCache, tokens: Tensor, rows: Tensor) -> Tensor:
        """Number logits (C K, M, BINS) float32 of the rows (K, M) of answers (K, L) that are needed."""
