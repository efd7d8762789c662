"""A released config.json to our description of the network. It looks at no weights.

What these files do not say (tiles, tower, prompt, answer) is the base's; what they say and our network cannot be is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wam_ros.core.errors import ConfigError
from wam_ros.models.config import ExpertConfig, TilesConfig, WamDiffConfig
from wam_ros.models.released.layouts import LLADA, WAM_DIFF, Layout
from wam_ros.models.tokenizer import HybridTokenizer

_LLADA_KEYS = {
    "width": "d_model",
    "layers": "n_layers",
    "heads": "n_heads",
    "ffn_width": "mlp_hidden_size",
    "max_positions": "max_sequence_length",
    "rope_theta": "rope_theta",
    "norm_eps": "rms_norm_eps",
}
_BACKBONE_KEYS = {
    "width": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "ffn_width": "intermediate_size",
    "max_positions": "max_position_embeddings",
    "rope_theta": "rope_theta",
    "norm_eps": "rms_norm_eps",
}
# Where a file leaves one of these out, WAM-Diff's own configuration class takes this value.
_EXPERT_KEYS = {
    "rank": ("moe_lora_rank", 32),
    "alpha": ("moe_lora_alpha", 32.0),
    "capacity_factor": ("capacity_factor", 0.1),
    "dropout": ("moe_lora_dropout", 0.0),
}
# The only values of these that our network is; a file may leave them out.
_FIXED: Mapping[str, tuple[Any, ...]] = {
    "weight_tying": (False,),
    "tie_word_embeddings": (False,),
    "include_bias": (False,),
    "attention_bias": (False,),
    "hidden_act": ("silu",),
    "activation_type": ("silu",),
    "layer_norm_type": ("rms",),
    "rope": (True,),
    "rope_scaling": (None,),
    "mm_projector_type": ("mlp2x_gelu",),
    "mm_patch_merge_type": ("spatial_unpad",),
    "mm_vision_select_layer": (-2,),
    "moe_choice": ("expert",),
    "moe_router_score_function": (None, "softmax"),
}


def released_config(
    settings: Mapping[str, Any], layout: Layout, base: WamDiffConfig, tokenizer: HybridTokenizer, where: str
) -> WamDiffConfig:
    """Our description of a released network.

    Args:
        settings: The released config.json.
        layout: What it belongs to.
        base: Gives what the file does not tell: the preset `wam_diff_8b`, or a cut of it.
        tokenizer: Of the same folder: how many text tokens there are, and which is the mask.
        where: Begins the text of errors.

    Raises:
        ConfigError: A setting is missing, or of a network that ours is not; all such settings are named.

    """
    keys = _LLADA_KEYS if layout is LLADA else _BACKBONE_KEYS
    missing = [key for key in (*keys.values(), "vocab_size") if not _is_number(settings.get(key))]
    if missing:
        msg = f"{where}: {', '.join(missing)} missing or no number: use the config.json of the download"
        raise ConfigError(msg)
    given: dict[str, Any] = {ours: _like(getattr(base, ours), settings[key]) for ours, key in keys.items()}
    experts = base.experts
    if layout is WAM_DIFF:
        told = {ours: float(settings.get(key, default)) for ours, (key, default) in _EXPERT_KEYS.items()}
        experts = ExpertConfig(count=int(settings["num_experts"]), **{**told, "rank": int(told["rank"])})  # type: ignore[arg-type]
    config = replace(base, **given, experts=experts, text_tokens=tokenizer.number_base, mask_id=tokenizer.mask_id)
    wrong = _misfits(settings, layout, config)
    if wrong:
        msg = f"{where}: not a network that this program has: {'; '.join(wrong)}"
        raise ConfigError(msg)
    return config


def table_rows(settings: Mapping[str, Any]) -> int:
    """Rows of the released embedding and head: unused ids of LLaDA's included."""
    return int(settings.get("embedding_size") or settings["vocab_size"])


def _misfits(settings: Mapping[str, Any], layout: Layout, config: WamDiffConfig) -> list[str]:
    """Each setting that disagrees with our network, the tokenizer or the base."""
    wrong = [
        f"{key} = {settings[key]!r}, wanted {' or '.join(map(repr, wanted))}"
        for key, wanted in _FIXED.items()
        if key in settings and settings[key] not in wanted
    ]
    equal: dict[str, tuple[Any, str]] = {
        "n_kv_heads": (config.heads, "as many as heads"),
        "num_key_value_heads": (config.heads, "as many as heads"),
        "mask_token_id": (config.mask_id, "the tokenizer's"),
        "moe_lora_in_features": (config.width, "the width"),
        "moe_lora_out_features": (config.width, "the width"),
    }
    if isinstance(config.vision, TilesConfig):
        equal["mm_hidden_size"] = (config.vision.width, "the tower's width")
    wrong += [
        f"{key} = {settings[key]!r}, wanted {wanted} ({why})"
        for key, (wanted, why) in equal.items()
        if settings.get(key) is not None and settings[key] != wanted
    ]
    rows = table_rows(settings)
    if layout is WAM_DIFF and rows != config.vocabulary_size:
        wrong.append(f"vocab_size = {rows}, wanted {config.vocabulary_size} (the tokenizer's text and 20,001 numbers)")
    if layout is not WAM_DIFF and not config.text_tokens <= rows < config.vocabulary_size:
        wrong.append(f"vocab_size = {rows}, wanted the {config.text_tokens} of the tokenizer or some more")
    if config.numbers != "table" or config.positions != "rotary" or config.experts is None:
        wrong.append(f"base {config.name!r}, wanted one with number table, rotary positions and experts")
    return wrong


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _like(example: float, value: float) -> float:
    return type(example)(value)
