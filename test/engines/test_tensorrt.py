"""TensorRT's programs give what eager gives. Needs torch_tensorrt, TensorRT and a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from test.models.parts import make_answers, make_model, make_prompt, make_visual, tiny_config
from wam_ros.engines import BuiltEngine, EagerEngine, EngineKey, build_engine
from wam_ros.engines.tensorrt import why_no_tensorrt


@pytest.mark.gpu
@pytest.mark.tensorrt
@pytest.mark.slow
@pytest.mark.skipif(why_no_tensorrt() != "", reason=why_no_tensorrt())
def test_built_programs_equal_eager(tmp_path: Path) -> None:
    model = make_model(tiny_config()).cuda()
    prompt, visual = make_prompt(model.config).cuda(), make_visual(model.config).cuda()
    shapes = {"prompt_length": len(prompt), "visual_tokens": len(visual)}
    build_engine(model, EngineKey.here("tensorrt", model, "abc", **shapes), tmp_path)
    engine = BuiltEngine("tensorrt", model, "abc", tmp_path, fall_back="none")
    engine.prepare(**shapes)
    eager, tokens = EagerEngine(model), make_answers(1).cuda()
    found = engine.hidden(engine.prefill(prompt, visual), tokens)
    wanted = eager.hidden(eager.prefill(prompt, visual), tokens)
    torch.testing.assert_close(found, wanted, atol=1e-2, rtol=0.0)
