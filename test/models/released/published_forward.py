"""The published networks' arithmetic on tensors under their published names: float64, one sequence, plain loops."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from test.models.released.parts import EXPERTS, HEADS, LAYERS, TILES, TOWER

Weights = dict[str, Tensor]


def double(weights: Weights) -> Weights:
    return {name: value.double() for name, value in weights.items()}


def rms(x: Tensor, weight: Tensor, eps: float = 1e-6) -> Tensor:
    return weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps))


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    width = q.shape[-1] // HEADS
    heads = [
        torch.softmax(a @ b.T / width**0.5, dim=-1) @ c
        for a, b, c in zip(q.split(width, -1), k.split(width, -1), v.split(width, -1))
    ]
    return torch.cat(heads, dim=-1)


def rotary(x: Tensor, theta: float = 1e4) -> Tensor:
    """x cos + rotate_half(x) sin in each head, with the frequencies repeated for both halves."""
    width = x.shape[-1] // HEADS
    frequencies = theta ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    angles = torch.arange(len(x), dtype=torch.float64)[:, None] * frequencies.repeat(2)
    heads = []
    for head in x.split(width, -1):
        half = torch.cat([-head[:, width // 2 :], head[:, : width // 2]], dim=-1)
        heads.append(head * angles.cos() + half * angles.sin())
    return torch.cat(heads, dim=-1)


def moe(weights: Weights, layer: str, x: Tensor, scale: float) -> Tensor:
    """Routing by experts over one pool of rows (T, d): each takes the rows that its gate prefers."""
    gates = torch.softmax(x @ weights[f"{layer}.moe.gate.weight"].T, dim=1)
    capacity = min(max(1, round(0.1 * len(x) / EXPERTS)), len(x))
    out = torch.zeros_like(x)
    for e in range(EXPERTS):
        expert = f"{layer}.moe.experts.{e}"
        for row in torch.topk(gates[:, e], capacity).indices.tolist():
            given = x[row] @ weights[f"{expert}.lora_A"].T @ weights[f"{expert}.lora_B"].T * scale
            out[row] += gates[row, e] * given
    return out


def backbone(weights: Weights, rows: Tensor, prompt: int, expert_scale: float) -> Tensor:
    """Logits (T, vocabulary) of embedded rows (T, d); experts choose in prompt and answer apart, as ours do."""
    x = rows.double()
    for i in range(LAYERS):
        layer = f"model.layers.{i}"
        h = rms(x, weights[f"{layer}.input_layernorm.weight"])
        q, k, v = (h @ weights[f"{layer}.self_attn.{name}_proj.weight"].T for name in "qkv")
        x = x + attention(rotary(q), rotary(k), v) @ weights[f"{layer}.self_attn.o_proj.weight"].T
        h = rms(x, weights[f"{layer}.post_attention_layernorm.weight"])
        up = functional.silu(h @ weights[f"{layer}.mlp.gate_proj.weight"].T) * (
            h @ weights[f"{layer}.mlp.up_proj.weight"].T
        )
        x = x + up @ weights[f"{layer}.mlp.down_proj.weight"].T
        if f"{layer}.moe.gate.weight" in weights:
            x = x + torch.cat([moe(weights, layer, pool, expert_scale) for pool in (h[:prompt], h[prompt:])])
    return rms(x, weights["model.norm.weight"]) @ weights["lm_head.weight"].T


def llada_backbone(weights: Weights) -> Weights:
    """LLaDA's own names for the same arithmetic."""
    renamed = {
        "model.embed_tokens.weight": weights["model.transformer.wte.weight"],
        "lm_head.weight": weights["model.transformer.ff_out.weight"],
        "model.norm.weight": weights["model.transformer.ln_f.weight"],
    }
    for i in range(LAYERS):
        block, layer = f"model.transformer.blocks.{i}", f"model.layers.{i}"
        renamed[f"{layer}.input_layernorm.weight"] = weights[f"{block}.attn_norm.weight"]
        renamed[f"{layer}.post_attention_layernorm.weight"] = weights[f"{block}.ff_norm.weight"]
        renamed[f"{layer}.self_attn.o_proj.weight"] = weights[f"{block}.attn_out.weight"]
        for name in "qkv":
            renamed[f"{layer}.self_attn.{name}_proj.weight"] = weights[f"{block}.{name}_proj.weight"]
        renamed[f"{layer}.mlp.gate_proj.weight"] = weights[f"{block}.ff_proj.weight"]
        renamed[f"{layer}.mlp.up_proj.weight"] = weights[f"{block}.up_proj.weight"]
        renamed[f"{layer}.mlp.down_proj.weight"] = weights[f"{block}.ff_out.weight"]
    return renamed


def crop_features(weights: Weights, pixels: Tensor) -> Tensor:
    """Projected features (n n, d) of one normalised crop (3, tile, tile): SigLIP without its last norm."""

    def linear(name: str, x: Tensor) -> Tensor:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(name: str, x: Tensor) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-6)

    embeddings = f"{TOWER}.embeddings"
    patches = functional.conv2d(
        pixels.double()[None],
        weights[f"{embeddings}.patch_embedding.weight"],
        weights[f"{embeddings}.patch_embedding.bias"],
        stride=TILES.patch,
    )
    x = patches[0].flatten(1).T + weights[f"{embeddings}.position_embedding.weight"]
    for i in range(TILES.layers):
        layer = f"{TOWER}.encoder.layers.{i}"
        h = norm(f"{layer}.layer_norm1", x)
        q, k, v = (linear(f"{layer}.self_attn.{name}_proj", h) for name in "qkv")
        x = x + linear(f"{layer}.self_attn.out_proj", attention(q, k, v))
        h = functional.gelu(linear(f"{layer}.mlp.fc1", norm(f"{layer}.layer_norm2", x)), approximate="tanh")
        x = x + linear(f"{layer}.mlp.fc2", h)
    return linear("model.mm_projector.2", functional.gelu(linear("model.mm_projector.0", x)))
