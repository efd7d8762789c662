"""Tiny checkpoints in the published layouts, written name by name from their description, not from our tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from wam_ros.core import CanonicalCamera
from wam_ros.models import WamDiffConfig, preset
from wam_ros.models.config import TilesConfig

CAMERA = CanonicalCamera(1920, 1080, 1545.0, 960.0, 560.0, height_above_ground=1.5)
WIDTH, LAYERS, HEADS, FFN, EXPERTS, RANK = 32, 2, 2, 48, 3, 4
TILES = TilesConfig(tile=56, patch=14, width=16, layers=2, heads=2, ffn_width=24)
BASE = replace(preset("wam_diff_8b"), vision=TILES, heading_width=16)
SPECIAL = ("<|mdm_mask|>", "<|startoftext|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
NUMBERS = [f"{number / 100:.2f}" for number in range(-10_000, 10_001)]
_NUMBERS = frozenset(NUMBERS)
LAYOUTS = ("LLaDA", "LLaDA-V", "WAM-Diff")
TOWER = "model.vision_tower.vision_tower.vision_model"

Shapes = dict[str, tuple[int, ...]]

# LLaMA-3's way of cutting text before byte pairs are joined.
_CUT = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+| ?\p{L}+|\p{N}"
_CORPUS = """Here is front views of a driving vehicle:\nThe navigation information is: straight\n
The current position is (,)\nCurrent velocity is: (,)  and current accelerate is: (,)\n"""


def names_and_shapes(layout: str, config: WamDiffConfig, rows: int) -> Shapes:
    """Every tensor of a published file."""
    return dict(_llada(config, rows) if layout == "LLaDA" else _llava(layout, config, rows))


def _llada(config: WamDiffConfig, rows: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    d, ffn = config.width, config.ffn_width
    yield "model.transformer.wte.weight", (rows, d)
    yield "model.transformer.ff_out.weight", (rows, d)
    yield "model.transformer.ln_f.weight", (d,)
    for i in range(config.layers):
        block = f"model.transformer.blocks.{i}"
        for name in ("q_proj", "k_proj", "v_proj", "attn_out"):
            yield f"{block}.{name}.weight", (d, d)
        yield f"{block}.ff_proj.weight", (ffn, d)
        yield f"{block}.up_proj.weight", (ffn, d)
        yield f"{block}.ff_out.weight", (d, ffn)
        yield f"{block}.attn_norm.weight", (d,)
        yield f"{block}.ff_norm.weight", (d,)


def _llava(layout: str, config: WamDiffConfig, rows: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    d, ffn = config.width, config.ffn_width
    yield "model.embed_tokens.weight", (rows, d)
    yield "lm_head.weight", (rows, d)
    yield "model.norm.weight", (d,)
    yield "model.image_newline", (d,)
    for i in range(config.layers):
        layer = f"model.layers.{i}"
        for name in "qkvo":
            yield f"{layer}.self_attn.{name}_proj.weight", (d, d)
        yield f"{layer}.mlp.gate_proj.weight", (ffn, d)
        yield f"{layer}.mlp.up_proj.weight", (ffn, d)
        yield f"{layer}.mlp.down_proj.weight", (d, ffn)
        yield f"{layer}.input_layernorm.weight", (d,)
        yield f"{layer}.post_attention_layernorm.weight", (d,)
        if layout == "WAM-Diff":
            assert config.experts is not None
            yield f"{layer}.moe.gate.weight", (config.experts.count, d)
            for e in range(config.experts.count):
                yield f"{layer}.moe.experts.{e}.lora_A", (config.experts.rank, d)
                yield f"{layer}.moe.experts.{e}.lora_B", (d, config.experts.rank)
    vision = config.vision
    assert isinstance(vision, TilesConfig)
    w, up = vision.width, vision.ffn_width
    yield f"{TOWER}.embeddings.patch_embedding.weight", (w, 3, vision.patch, vision.patch)
    yield f"{TOWER}.embeddings.patch_embedding.bias", (w,)
    yield f"{TOWER}.embeddings.position_embedding.weight", (vision.patches_per_side**2, w)
    linears = {f"self_attn.{name}_proj": (w, w) for name in ("q", "k", "v", "out")}
    linears |= {"mlp.fc1": (up, w), "mlp.fc2": (w, up)}
    for i in range(vision.layers):
        for name, shape in {**linears, "layer_norm1": (w,), "layer_norm2": (w,)}.items():
            yield f"{TOWER}.encoder.layers.{i}.{name}.weight", shape
            yield f"{TOWER}.encoder.layers.{i}.{name}.bias", shape[:1]
    for index, fan_in in ((0, w), (2, d)):
        yield f"model.mm_projector.{index}.weight", (d, fan_in)
        yield f"model.mm_projector.{index}.bias", (d,)


@cache
def tokenizer_json(words: int = 300, numbers: bool = True) -> str:
    """A byte-level BPE of `words` ids, then LLaDA's 269 added tokens with the published spacing, then the numbers."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    cut = pre_tokenizers.Split(Regex(_CUT), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([_CORPUS, " (a)\na" * 40], trainer)
    values: dict[str, Any] = json.loads(tokenizer.to_str())
    vocab = values["model"]["vocab"]
    vocab |= {f"filler{index}": index for index in range(len(vocab), words)}
    added = [f"<|reserved_token_{index}|>" for index in range(269)]
    places = {0: "<|startoftext|>", 1: "<|endoftext|>", 256: "<|mdm_mask|>"}
    places |= {266: "<|start_header_id|>", 267: "<|end_header_id|>", 268: "<|eot_id|>"}
    for place, name in places.items():
        added[place] = name
    values["added_tokens"] = [
        {"id": words + index, "content": name, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": name in _NUMBERS, "special": name not in _NUMBERS}
        for index, name in enumerate([*added, *(NUMBERS if numbers else [])])
    ]
    return json.dumps(values)


TEXT_TOKENS = 300 + 269
TABLE_ROWS = {"LLaDA": TEXT_TOKENS + 7, "LLaDA-V": TEXT_TOKENS, "WAM-Diff": TEXT_TOKENS + 20_001}


def tiny_config(layout: str) -> WamDiffConfig:
    """What a tiny folder must be read as."""
    experts = replace(BASE.experts, count=EXPERTS, rank=RANK, alpha=8.0, dropout=0.0)  # type: ignore[type-var]
    return replace(
        BASE,
        width=WIDTH,
        layers=LAYERS,
        heads=HEADS,
        ffn_width=FFN,
        text_tokens=TEXT_TOKENS,
        mask_id=300 + 256,
        max_positions=512,
        rope_theta=1e4,
        norm_eps=1e-6,
        experts=experts if layout == "WAM-Diff" else BASE.experts,
    )


def settings(layout: str) -> dict[str, Any]:
    """The released config.json of a tiny folder."""
    common: dict[str, Any] = {
        "vocab_size": TABLE_ROWS[layout],
        "rope_theta": 1e4,
        "rms_norm_eps": 1e-6,
        "bos_token_id": 128_000,
    }
    if layout == "LLaDA":
        own: dict[str, Any] = {
            "d_model": WIDTH,
            "n_layers": LAYERS,
            "n_heads": HEADS,
            "n_kv_heads": HEADS,
            "mlp_hidden_size": FFN,
        }
        told = {"max_sequence_length": 512, "embedding_size": TABLE_ROWS[layout], "mask_token_id": 300 + 256}
        return {**common, **own, **told, "weight_tying": False, "model_type": "llada"}
    values = {**common, "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    values |= {"num_key_value_heads": HEADS, "intermediate_size": FFN, "max_position_embeddings": 512}
    values |= {"mm_hidden_size": TILES.width, "mm_projector_type": "mlp2x_gelu", "model_type": "llava_llada"}
    if layout == "WAM-Diff":
        values |= {"num_experts": EXPERTS, "moe_lora_rank": RANK, "moe_lora_alpha": 8, "moe_choice": "expert"}
        values |= {"moe_lora_in_features": WIDTH, "moe_lora_out_features": WIDTH, "capacity_factor": 0.1}
    return values


def tensors(layout: str, dtype: torch.dtype = torch.bfloat16, seed: int = 0) -> dict[str, Tensor]:
    """Random tensors of a tiny file; norms near one."""
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for name, shape in names_and_shapes(layout, tiny_config(layout), TABLE_ROWS[layout]).items():
        values = torch.randn(shape, generator=generator) * 0.3
        made[name] = ((1.0 + 0.1 * values) if "norm" in name and name.endswith("weight") else values).to(dtype)
    return made


def write_folder(folder: Path, layout: str, weights: dict[str, Tensor], shards: int = 3) -> Path:
    """config.json, tokenizer.json and the weights, spread over shards with an index (1 = one file without)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(settings(layout)))
    (folder / "tokenizer.json").write_text(tokenizer_json(numbers=layout == "WAM-Diff"))
    write_weights(folder, weights, shards)
    return folder


def write_weights(folder: Path, weights: dict[str, Tensor], shards: int = 3) -> None:
    if shards == 1:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = dict(list(weights.items())[shard::shards])
        save_file(part, folder / name, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, name)
    index = {"metadata": {"total_size": sum(value.nbytes for value in weights.values())}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
