"""One transformer layer of the backbone, with the attention of prompt rows and of answer rows. It keeps no cache.

Shapes: B prompts, K answers to each, P prompt rows, L answer rows, H heads of width D, d = H D.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from wam_ros.models.config import WamDiffConfig
from wam_ros.models.lora_moe import LoraMoe
from wam_ros.models.norm import RmsNorm

RotaryTable = tuple[Tensor, Tensor]
"""Cosines and sines (T, D) of the positions of T rows."""

_SHORT = 1024  # rows of a prompt; at 2,400 of them copying costs what is won


class FeedForward(nn.Module):
    """SwiGLU: W_down (silu(W_gate x) * W_up x), gate and up in one product."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d) -> (..., d)."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        out: Tensor = self.down(functional.silu(gate) * up)
        return out


class Block(nn.Module):
    """Pre-norm layer: x + attention(norm x), then h + ffn(norm h) + experts(norm h)."""

    def __init__(self, config: WamDiffConfig) -> None:
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.attention_norm = RmsNorm(width, config.norm_eps)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.ffn_norm = RmsNorm(width, config.norm_eps)
        self.ffn = FeedForward(width, config.ffn_width)
        self.experts = None if config.experts is None else LoraMoe(width, config.experts)
        # Residual branches start small, so that depth does not inflate the stream (GPT-2's rule).
        for linear in (self.out, self.ffn.down):
            nn.init.normal_(linear.weight, std=(linear.in_features * 2 * config.layers) ** -0.5)
        for linear in (self.qkv, self.ffn.gate_up):
            nn.init.normal_(linear.weight, std=linear.in_features**-0.5)

    def project(self, x: Tensor, rotary: RotaryTable | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys, values, each (B, H, T, D), of rows (B, T, d)."""
        qkv = self.qkv(self.attention_norm(x)).view(*x.shape[:2], 3, self.heads, -1)  # (B, T, 3, H, D)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        if rotary is not None:
            q, k = rotate(q, rotary), rotate(k, rotary)
        return q, k, v

    def over_all(self, x: Tensor, q: Tensor, k: Tensor, v: Tensor, pools: tuple[int, ...]) -> Tensor:
        """Rows (B, T, d) that all see each other; experts choose inside pools of the given lengths along T."""
        seen = _attention(q, k, v)  # (B, H, T, D)
        return self._feed(x + self.out(seen.transpose(1, 2).flatten(2)), pools)

    def over_prompt(self, x: Tensor, prompt_k: Tensor, prompt_v: Tensor, rotary: RotaryTable | None) -> Tensor:
        """Answer rows (B, K, L, d) that see their own answer and the prompt's keys and values (B, H, P, D)."""
        answers, rows = x.shape[1], x.shape[2]
        q, k, v = self.project(x.flatten(0, 1), rotary)  # (B K, H, L, D)
        seen = answer_attention(q, k, v, prompt_k, prompt_v)
        x = x.flatten(0, 1) + self.out(seen.transpose(1, 2).flatten(2))
        return self._feed(x, (rows,)).view(-1, answers, rows, x.shape[-1])

    def _feed(self, x: Tensor, pools: tuple[int, ...]) -> Tensor:
        """Feed-forward network and experts on rows (B, T, d)."""
        normed = self.ffn_norm(x)
        x = x + self.ffn(normed)
        if self.experts is None:
            return x
        return x + torch.cat([self.experts(pool) for pool in normed.split(pools, dim=1)], dim=1)


def answer_attention(q: Tensor, k: Tensor, v: Tensor, prompt_k: Tensor, prompt_v: Tensor) -> Tensor:
    """Softmax attention over the prompt (B, H, P, D) and the own answer; q, k, v and result are (B K, H, L, D).

    The K answers of a prompt are folded into its query rows, so its keys and values are read once and never copied. A
    short prompt with one answer is copied: one fused operation on everything then takes less than half of the time.
    """
    prompts, _, length, width = prompt_k.shape
    if prompts == len(q) and length <= _SHORT:
        return _attention(q, torch.cat([prompt_k, k], 2), torch.cat([prompt_v, v], 2))
    heads, rows = q.shape[1:3]
    q = q * width**-0.5
    # (B K, H, L, D) -> (B, H, K L, D)
    folded = q.view(prompts, -1, heads, rows, width).transpose(1, 2).flatten(2, 3)
    over_prompt = folded @ prompt_k.mT  # (B, H, K L, P)
    over_prompt = over_prompt.view(prompts, heads, -1, rows, length).transpose(1, 2).flatten(0, 1)  # (B K, H, L, P)
    weights = torch.cat([over_prompt, q @ k.mT], dim=-1).softmax(dim=-1, dtype=torch.float32).to(v.dtype)
    on_prompt = weights[..., :length].reshape(prompts, -1, heads, rows, length).transpose(1, 2).flatten(2, 3)
    from_prompt = (on_prompt @ prompt_v).view(prompts, heads, -1, rows, width).transpose(1, 2).flatten(0, 1)
    return torch.add(from_prompt, weights[..., length:] @ v)


def _attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention of queries (B, H, T, D) over keys and values (B, H, S, D): torch's fused operation.

    In bfloat16 on a CPU it takes up to twice as long as its parts over a short S. The parts round the scores, so only
    compiled programs take them, whose rounding is the compiler's anyway; eager keeps the arithmetic of all results.
    """
    in_parts = torch.compiler.is_compiling() and q.device.type == "cpu" and q.dtype is torch.bfloat16
    if not in_parts or k.shape[2] > _SHORT:
        return functional.scaled_dot_product_attention(q, k, v)
    scores = (q * q.shape[-1] ** -0.5) @ k.mT  # (B, H, T, S)
    attended: Tensor = scores.softmax(dim=-1, dtype=torch.float32).to(v.dtype) @ v
    return attended


def rotary_table(positions: int, head_width: int, theta: float) -> RotaryTable:
    """Cosines and sines (positions, head_width) of rotary embedding, halves repeated (LLaMA in HF form)."""
    steps = torch.arange(0, head_width, 2, dtype=torch.float64, device="cpu") / head_width
    angles = torch.arange(positions, dtype=torch.float64, device="cpu")[:, None] * theta**-steps
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, rotary: RotaryTable) -> Tensor:
    """Turn each pair (x_i, x_{i + D/2}) of (..., T, D) by its position's angle, in float32."""
    cos, sin = rotary
    first, second = x.float().chunk(2, dim=-1)
    return (x.float() * cos + torch.cat([-second, first], dim=-1) * sin).to(x.dtype)
