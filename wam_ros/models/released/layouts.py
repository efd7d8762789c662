"""The tensor names of three published layouts beside ours, as tables. Files are not known here, nor is their order.

LLaDA: its original names, text only. LLaDA-V: LLaMA-like names, with projector and SigLIP-2 tower. WAM-Diff: LLaDA-V's
with LoRA experts in every layer and rows for the numbers behind the text's. Names and shapes of backbone, projector and
experts are those of the published code and index files; the tower's follow the SigLIP model that this code loads. No
weights of WAM-Diff are public, so that layout is read out of its training code alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wam_ros.core.errors import ConfigError

Shape = tuple[int, ...]

# Ours: theirs. Several names are joined along the first axis, in this order; {e} stacks the experts.
_LLADA = {
    "blocks.{i}.attention_norm.weight": ("model.transformer.blocks.{i}.attn_norm.weight",),
    "blocks.{i}.qkv.weight": (
        "model.transformer.blocks.{i}.q_proj.weight",
        "model.transformer.blocks.{i}.k_proj.weight",
        "model.transformer.blocks.{i}.v_proj.weight",
    ),
    "blocks.{i}.out.weight": ("model.transformer.blocks.{i}.attn_out.weight",),
    "blocks.{i}.ffn_norm.weight": ("model.transformer.blocks.{i}.ff_norm.weight",),
    "blocks.{i}.ffn.gate_up.weight": (
        "model.transformer.blocks.{i}.ff_proj.weight",
        "model.transformer.blocks.{i}.up_proj.weight",
    ),
    "blocks.{i}.ffn.down.weight": ("model.transformer.blocks.{i}.ff_out.weight",),
    "norm.weight": ("model.transformer.ln_f.weight",),
}
_LLADA_TABLES = {
    "vocabulary.text.weight": "model.transformer.wte.weight",
    "vocabulary.text_head.weight": "model.transformer.ff_out.weight",
}

_BACKBONE = {
    "blocks.{i}.attention_norm.weight": ("model.layers.{i}.input_layernorm.weight",),
    "blocks.{i}.qkv.weight": (
        "model.layers.{i}.self_attn.q_proj.weight",
        "model.layers.{i}.self_attn.k_proj.weight",
        "model.layers.{i}.self_attn.v_proj.weight",
    ),
    "blocks.{i}.out.weight": ("model.layers.{i}.self_attn.o_proj.weight",),
    "blocks.{i}.ffn_norm.weight": ("model.layers.{i}.post_attention_layernorm.weight",),
    "blocks.{i}.ffn.gate_up.weight": ("model.layers.{i}.mlp.gate_proj.weight", "model.layers.{i}.mlp.up_proj.weight"),
    "blocks.{i}.ffn.down.weight": ("model.layers.{i}.mlp.down_proj.weight",),
    "norm.weight": ("model.norm.weight",),
}
_BACKBONE_TABLES = {
    "vocabulary.text.weight": "model.embed_tokens.weight",
    "vocabulary.text_head.weight": "lm_head.weight",
}

_TOWER = "model.vision_tower.vision_tower.vision_model."
_LAYER = _TOWER + "encoder.layers.{i}."
_VISION = {
    "vision.newline": ("model.image_newline",),
    "vision.project.0.weight": ("model.mm_projector.0.weight",),
    "vision.project.0.bias": ("model.mm_projector.0.bias",),
    "vision.project.2.weight": ("model.mm_projector.2.weight",),
    "vision.project.2.bias": ("model.mm_projector.2.bias",),
    "vision.patches.weight": (_TOWER + "embeddings.patch_embedding.weight",),
    "vision.patches.bias": (_TOWER + "embeddings.patch_embedding.bias",),
    "vision.positions": (_TOWER + "embeddings.position_embedding.weight",),
    **{
        f"vision.layers.{{i}}.{ours}.{kind}": tuple(f"{_LAYER}{name}.{kind}" for name in theirs)
        for kind in ("weight", "bias")
        for ours, theirs in {
            "attention_norm": ("layer_norm1",),
            "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
            "out": ("self_attn.out_proj",),
            "ffn_norm": ("layer_norm2",),
            "up": ("mlp.fc1",),
            "down": ("mlp.fc2",),
        }.items()
    },
}
# The features are taken before this norm, so a file may hold it and nobody reads it.
_VISION_UNREAD = (_TOWER + "post_layernorm.weight", _TOWER + "post_layernorm.bias")

_EXPERTS = {
    "blocks.{i}.experts.gate.weight": ("model.layers.{i}.moe.gate.weight",),
    "blocks.{i}.experts.down": ("model.layers.{i}.moe.experts.{e}.lora_A",),
    "blocks.{i}.experts.up": ("model.layers.{i}.moe.experts.{e}.lora_B",),
}
# A buffer of routing by tokens; routing by experts, which is what WAM-Diff does, never reads it.
_EXPERTS_UNREAD = ("model.layers.{i}.moe.expert_bias",)
_NUMBER_TABLES = {
    "vocabulary.numbers.inward.weight": "model.embed_tokens.weight",
    "vocabulary.numbers.outward.weight": "lm_head.weight",
}

_LAYERED = re.compile(r"^(blocks|vision\.layers)\.(\d+)\.")


@dataclass(frozen=True)
class Source:
    """What fills some rows (first axis) of one of our parameters.

    Fields:
        name: Of the released tensor.
        shape: That it must have.
        rows: First and last + 1 of its rows that are read.
        into: First and last + 1 of the rows of ours that they fill.

    """

    name: str
    shape: Shape
    rows: tuple[int, int]
    into: tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """One published layout.

    Fields:
        name: For people.
        parts: Our parameters and the tensors that they are joined from.
        tables: Our tables of text rows, and the tensors whose first rows they are.
        number_tables: Our tables of number rows, which come behind the text rows.
        unread: Tensors that a file may hold and that are not needed.
        lacks: Our modules that no file of this layout holds.

    """

    name: str
    parts: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, str]
    number_tables: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def sources(self, shapes: Mapping[str, Shape], table_rows: int) -> dict[str, tuple[Source, ...]]:
        """Where each parameter of ours comes from; those that this layout lacks are not among the keys.

        Args:
            shapes: Of all our parameters.
            table_rows: Rows of the released embedding and head.

        """
        text_tokens = shapes["vocabulary.text.weight"][0]
        found: dict[str, tuple[Source, ...]] = {}
        for ours, shape in shapes.items():
            pattern, layer = _pattern(ours)
            rows, rest = shape[0], shape[1:]
            if pattern in self.tables:
                found[ours] = (Source(self.tables[pattern], (table_rows, *rest), (0, rows), (0, rows)),)
            elif pattern in self.number_tables:
                taken = (text_tokens, text_tokens + rows)
                found[ours] = (Source(self.number_tables[pattern], (table_rows, *rest), taken, (0, rows)),)
            elif pattern in self.parts:
                found[ours] = _joined(self.parts[pattern], layer, shape)
        return found

    def may_hold(self, name: str) -> bool:
        """Whether a tensor that nobody reads belongs to this layout all the same."""
        return any(re.fullmatch(re.escape(known).replace(r"\{i\}", r"\d+"), name) for known in self.unread)


def _pattern(name: str) -> tuple[str, str]:
    """A parameter's name with {i} for its layer, and the layer."""
    match = _LAYERED.match(name)
    return (name, "") if match is None else (_LAYERED.sub(r"\1.{i}.", name), match.group(2))


