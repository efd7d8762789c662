"""The ONNX files give what eager gives, in another runtime."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from test.models.parts import make_answers, make_model, make_prompt, make_visual, tiny_config
from wam_ros.core.errors import ConfigError
from wam_ros.engines import EagerEngine, EngineKey, build_engine
from wam_ros.models import WamDiff, WamDiffConfig, preset

CLOSE: dict[str, Any] = {"atol": 1e-4, "rtol": 0.0}
NETWORKS = {
    "tiny": (tiny_config(), 12),
    "tiny, full attention, rotary": (tiny_config(attention="full", positions="rotary"), 12),
    "small": (preset("small"), 240),
}


def key_of(model: WamDiff, visual_tokens: int) -> EngineKey:
    length = len(make_prompt(model.config, visual_tokens))
    return EngineKey.here("onnx", model, "abc", prompt_length=length, visual_tokens=visual_tokens)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the exporter
@pytest.mark.parametrize(("config", "visual_tokens"), NETWORKS.values(), ids=NETWORKS)
def test_both_programs_equal_eager_in_onnxruntime(config: WamDiffConfig, visual_tokens: int, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")

    def run(name: str, inputs: dict[str, Tensor]) -> list[Tensor]:
        session = runtime.InferenceSession(str(folder / name), providers=["CPUExecutionProvider"])
        return [torch.from_numpy(out) for out in session.run(None, {k: v.numpy() for k, v in inputs.items()})]

    model = make_model(config)
    folder = build_engine(model, key_of(model, visual_tokens), tmp_path).folder
    prompt, visual = make_prompt(config, visual_tokens), make_visual(config, visual_tokens)
    engine = EagerEngine(model)
    cache = engine.prefill(prompt, visual)
    flat = [tensor for layer in cache.layers for tensor in layer]
    caches = run("prefill.onnx", {"prompt": prompt[None], "visual": visual[None]})
    torch.testing.assert_close(caches, flat, **CLOSE)
    names = [f"layers_{layer}_{part}" for layer in range(config.layers) for part in range(2)]
    tokens = make_answers(1)
    (hidden,) = run("step.onnx", {"tokens": tokens, **dict(zip(names, caches))})
    torch.testing.assert_close(hidden, engine.hidden(cache, tokens), **CLOSE)


@pytest.mark.skipif(importlib.util.find_spec("onnxscript") is not None, reason="it is there")
def test_it_says_what_is_missing(tmp_path: Path) -> None:
    model = make_model(tiny_config())
    with pytest.raises(ConfigError, match=r"onnxscript not installed: pip install -r requirements/onnx\.txt"):
        build_engine(model, key_of(model, 12), tmp_path)
