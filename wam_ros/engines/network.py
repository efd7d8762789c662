"""What an engine needs of a network; `models.WamDiff` is one. It knows no weights.

Shapes: C contexts, K answers, P prompt rows, L answer rows, V visual tokens, d width, H heads of width D.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

Layer = tuple[Tensor, Tensor]
"""Keys and values of one layer."""


class NetworkConfig(Protocol):
    """The sizes that an engine takes memory for."""

    @property
    def attention(self) -> str:
        """`prefix` or `full`."""

    @property
    def heads(self) -> int:
        """H."""

    @property
    def head_width(self) -> int:
        """D."""

    @property
    def width(self) -> int:
        """The network's d."""

    @property
    def layers(self) -> int:
        """How many."""

    @property
    def answer_length(self) -> int:
        """L."""

    @property
    def mask_id(self) -> int:
        """Of the mask token."""


class Network(Protocol):
    """Reads a prompt into keys and values, and answers against them."""

    @property
    def config(self) -> NetworkConfig:
        """Its sizes."""

    @property
    def compute_dtype(self) -> torch.dtype:
        """Of its layers, and so of the cache."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""

    def check_prompt(self, prompt: Tensor, visual_tokens: int) -> None:
        """Refuse a prompt (P,) that does not fit, as InputError."""

    def embed_prompt(self, tokens: Tensor, visual: Tensor) -> Tensor:
        """Rows (B, P, d) of ids (B, P) and visual tokens (B, V, d)."""

    def embed_answer(self, tokens: Tensor, prompt_length: int) -> Tensor:
        """Rows (..., L, d) of ids (..., L)."""

    def read_prompt(self, rows: Tensor) -> list[Layer]:
        """Keys and values (B, H, P, D) of each layer, of rows (B, P, d)."""

    def read_answers(self, rows: Tensor, caches: list[Layer]) -> Tensor:
        """Hidden rows (C, K, L, d) of answer rows, beside keys and values (C, H, P, D)."""

    def number_logits(self, hidden: Tensor) -> Tensor:
        """(..., BINS) float32."""

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., vocabulary) float32."""
