"""The network's training pass: prompt and all masked copies in one sequence of rows, only asked rows at the end.

Equal to `WamDiff.forward` (tested), and cheaper: one product per layer for prompt and copies, attention written out
(the backward pass of the CPU's fused attention is slow in bfloat16), and in the last layer nothing that no loss reads.
It knows no loss.

Shapes: B prompts of P rows, K copies of L answer rows each, H heads of width D, d = H D.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.models.block import Block
from wam_ros.models.config import WamDiffConfig
from wam_ros.models.model import WamDiff


def packable(config: WamDiffConfig) -> bool:
    """Whether the packed pass serves a network: experts choose among all rows of an answer, not packed."""
    return config.attention == "prefix" and config.positions == "learned" and config.experts is None


class AnswerRows(nn.Module):
    """Hidden rows of the asked number positions of masked copies; wraps the network so that weights can be swapped."""

    def __init__(self, model: WamDiff) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, prompts: Tensor, visual: Tensor, answers: Tensor, asked: Tensor, kept: Tensor | None = None
    ) -> Tensor:
        """(N, d) after the final norm, of the N asked positions in their order.

        Args:
            prompts: (B, P) ids.
            visual: (B, V, d).
            answers: (B, K, L) ids, numbers at even positions.
            asked: (B, K, L / 2) bool, by number.
            kept: (P',) places of the prompt that are read, the others are left out; None = all. Packed pass only.

        """
        if packable(self.model.config):
            return self._packed(prompts, visual, answers, asked, kept)
        assert kept is None, "experts choose among all rows of a prompt"
        hidden: Tensor = self.model(prompts, visual, answers)
        return hidden[:, :, 0::2][asked]

    def _packed(self, prompts: Tensor, visual: Tensor, answers: Tensor, asked: Tensor, kept: Tensor | None) -> Tensor:
        model = self.model
        copies = answers.shape[1]
        prompt_rows = model.embed_prompt(prompts, visual)
        if kept is not None:
            prompt_rows = prompt_rows[:, kept]
        length = prompt_rows.shape[1]
        answer_rows = model.embed_answer(answers, prompts.shape[1]).flatten(1, 2)
        rows = torch.cat([prompt_rows, answer_rows], dim=1)  # (B, P + K L, d)
        blocks: list[Block] = list(model.blocks)  # type: ignore[arg-type]
        for block in blocks[:-1]:
            q, k, v = _heads(block.qkv(block.attention_norm(rows)), block.heads, 3)
            seen = torch.cat(
                [
                    _attention(q[:, :, :length], k[:, :, :length], v[:, :, :length]),
                    _copy_attention(q[:, :, length:], k, v, length, copies),
                ],
                dim=2,
            )
            rows = rows + block.out(_joined(seen))
            rows = rows + block.ffn(block.ffn_norm(rows))
        return self._last(blocks[-1], rows, length, asked)

    def _last(self, block: Block, rows: Tensor, length: int, asked: Tensor) -> Tensor:
        """Queries of number rows only, and only the asked of them go on; keys and values of all rows."""
        batch, copies, numbers = asked.shape
        width = rows.shape[-1]
        normed = block.attention_norm(rows)
        weight = block.qkv.weight
        number_rows = normed[:, length:].view(batch, copies, -1, width)[:, :, 0::2]  # (B, K, L / 2, d)
        (q,) = _heads(functional.linear(number_rows.flatten(1, 2), weight[:width]), block.heads, 1)
        k, v = _heads(functional.linear(normed, weight[width:]), block.heads, 2)
        seen = _joined(_copy_attention(q, k, v, length, copies)).view(batch, copies, numbers, width)[asked]
        kept = rows[:, length:].view(batch, copies, -1, width)[:, :, 0::2][asked]
        kept = kept + block.out(seen)
        kept = kept + block.ffn(block.ffn_norm(kept))
        hidden: Tensor = self.model.norm(kept)
        return hidden


def _heads(rows: Tensor, heads: int, parts: int) -> tuple[Tensor, ...]:
    """Rows (B, T, parts d) as that many tensors (B, H, T, D), in one copy."""
    split = rows.view(*rows.shape[:2], parts, heads, -1)
    return split.permute(2, 0, 3, 1, 4).contiguous().unbind(0)


def _joined(seen: Tensor) -> Tensor:
    """(B, H, T, D) as rows (B, T, d)."""
    return seen.transpose(1, 2).flatten(2)


def _attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention where all see all; everything (B, H, T, D)."""
    seen: Tensor = (q * q.shape[-1] ** -0.5 @ k.mT).softmax(dim=-1) @ v
    return seen


def _copy_attention(q: Tensor, k: Tensor, v: Tensor, length: int, copies: int) -> Tensor:
    """Queries (B, H, K R, D) of copies, over the prompt and their own copy in keys and values (B, H, P + K L, D)."""
    batch, heads, count, width = q.shape
    q = q * width**-0.5
    own_q = q.view(batch, heads, copies, -1, width)
    own_k = k[:, :, length:].view(batch, heads, copies, -1, width)
    own_v = v[:, :, length:].view(batch, heads, copies, -1, width)
    over_prompt = q @ k[:, :, :length].mT  # (B, H, K R, P)
    scores = torch.cat([over_prompt.view(*own_q.shape[:4], length), own_q @ own_k.mT], dim=-1)
    weights = scores.softmax(dim=-1)  # (B, H, K, R, P + L)
    from_prompt = weights[..., :length].reshape(batch, heads, count, length) @ v[:, :, :length]
    return from_prompt + (weights[..., length:] @ own_v).flatten(2, 3)
