"""The compiled engine gives what the reference gives, builds nothing after its start, and says what it cannot do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from test.engines.parts import decoded, prefilled, reference
from test.models.parts import SITUATION, TOKENIZER, make_answers, make_model, make_prompt, make_visual, tiny_config
from wam_ros.decoding import DecodeSettings
from wam_ros.engines import InductorEngine
from wam_ros.engines.inductor import why_no_compiler
from wam_ros.models import WamDiff, build_prompt

CLOSE: dict[str, Any] = {"atol": 1e-4, "rtol": 0.0}
PREPARED = 12  # visual tokens

needs_compiler = pytest.mark.skipif(why_no_compiler(torch.device("cpu")) != "", reason="no C++ compiler")


def model_of(attention: str) -> WamDiff:
    return make_model(tiny_config(attention=attention))


def prepared(model: WamDiff, *, guided: bool) -> InductorEngine:
    engine = InductorEngine(model, guided=guided)
    engine.prepare(len(make_prompt(model.config)), PREPARED)
    return engine


@needs_compiler
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # inductor's own imports
@pytest.mark.parametrize(("attention", "guidance"), [("prefix", 0.0), ("full", 1.5)])
def test_equal_to_the_reference_and_built_once(
    attention: str, guidance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, guided = model_of(attention), guidance > 0.0
    engine = prepared(model, guided=guided)
    assert (engine.backend, engine.fallbacks) == ("inductor", ())
    set_stance = torch.compiler.set_stance
    monkeypatch.setattr(torch.compiler, "set_stance", lambda _: set_stance("fail_on_recompile"))
    answer, wanted = prefilled(engine, model), reference(model, guided=guided)
    for seed in (2, 3):
        tokens = make_answers(1, seed=seed)
        found = answer.number_logits(answer.hidden(tokens))
        torch.testing.assert_close(found, wanted.number_logits(wanted.hidden(tokens)), **CLOSE)
    settings = DecodeSettings(guidance=guidance)
    assert torch.equal(decoded(prefilled(engine, model), settings).tokens, decoded(wanted, settings).tokens)
    with torch.no_grad():
        prefilled(engine, model).hidden(make_answers(1))
    assert engine.fallbacks == ()


def test_shapes_that_were_not_prepared_run_as_eager_and_are_told() -> None:
    model = model_of("prefix")
    engine = InductorEngine(model)
    short = build_prompt(SITUATION, TOKENIZER, model.config, 6).tokens
    cache = engine.prefill(short, make_visual(model.config, 6))
    tokens = make_answers(1)
    wanted = model.uncached(short, make_visual(model.config, 6)).hidden(tokens)
    torch.testing.assert_close(engine.hidden(cache, tokens), wanted, **CLOSE)
    assert engine.fallbacks == (f"prompt of {len(short)} tokens and 6 of image: not prepared, runs as eager",)


def test_without_a_compiler_it_runs_as_eager_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    model = model_of("prefix")
    engine = prepared(model, guided=False)
    assert engine.backend == "eager"
    (reason,) = engine.fallbacks
    assert "no C++ compiler" in reason
    assert "install g++" in reason
    tokens = make_answers(1)
    torch.testing.assert_close(prefilled(engine, model).hidden(tokens), reference(model).hidden(tokens), **CLOSE)


@needs_compiler
def test_a_failed_build_is_told_and_runs_as_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_nothing(*_: Any, **__: Any) -> Any:
        def fail(*_: Any) -> Any:
            msg = "no space left"
            raise RuntimeError(msg)

        return fail

    monkeypatch.setattr(torch, "compile", compile_nothing)
    model = model_of("prefix")
    engine = prepared(model, guided=False)
    assert (engine.backend, engine.fallbacks) == (
        "eager",
        ("inductor runs as eager: its build failed: no space left",),
    )
    tokens = make_answers(1)
    torch.testing.assert_close(prefilled(engine, model).hidden(tokens), reference(model).hidden(tokens), **CLOSE)