def _joined(names: tuple[str, ...], layer: str, shape: Shape) -> tuple[Source, ...]:
    if "{e}" in names[0]:  # one matrix per expert, stacked
        one = shape[1:]
        return tuple(
            Source(names[0].format(i=layer, e=expert), one, (0, one[0]), (expert, expert + 1))
            for expert in range(shape[0])
        )
    rows = shape[0] // len(names)
    return tuple(
        Source(name.format(i=layer), (rows, *shape[1:]), (0, rows), (part * rows, (part + 1) * rows))
        for part, name in enumerate(names)
    )


LLADA = Layout("LLaDA", _LLADA, _LLADA_TABLES, lacks=("vision", "experts", "vocabulary.numbers", "heading"))
LLADA_V = Layout(
    "LLaDA-V",
    {**_BACKBONE, **_VISION},
    _BACKBONE_TABLES,
    unread=_VISION_UNREAD,
    lacks=("experts", "vocabulary.numbers", "heading"),
)
WAM_DIFF = Layout(
    "WAM-Diff",
    {**_BACKBONE, **_VISION, **_EXPERTS},
    _BACKBONE_TABLES,
    _NUMBER_TABLES,
    unread=(*_VISION_UNREAD, *_EXPERTS_UNREAD),
    lacks=("heading",),
)


def layout_of(settings: Mapping[str, Any], where: str) -> Layout:
    """The layout that a released config.json belongs to.

    Raises:
        ConfigError: It belongs to none of the three.

    """
    if "d_model" in settings:
        return LLADA
    if "hidden_size" in settings and int(settings.get("num_experts") or 0) > 0:
        return WAM_DIFF
    if "hidden_size" in settings and "mm_hidden_size" in settings:
        return LLADA_V
    msg = (
        f"{where}: no known layout: wanted 'd_model' (LLaDA), 'hidden_size' with 'mm_hidden_size' (LLaDA-V) or with "
        f"'num_experts' (WAM-Diff); it has {', '.join(sorted(settings)) or 'nothing'}"
    )
    raise ConfigError(msg)
