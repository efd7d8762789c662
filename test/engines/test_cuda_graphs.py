"""Graphs give what eager gives, out of fixed memory, and where none can be had eager runs and says so.

Without a GPU only the capture itself is stood in for: by running anew into the memory of the first run.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils import _pytree

from test.engines.parts import decoded, prefilled, reference
from test.models.parts import make_answers, make_model, make_prompt, make_visual, tiny_config
from wam_ros.decoding import DecodeSettings
from wam_ros.engines import CudaGraphEngine, EagerEngine, EngineChoice, make_engine
from wam_ros.models import WamDiff

CLOSE: dict[str, Any] = {"atol": 1e-4, "rtol": 0.0}
VISUAL = 12


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def captured(device: torch.device, run: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
        result = run()

        def replay() -> None:
            for kept, new in zip(_pytree.tree_leaves(result), _pytree.tree_leaves(run()), strict=True):
                kept.copy_(new)

        for kept in _pytree.tree_leaves(result):
            kept.fill_(torch.nan)  # a capture computes nothing
        return replay, result

    monkeypatch.setattr("wam_ros.engines.cuda_graphs.captured", captured)


def prepared(model: WamDiff, **options: Any) -> CudaGraphEngine:
    engine = CudaGraphEngine(model, **options)
    engine.prepare(len(make_prompt(model.config)), VISUAL)
    assert engine.fallbacks == ()
    return engine


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("answers", [1, 3])
@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("attention", ["prefix", "full"])
def test_steps_equal_the_reference(attention: str, guided: bool, answers: int) -> None:
    model = make_model(tiny_config(attention=attention))
    engine, wanted = prepared(model, guided=guided, answers=answers), reference(model, guided=guided)
    engine.prefill(make_prompt(model.config), make_visual(model.config, seed=7))  # another image leaves nothing
    cache = engine.prefill(make_prompt(model.config), make_visual(model.config))
    for seed in (2, 3):
        tokens = make_answers(answers, seed=seed)
        torch.testing.assert_close(engine.hidden(cache, tokens), wanted.hidden(tokens), **CLOSE)
    assert (engine.backend, engine.fallbacks) == ("eager", ())


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("scaffold", [True, False])
def test_decoding_gives_the_same_tokens(scaffold: bool) -> None:
    model = make_model(tiny_config())
    settings = DecodeSettings(scaffold=scaffold, pairs=scaffold)
    found = decoded(prefilled(prepared(model), model), settings)
    assert torch.equal(found.tokens, decoded(reference(model), settings).tokens)


@pytest.mark.usefixtures("stand_in")
def test_hidden_rows_hold_until_the_next_step() -> None:
    model = make_model(tiny_config())
    answer = prefilled(prepared(model), model)
    one = answer.hidden(make_answers(1, seed=2))
    kept = one.clone()
    two = answer.hidden(make_answers(1, seed=3))
    assert one.data_ptr() == two.data_ptr()
    assert not torch.equal(one, kept)


@pytest.mark.usefixtures("stand_in")
def test_other_shapes_run_without_a_graph() -> None:
    model = make_model(tiny_config())
    engine, wanted = prepared(model), reference(model)
    cache = engine.prefill(make_prompt(model.config), make_visual(model.config))
    tokens = make_answers(2)
    torch.testing.assert_close(engine.hidden(cache, tokens), wanted.hidden(tokens), **CLOSE)
    assert engine.fallbacks == ()
    engine.prefill(make_prompt(model.config, 5), make_visual(model.config, 5))
    assert "5 of image: not prepared, runs as eager" in " ".join(engine.fallbacks)


def test_a_capture_that_fails_is_told_and_driving_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        msg = "CUDA error: operation not permitted when stream is capturing"
        raise RuntimeError(msg)

    monkeypatch.setattr("wam_ros.engines.cuda_graphs.captured", fail)
    model = make_model(tiny_config())
    engine = CudaGraphEngine(model)
    engine.prepare(len(make_prompt(model.config)), VISUAL)
    (told,) = engine.fallbacks
    assert told.startswith(
        "eager with CUDA graphs runs as eager: its build failed: CUDA error: operation not permitted"
    )
    tokens = make_answers(1)
    torch.testing.assert_close(prefilled(engine, model).hidden(tokens), reference(model).hidden(tokens), **CLOSE)


def test_only_a_cuda_device_has_graphs() -> None:
    assert type(make_engine(EngineChoice(), make_model(tiny_config()))) is EagerEngine
    there: Any = SimpleNamespace(device=torch.device("cuda"))
    assert isinstance(make_engine(EngineChoice(), there), CudaGraphEngine)


@pytest.mark.parametrize("attention", ["prefix", "full"])
def test_the_programs_make_nothing_on_the_default_device(attention: str) -> None:
    """Tensors of the default device, here one without memory, would not mix with the network's on a GPU either."""
    model = make_model(tiny_config(attention=attention))
    engine, prompt, visual = EagerEngine(model, guided=True), make_prompt(model.config), make_visual(model.config)
    tokens = make_answers(2)
    with torch.inference_mode(), torch.device("meta"):
        assert torch.zeros(1).is_meta
        hidden = engine.hidden(engine.prefill(prompt, visual), tokens)
        logits = (model.number_logits(hidden), model.logits(hidden))
    assert all(isinstance(values, Tensor) and values.isfinite().all() for values in logits)


@pytest.mark.gpu
@pytest.mark.parametrize("attention", ["prefix", "full"])
def test_on_a_gpu_as_on_the_cpu(attention: str) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model = make_model(tiny_config(attention=attention))
    tokens = [make_answers(1, seed=seed) for seed in (2, 3)]
    cache = EagerEngine(model).prefill(make_prompt(model.config), make_visual(model.config))
    wanted = [EagerEngine(model).hidden(cache, answer) for answer in tokens]
    model.to("cuda")
    for engine in (prepared(model), EagerEngine(model)):
        cache = engine.prefill(make_prompt(model.config).cuda(), make_visual(model.config).cuda())
        for answer, rows in zip(tokens, wanted, strict=True):
            torch.testing.assert_close(engine.hidden(cache, answer.cuda()).cpu(), rows, atol=1e-3, rtol=0.0)


@pytest.mark.gpu
def test_what_waits_for_a_gpu_cannot_be_captured_and_is_told() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model = make_model(tiny_config()).to("cuda")
    engine = CudaGraphEngine(model)
    inner = engine._step_program.forward

    def waiting(tokens: Tensor, layers: Any) -> Tensor:
        assert int(tokens.sum()) > 0
        return inner(tokens, layers)

    engine._step_program.forward = waiting  # type: ignore[method-assign]
    prompt = make_prompt(model.config).cuda()
    engine.prepare(len(prompt), VISUAL)
    assert len(engine.fallbacks) == 1
    cache = engine.prefill(prompt, make_visual(model.config).cuda())
    assert engine.hidden(cache, make_answers(1).cuda()).isfinite().all()
