"""Embedding and head of the hybrid vocabulary: free rows for text, numbers.py for numbers. It knows no positions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wam_ros.models.config import NumberKind
from wam_ros.models.numbers import build_numbers


class HybridVocabulary(nn.Module):
    """Tokens to vectors and vectors to logits; ids from `text_tokens` on are numbers."""

    def __init__(self, text_tokens: int, width: int, kind: NumberKind) -> None:
        super().__init__()
        self.text_tokens = text_tokens
        self.text = nn.Embedding(text_tokens, width)
        self.text_head = nn.Linear(width, text_tokens, bias=False)
        self.numbers = build_numbers(kind, width)
        nn.init.normal_(self.text.weight, std=1.0)
        nn.init.normal_(self.text_head.weight, std=width**-0.5)

    def embed(self, tokens: Tensor) -> Tensor:
        """(..., d) of ids (...); an id below 0 gives a vector that the caller replaces."""
        is_number = tokens >= self.text_tokens
        text = self.text(tokens.clamp(0, self.text_tokens - 1))
        numbers = self.numbers.embed((tokens - self.text_tokens).clamp(min=0))
        return torch.where(is_number[..., None], numbers.to(text.dtype), text)

    def number_logits(self, hidden: Tensor) -> Tensor:
        """(..., 20001) float32 of hidden (..., d)."""
        return self.numbers.logits(hidden)

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., vocabulary) float32 of hidden (..., d)."""
        text: Tensor = self.text_head(hidden.to(self.text_head.weight.dtype)).float()
        return torch.cat([text, self.number_logits(hidden)], dim=-1)
