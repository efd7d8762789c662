"""The exported programs give what eager gives, at the shapes of the network's own image."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from test.models.parts import make_answers, make_model, make_prompt, make_visual, reduced_8b, tiny_config
from wam_ros.engines import EagerEngine, EngineKey
from wam_ros.engines.export import export_programs
from wam_ros.models import WamDiff, WamDiffConfig, preset

CLOSE: dict[str, Any] = {"atol": 1e-5, "rtol": 0.0}
NETWORKS = {
    "tiny": (tiny_config(), 12),
    "tiny, full attention": (tiny_config(attention="full"), 12),
    "small": (preset("small"), 240),
    "the paper's, cut down": (reduced_8b(), 52),
}


def key_of(model: WamDiff, visual_tokens: int, *, answers: int = 1, guided: bool = False) -> EngineKey:
    length = len(make_prompt(model.config, visual_tokens))
    shapes = {"prompt_length": length, "visual_tokens": visual_tokens, "answers": answers}
    return EngineKey.here("inductor", model, "abc", contexts=2 if guided else 1, **shapes)


@pytest.mark.parametrize(("config", "visual_tokens"), NETWORKS.values(), ids=NETWORKS)
def test_both_programs_equal_eager(config: WamDiffConfig, visual_tokens: int) -> None:
    model = make_model(config)
    exported = export_programs(model, key_of(model, visual_tokens))
    prompt, visual = make_prompt(config, visual_tokens), make_visual(config, visual_tokens)
    engine = EagerEngine(model)
    cache = engine.prefill(prompt, visual)
    layers = exported.prefill.module()(prompt[None], visual[None])
    torch.testing.assert_close(layers, cache.layers, **CLOSE)
    tokens = make_answers(1)
    torch.testing.assert_close(exported.step.module()(tokens, layers), engine.hidden(cache, tokens), **CLOSE)


def test_attention_in_parts_is_as_near_to_float32_as_the_fused_one() -> None:
    config, visual_tokens = replace(preset("small"), experts=None), 240  # experts would choose other rows
    prompt, visual, tokens = make_prompt(config, visual_tokens), make_visual(config, visual_tokens), make_answers(1)
    exact = make_model(config).prefill(prompt, visual).hidden(tokens)
    model = make_model(config).set_compute_dtype(torch.bfloat16)
    exported = export_programs(model, key_of(model, visual_tokens))
    assert not any("scaled_dot_product" in str(node.target) for node in exported.step.graph.nodes)
    layers = exported.prefill.module()(prompt[None], visual[None].bfloat16())
    in_parts = (exported.step.module()(tokens, layers).float() - exact).abs()
    engine = EagerEngine(model)
    fused = (engine.hidden(engine.prefill(prompt, visual.bfloat16()), tokens).float() - exact).abs()
    assert not torch.equal(in_parts, fused)
    assert in_parts.mean() < 1.1 * fused.mean()
    assert in_parts.max() < 1.5 * fused.max()


def test_the_papers_widths_and_shapes_need_no_weights() -> None:
    config = replace(preset("wam_diff_8b"), layers=2)
    with torch.device("meta"):
        model = WamDiff(config).set_compute_dtype(torch.bfloat16).eval()
    key = EngineKey("onnx", "", "", "", "", 0, "", "", "bfloat16", "full", 2385, 2185, 1, 2)
    exported = export_programs(model, key)
    (outputs,) = exported.prefill.graph.find_nodes(op="output")[0].args
    assert [tuple(node.meta["val"].shape) for node in outputs] == [(1, 32, 2385, 128)] * 4
    ((hidden,),) = exported.step.graph.find_nodes(op="output")[0].args
    assert (tuple(hidden.meta["val"].shape), hidden.meta["val"].dtype) == ((2, 32, 4096), torch.bfloat16)


def test_contexts_and_answers_are_part_of_the_step() -> None:
    model = make_model(tiny_config())
    exported = export_programs(model, key_of(model, 12, answers=3, guided=True))
    engine = EagerEngine(model, guided=True)
    cache = engine.prefill(make_prompt(model.config), make_visual(model.config))
    tokens = make_answers(3)
    step = exported.step.module()
    with torch.inference_mode():
        torch.testing.assert_close(step(tokens, cache.layers), engine.hidden(cache, tokens), **CLOSE)
        with pytest.raises(AssertionError, match=r"[Gg]uard failed"):  # shapes are fixed
            step(make_answers(1), cache.layers)
