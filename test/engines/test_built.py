"""An engine built ahead gives what eager gives, is refused where it does not belong, and never builds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from test.engines.parts import decoded, prefilled, reference
from test.models.parts import make_answers, make_model, make_prompt, make_visual, tiny_config
from wam_ros.core.errors import ConfigError
from wam_ros.decoding import DecodeSettings
from wam_ros.engines import BuiltEngine, EngineChoice, EngineKey, StoredEngine, build_engine, make_engine
from wam_ros.engines.inductor import why_no_compiler
from wam_ros.models import WamDiff

CLOSE: dict[str, Any] = {"atol": 1e-4, "rtol": 0.0}
WEIGHTS = "abc"
LENGTH, VISUAL = len(make_prompt(tiny_config())), 12

needs_compiler = pytest.mark.skipif(why_no_compiler(torch.device("cpu")) != "", reason="no C++ compiler")


@pytest.fixture(scope="module")
def model() -> WamDiff:
    return make_model(tiny_config(attention="full"))  # with a prompt pass that makes a tensor of its own


def key_of(model: WamDiff, backend: str = "inductor") -> EngineKey:
    return EngineKey.here(backend, model, WEIGHTS, prompt_length=LENGTH, visual_tokens=VISUAL)


@pytest.fixture(scope="module")
def stored(model: WamDiff, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEngine]:
    """One build for all tests: it takes the time."""
    out = tmp_path_factory.mktemp("engines")
    yield build_engine(model, key_of(model), out)
    shutil.rmtree(out)


def start(model: WamDiff, engines: Path, weights_hash: str = WEIGHTS, **options: Any) -> BuiltEngine:
    engine = BuiltEngine("inductor", model, weights_hash, engines, **options)
    engine.prepare(LENGTH, VISUAL)
    return engine


@needs_compiler
@pytest.mark.slow
def test_equal_to_the_reference_with_the_networks_own_weights(
    model: WamDiff, stored: StoredEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for builder in ("torch.compile", "torch.export.export", "wam_ros.engines.package.aoti_compile_and_package"):
        monkeypatch.delattr(builder)
    engine = start(model, stored.folder.parent)
    assert (engine.backend, engine.fallbacks) == ("inductor", ())
    answer, wanted = prefilled(engine, model), reference(model)
    for seed in (2, 3):
        tokens = make_answers(1, seed=seed)
        torch.testing.assert_close(answer.hidden(tokens), wanted.hidden(tokens), **CLOSE)
    assert torch.equal(
        decoded(prefilled(engine, model), DecodeSettings()).tokens, decoded(wanted, DecodeSettings()).tokens
    )
    assert engine.fallbacks == ()
    # The files hold no weights: with others of the same network the same programs give the others' answers.
    other = make_model(model.config, seed=5)
    engine = start(other, stored.folder)
    torch.testing.assert_close(prefilled(engine, other).hidden(tokens), reference(other).hidden(tokens), **CLOSE)
    assert sum(path.stat().st_size for path in stored.folder.iterdir()) < 8e6


@needs_compiler
@pytest.mark.slow
def test_it_is_refused_by_name_or_runs_as_eager_as_it_was_told(model: WamDiff, stored: StoredEngine) -> None:
    engines = stored.folder.parent
    with pytest.raises(ConfigError, match=r"backend inductor: .* engine is for weights_hash 'abc', wanted 'new'"):
        start(model, engines, "new", fall_back="none")
    with pytest.raises(ConfigError, match="engine is for answers 1, wanted 2"):
        start(model, engines, answers=2, fall_back="none")
    engine = start(model, engines, guided=True)
    assert engine.backend == "eager"
    (reason,) = engine.fallbacks
    assert reason.startswith("inductor runs as eager: ")
    assert "engine is for contexts 1, wanted 2" in reason
    tokens = make_answers(1)
    wanted = reference(model, guided=True).hidden(tokens)
    torch.testing.assert_close(prefilled(engine, model).hidden(tokens), wanted, **CLOSE)


@needs_compiler
@pytest.mark.slow
def test_a_file_that_was_changed_is_not_loaded(model: WamDiff, stored: StoredEngine, tmp_path: Path) -> None:
    copy = tmp_path / stored.folder.name
    shutil.copytree(stored.folder, copy)
    with (copy / "step.pt2").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigError, match=r"step\.pt2: SHA-256 .*: not loaded; build it anew"):
        start(model, copy, fall_back="none")


def test_without_a_built_engine_nothing_is_built(model: WamDiff, tmp_path: Path) -> None:
    engine = start(model, tmp_path)
    assert engine.backend == "eager"
    assert "no built engine there" in engine.fallbacks[0]
    assert list(tmp_path.iterdir()) == []
    tokens = make_answers(1)
    torch.testing.assert_close(prefilled(engine, model).hidden(tokens), reference(model).hidden(tokens), **CLOSE)


def test_the_registry_takes_a_folder_of_engines(model: WamDiff, tmp_path: Path) -> None:
    engine = make_engine(EngineChoice("inductor", tmp_path, "none"), model, WEIGHTS)
    assert isinstance(engine, BuiltEngine)
    with pytest.raises(ConfigError, match=r"backend inductor: .*no built engine there"):
        engine.prepare(LENGTH, VISUAL)


def test_what_cannot_be_built_is_refused(model: WamDiff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="backend: unknown 'eager'"):
        build_engine(model, replace(key_of(model), backend="eager"), tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"backend inductor: no C\+\+ compiler .* install g\+\+"):
        build_engine(model, key_of(model), tmp_path)
    assert list(tmp_path.iterdir()) == []


@needs_compiler
def test_a_build_that_fails_is_told(model: WamDiff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        msg = "internal compiler error"
        raise RuntimeError(msg)

    monkeypatch.setattr("wam_ros.engines.package.aoti_compile_and_package", fail)
    with pytest.raises(ConfigError, match="backend inductor: its build failed: internal compiler error"):
        build_engine(model, key_of(model), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_prompts_that_were_not_prepared_run_as_eager(model: WamDiff, tmp_path: Path) -> None:
    engine = BuiltEngine("inductor", model, WEIGHTS, tmp_path)
    cache = engine.prefill(make_prompt(model.config), make_visual(model.config))
    tokens = make_answers(1)
    torch.testing.assert_close(engine.hidden(cache, tokens), reference(model).hidden(tokens), **CLOSE)
    assert engine.fallbacks == (f"prompt of {LENGTH} tokens and {VISUAL} of image: not prepared, runs as eager",)
