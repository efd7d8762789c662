"""The network once more, from its definition: one sequence, a visibility mask, plain loops, no cache, float64."""

from __future__ import annotations

import torch
from torch import Tensor

from wam_ros.models import WamDiff
from wam_ros.models.block import Block
from wam_ros.models.lora_moe import LoraMoe
from wam_ros.models.numbers import NumberBasis, number_features

KeysValues = list[tuple[Tensor, Tensor]]


def linear(x: Tensor, weight: Tensor) -> Tensor:
    return x @ weight.double().T


def norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return x / (x.pow(2).mean(-1, keepdim=True) + eps).sqrt() * weight.double()


def rotated(x: Tensor, positions: Tensor, theta: float) -> Tensor:
    """Rows (T, D) as D/2 complex numbers x_i + i x_{i+D/2}, each turned by position * theta^(-2i/D)."""
    half = x.shape[1] // 2
    pairs = torch.complex(x[:, :half], x[:, half:])
    angles = positions.double()[:, None] * theta ** (-torch.arange(half).double() / half)
    turned = pairs * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([turned.real, turned.imag], dim=1)


def experts(moe: LoraMoe, rows: Tensor) -> Tensor:
    """One pool of rows (T, d), expert by expert and row by row."""
    scores = torch.softmax(linear(rows, moe.gate.weight), dim=1)
    capacity = max(1, min(len(rows), round(moe.config.capacity_factor * len(rows) / moe.config.count)))
    out = torch.zeros_like(rows)
    for expert in range(moe.config.count):
        best = sorted(range(len(rows)), key=lambda row: -float(scores[row, expert]))[:capacity]
        for row in best:
            update = moe.up[expert].double() @ (moe.down[expert].double() @ rows[row])
            out[row] += scores[row, expert] * moe.config.alpha / moe.config.rank * update
    return out


def embed(model: WamDiff, tokens: Tensor, visual: Tensor, first: int) -> Tensor:
    numbers = model.vocabulary.numbers
    rows, seen = [], 0
    for index, token in enumerate(tokens.tolist()):
        if token < 0:
            row, seen = visual[seen].double(), seen + 1
        elif token < model.config.text_tokens:
            row = model.vocabulary.text.weight[token].double()
        elif isinstance(numbers, NumberBasis):
            phi = number_features(torch.tensor(-100.0 + 0.01 * (token - model.config.text_tokens)))
            row = linear(phi, numbers.inward.weight)
        else:
            row = numbers.inward.weight[token - model.config.text_tokens].double()
        rows.append(row if model.positions is None else row + model.positions[first + index].double())
    return torch.stack(rows)


def layer(
    model: WamDiff, block: Block, x: Tensor, visible: Tensor, prompt: int, frozen: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Rows (T, d) through one layer; with `frozen`, the first rows' keys and values are those given."""
    eps, width = model.config.norm_eps, model.config.head_width
    positions = torch.arange(len(x))
    q, k, v = linear(norm(x, block.attention_norm.weight, eps), block.qkv.weight).chunk(3, dim=1)
    if model.positions is None:
        turn = [
            torch.cat([rotated(head, positions, model.config.rope_theta) for head in rows.split(width, dim=1)], dim=1)
            for rows in (q, k)
        ]
        q, k = turn
    if frozen is not None:
        k, v = torch.cat([frozen[0], k[prompt:]]), torch.cat([frozen[1], v[prompt:]])
    seen = []
    for a, b, c in zip(q.split(width, 1), k.split(width, 1), v.split(width, 1)):
        scores = (a @ b.T / width**0.5).masked_fill(~visible, -torch.inf)
        seen.append(scores.softmax(dim=1) @ c)
    x = x + linear(torch.cat(seen, dim=1), block.out.weight)
    normed = norm(x, block.ffn_norm.weight, eps)
    gate, up = linear(normed, block.ffn.gate_up.weight).chunk(2, dim=1)
    x = x + linear(gate * torch.sigmoid(gate) * up, block.ffn.down.weight)
    if block.experts is not None:
        pools = [experts(block.experts, pool) for pool in (normed[:prompt], normed[prompt:]) if len(pool)]
        x = x + torch.cat(pools)
    return x, (k[:prompt], v[:prompt])


@torch.no_grad()
def hidden(
    model: WamDiff, prompt: Tensor, visual: Tensor, answer: Tensor, frozen: KeysValues | None = None
) -> tuple[Tensor, KeysValues]:
    """Hidden rows (L, d) of one answer, and the prompt's keys and values of each layer."""
    length = len(prompt)
    x = torch.cat([embed(model, prompt, visual, 0), embed(model, answer, visual, length)])
    visible = torch.ones(len(x), len(x), dtype=torch.bool)
    if model.config.attention == "prefix":
        visible[:length, length:] = False
    kept: KeysValues = []
    for index, block in enumerate(model.blocks):
        assert isinstance(block, Block)
        x, keys_values = layer(model, block, x, visible, length, None if frozen is None else frozen[index])
        kept.append(keys_values)
    return norm(x, model.norm.weight, model.config.norm_eps)[length:], kept
