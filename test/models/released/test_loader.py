from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("tokenizers")

from test.models.released import published_forward as published
from test.models.released.parts import (
    BASE,
    CAMERA,
    EXPERTS,
    LAYERS,
    LAYOUTS,
    TEXT_TOKENS,
    TILES,
    TOWER,
    tensors,
    tiny_config,
    write_folder,
    write_weights,
)
from wam_ros.core.errors import ConfigError
from wam_ros.models import Checkpoint, HybridTokenizer, Situation, build_prompt, save_checkpoint
from wam_ros.models.released import load_released
from wam_ros.models.tiling import cut, lay_out


def load(folder: Path, **options: Any) -> Checkpoint:
    return load_released(folder, CAMERA, BASE, **options)


def expected_state(layout: str, theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our state written out by hand, without what the layout lacks."""
    ours: dict[str, Tensor] = {}
    if layout == "LLaDA":
        theirs = published.llada_backbone(theirs)
    embedding, head = theirs["model.embed_tokens.weight"], theirs["lm_head.weight"]
    ours["vocabulary.text.weight"], ours["vocabulary.text_head.weight"] = embedding[:TEXT_TOKENS], head[:TEXT_TOKENS]
    if layout == "WAM-Diff":
        ours["vocabulary.numbers.inward.weight"] = embedding[TEXT_TOKENS:]
        ours["vocabulary.numbers.outward.weight"] = head[TEXT_TOKENS:]
    ours["norm.weight"] = theirs["model.norm.weight"]
    for i in range(LAYERS):
        layer, block = f"model.layers.{i}", f"blocks.{i}"
        attention, mlp = f"{layer}.self_attn", f"{layer}.mlp"
        ours[f"{block}.qkv.weight"] = torch.cat([theirs[f"{attention}.{name}_proj.weight"] for name in "qkv"])
        ours[f"{block}.out.weight"] = theirs[f"{attention}.o_proj.weight"]
        ours[f"{block}.ffn.gate_up.weight"] = torch.cat([theirs[f"{mlp}.{a}_proj.weight"] for a in ("gate", "up")])
        ours[f"{block}.ffn.down.weight"] = theirs[f"{mlp}.down_proj.weight"]
        ours[f"{block}.attention_norm.weight"] = theirs[f"{layer}.input_layernorm.weight"]
        ours[f"{block}.ffn_norm.weight"] = theirs[f"{layer}.post_attention_layernorm.weight"]
        if layout == "WAM-Diff":
            experts = [f"{layer}.moe.experts.{e}" for e in range(EXPERTS)]
            ours[f"{block}.experts.gate.weight"] = theirs[f"{layer}.moe.gate.weight"]
            ours[f"{block}.experts.down"] = torch.stack([theirs[f"{expert}.lora_A"] for expert in experts])
            ours[f"{block}.experts.up"] = torch.stack([theirs[f"{expert}.lora_B"] for expert in experts])
    if layout == "LLaDA":
        return ours
    ours["vision.newline"] = theirs["model.image_newline"]
    ours["vision.positions"] = theirs[f"{TOWER}.embeddings.position_embedding.weight"]
    for kind in ("weight", "bias"):
        ours[f"vision.patches.{kind}"] = theirs[f"{TOWER}.embeddings.patch_embedding.{kind}"]
        for index in (0, 2):
            ours[f"vision.project.{index}.{kind}"] = theirs[f"model.mm_projector.{index}.{kind}"]
        for i in range(TILES.layers):
            layer, mine = f"{TOWER}.encoder.layers.{i}", f"vision.layers.{i}"
            joined = [theirs[f"{layer}.self_attn.{name}_proj.{kind}"] for name in "qkv"]
            ours[f"{mine}.qkv.{kind}"] = torch.cat(joined)
            ours[f"{mine}.out.{kind}"] = theirs[f"{layer}.self_attn.out_proj.{kind}"]
            ours[f"{mine}.attention_norm.{kind}"] = theirs[f"{layer}.layer_norm1.{kind}"]
            ours[f"{mine}.ffn_norm.{kind}"] = theirs[f"{layer}.layer_norm2.{kind}"]
            ours[f"{mine}.up.{kind}"] = theirs[f"{layer}.mlp.fc1.{kind}"]
            ours[f"{mine}.down.{kind}"] = theirs[f"{layer}.mlp.fc2.{kind}"]
    return ours


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_published_folder_becomes_our_network_bit_by_bit(tmp_path: Path, layout: str, shards: int) -> None:
    theirs = tensors(layout)
    loaded = load(write_folder(tmp_path, layout, theirs, shards))
    assert loaded.model.config == tiny_config(layout)
    assert loaded.tokenizer.number_base == TEXT_TOKENS
    assert not loaded.model.training
    state = loaded.model.state_dict()
    wanted = expected_state(layout, theirs)
    for name, value in wanted.items():
        assert state[name].dtype == torch.bfloat16, name
        assert torch.equal(state[name], value), name
    rest = set(state) - set(wanted)
    lacks = loaded.provenance.split("not trained: ")[1].split(", ")
    assert all(any(f".{part}." in f".{name}" for part in lacks) for name in rest)
    assert not any(value.is_meta for value in [*loaded.model.parameters(), *loaded.model.buffers()])
    assert all(bool(value.isfinite().all()) for value in state.values())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_logits_are_those_of_the_published_arithmetic(tmp_path: Path, layout: str) -> None:
    theirs = tensors(layout, torch.float32)
    model = load(write_folder(tmp_path, layout, theirs)).model
    weights = published.double(theirs)
    if layout == "LLaDA":
        weights = published.llada_backbone(weights)
    generator = torch.Generator().manual_seed(3)
    rows = torch.randint(0, TEXT_TOKENS + (20_001 if layout == "WAM-Diff" else 0), (40,), generator=generator)
    answer = torch.full((1, 32), model.config.mask_id)
    wanted = published.backbone(weights, weights["model.embed_tokens.weight"][torch.cat([rows, answer[0]])], 40, 2.0)
    nothing = torch.zeros(1, model.config.width)
    with torch.no_grad():
        hidden = model.prefill(rows, nothing).hidden(answer)[0]
        logits = model.logits(hidden)
    known = logits.shape[1] if layout == "WAM-Diff" else TEXT_TOKENS
    torch.testing.assert_close(logits[:, :known], wanted[40:, :known].float(), atol=2e-3, rtol=1e-3)
    assert wanted.std() > 0.1


def test_visual_tokens_are_those_of_the_published_tower(tmp_path: Path) -> None:
    theirs = tensors("WAM-Diff", torch.float32)
    model = load(write_folder(tmp_path, "WAM-Diff", theirs)).model
    image = torch.randint(0, 256, (56, 112, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))
    layout = lay_out(56, 112, TILES)
    weights = published.double(theirs)
    crops = (cut(image, layout, TILES) / 255.0 - 0.5) / 0.5
    overview, *tiles = [published.crop_features(weights, crop) for crop in crops]
    lines = torch.cat([tile.view(4, 4, -1) for tile in tiles], dim=1)
    newline = weights["model.image_newline"].expand(4, 1, -1)
    wanted = torch.cat([overview, torch.cat([lines, newline], dim=1).flatten(0, 1)])
    with torch.no_grad():
        seen = model.see(image[None])[0]
    assert seen.shape == wanted.shape
    torch.testing.assert_close(seen, wanted.float(), atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_network_of_bf16_answers_a_prompt_and_gives_headings(tmp_path: Path, layout: str) -> None:
    loaded = load(write_folder(tmp_path, layout, tensors(layout)))
    model = loaded.model
    assert model.compute_dtype == torch.bfloat16
    with torch.no_grad():
        visual = model.see(torch.full((1, 56, 112, 3), 90, dtype=torch.uint8))[0]
    situation = Situation("straight", velocity=(8.92, -0.15))
    prompt = build_prompt(situation, loaded.tokenizer, model.config, len(visual)).tokens
    hidden = model.prefill(prompt, visual).hidden(torch.full((1, 32), model.config.mask_id))
    assert model.logits(hidden).isfinite().all()
    straight = torch.stack([torch.arange(1.0, 9.0), torch.zeros(8)], dim=-1)[None]
    assert torch.equal(model.heading(straight), torch.zeros(1, 8))


def test_what_a_layout_lacks_does_not_change_what_it_has(tmp_path: Path) -> None:
    state = load(write_folder(tmp_path, "LLaDA-V", tensors("LLaDA-V"))).model.state_dict()
    assert all(not value.any() for name, value in state.items() if name.endswith("experts.up"))
    assert not state["heading.layers.4.weight"].any()


def test_a_type_can_be_asked_for_and_the_hash_is_of_what_was_read(tmp_path: Path) -> None:
    theirs = tensors("WAM-Diff")
    write_folder(tmp_path / "a", "WAM-Diff", theirs, shards=1)
    write_folder(tmp_path / "b", "WAM-Diff", theirs, shards=2)
    one, other = load(tmp_path / "a"), load(tmp_path / "b", dtype=torch.float32)
    assert one.weights_hash == other.weights_hash
    assert other.model.compute_dtype == torch.float32
    wanted = expected_state("WAM-Diff", theirs)
    assert all(torch.equal(other.model.state_dict()[name], value.float()) for name, value in wanted.items())
    theirs["model.layers.1.moe.experts.2.lora_B"][0, 0] += 1.0
    assert load(write_folder(tmp_path / "c", "WAM-Diff", theirs)).weights_hash != one.weights_hash


def test_tensors_that_nobody_reads_may_be_there(tmp_path: Path) -> None:
    theirs = tensors("WAM-Diff")
    theirs |= {f"{TOWER}.post_layernorm.{kind}": torch.ones(TILES.width) for kind in ("weight", "bias")}
    theirs |= {f"model.layers.{i}.moe.expert_bias": torch.zeros(EXPERTS) for i in range(LAYERS)}
    assert load(write_folder(tmp_path, "WAM-Diff", theirs)).model.compute_dtype == torch.bfloat16


def test_all_tensors_that_do_not_fit_are_named_in_groups_with_the_remedy(tmp_path: Path) -> None:
    theirs = tensors("WAM-Diff")
    for i in range(LAYERS):
        del theirs[f"model.layers.{i}.mlp.up_proj.weight"]
        for e in range(EXPERTS):
            name = f"model.layers.{i}.moe.experts.{e}.lora_A"
            theirs[name] = theirs[name].T.contiguous()
    del theirs["model.image_newline"]
    theirs["model.layers.0.self_attn.q_proj.bias"] = torch.zeros(32)
    theirs["lm_head.weight"] = theirs["lm_head.weight"].to(torch.int8)
    with pytest.raises(ConfigError) as caught:
        load(write_folder(tmp_path, "WAM-Diff", theirs))
    text = str(caught.value)
    assert "read as WAM-Diff" in text
    assert "missing: model.image_newline, model.layers.0-1.mlp.up_proj.weight" in text
    assert "not of this layout: model.layers.0.self_attn.q_proj.bias;" in text
    assert "misshapen: model.layers.0-1.moe.experts.0-2.lora_A (32, 4) instead of (4, 32)" in text
    assert "of a type that is not read (BF16, F16, F32 are): lm_head.weight" in text
    assert "one and the same download" in text


def test_weights_of_another_layout_are_refused_by_name(tmp_path: Path) -> None:
    write_folder(tmp_path, "LLaDA-V", tensors("LLaDA"))
    with pytest.raises(
        ConfigError, match=r"read as LLaDA-V.*not of this layout: .*model.transformer.blocks.0-1.ff_out"
    ):
        load(tmp_path)


def test_several_types_are_refused_unless_one_is_asked_for(tmp_path: Path) -> None:
    theirs = tensors("LLaDA")
    theirs["model.transformer.blocks.0.q_proj.weight"] = theirs["model.transformer.blocks.0.q_proj.weight"].float()
    write_folder(tmp_path, "LLaDA", theirs)
    with pytest.raises(ConfigError, match=r"pass dtype\): .*F32: model.transformer.blocks.0.q_proj.weight"):
        load(tmp_path)
    state = load(tmp_path, dtype=torch.bfloat16).model.state_dict()
    assert torch.equal(state["blocks.0.qkv.weight"][:32], theirs["model.transformer.blocks.0.q_proj.weight"].bfloat16())


def _cut_a_shard(folder: Path) -> None:
    shard = folder / "model-00002-of-00003.safetensors"
    shard.write_bytes(shard.read_bytes()[:-5])


def _garble_a_shard(folder: Path) -> None:
    (folder / "model-00001-of-00003.safetensors").write_bytes(pickle.dumps({"weights": 1}) * 10)


def _edit_index(**entries: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "model.safetensors.index.json"
        index = json.loads(path.read_text())
        index["weight_map"] |= entries
        path.write_text(json.dumps(index))

    return edit


def _point_index_elsewhere(folder: Path) -> None:
    _edit_index(**{"model.transformer.wte.weight": "../elsewhere.safetensors"})(folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cut_a_shard, r"model-00002-of-00003.safetensors: not a whole safetensors file: .* ends at byte .*copy it"),
        (_garble_a_shard, r"model-00001-of-00003.safetensors: not a whole safetensors file"),
        (
            lambda folder: (folder / "model-00003-of-00003.safetensors").unlink(),
            r"names model-00003-of-00003.safetensors, not there",
        ),
        (_edit_index(extra="model-00001-of-00003.safetensors"), r"in the index but not in the file .*: extra\. Index"),
        (_point_index_elsewhere, r"weight_map must give for each tensor the name of a file beside it"),
        (lambda folder: (folder / "model.safetensors.index.json").write_text("[]"), r"cannot be read as an index"),
        (lambda folder: (folder / "model.safetensors.index.json").unlink(), r"neither .*download the weights"),
        (lambda folder: (folder / "config.json").write_text("{"), r"config.json: cannot be read as JSON"),
        (lambda folder: (folder / "config.json").unlink(), r"config.json: cannot be read as JSON"),
    ],
)
def test_broken_downloads_are_refused_with_the_file(
    tmp_path: Path, damage: Callable[[Path], object], message: str
) -> None:
    write_folder(tmp_path, "LLaDA", tensors("LLaDA"))
    damage(tmp_path)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path)


def test_pickles_are_named_and_never_read(tmp_path: Path) -> None:
    write_folder(tmp_path, "LLaDA", tensors("LLaDA"), shards=1)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"pytorch_model.bin may run code when loaded: convert to safetensors"):
        load(tmp_path)
    with pytest.raises(ConfigError, match="no such checkpoint folder"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("layout", "change", "message"),
    [
        ("LLaDA-V", {"num_key_value_heads": 1}, r"num_key_value_heads = 1, wanted 2 \(as many as heads\)"),
        ("LLaDA-V", {"tie_word_embeddings": True}, r"tie_word_embeddings = True, wanted False"),
        ("LLaDA-V", {"mm_hidden_size": 1152}, r"mm_hidden_size = 1152, wanted 16 \(the tower's width\)"),
        ("LLaDA-V", {"vocab_size": 500}, r"vocab_size = 500, wanted the 569 of the tokenizer or some more"),
        ("LLaDA-V", {"rope_theta": None}, r"rope_theta missing or no number"),
        ("WAM-Diff", {"moe_choice": "token"}, r"moe_choice = 'token', wanted 'expert'"),
        ("WAM-Diff", {"vocab_size": 20_000}, r"vocab_size = 20000, wanted 20570"),
        ("LLaDA", {"mask_token_id": 5}, r"mask_token_id = 5, wanted 556 \(the tokenizer's\)"),
    ],
)
def test_settings_of_another_network_are_refused(
    tmp_path: Path, layout: str, change: dict[str, Any], message: str
) -> None:
    write_folder(tmp_path, layout, tensors(layout))
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ConfigError, match=message):
        load(tmp_path)


def test_a_single_file_wins_over_nothing_and_the_index_over_a_single_file(tmp_path: Path) -> None:
    write_folder(tmp_path, "LLaDA", tensors("LLaDA", seed=1), shards=2)
    write_weights(tmp_path, tensors("LLaDA", seed=2), shards=1)
    wanted = tensors("LLaDA", seed=1)["model.transformer.ln_f.weight"]
    assert torch.equal(load(tmp_path).model.norm.weight, wanted)


def test_a_released_vocabulary_is_not_written_as_a_closed_one(tmp_path: Path) -> None:
    loaded = load(write_folder(tmp_path / "released", "LLaDA", tensors("LLaDA")))
    with pytest.raises(ConfigError, match="only the closed vocabulary is written, this one is a HfVocabulary"):
        save_checkpoint(tmp_path / "ours", loaded)
    with pytest.raises(ConfigError, match="belong to different checkpoints"):
        Checkpoint(loaded.model, HybridTokenizer(), CAMERA, "")
