"""The eager engine gives what its mode's uncached reference gives."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from test.engines.parts import decoded, prefilled, reference
from test.models.parts import make_answers, make_model, make_prompt, make_visual, tiny_config
from wam_ros.core.errors import InputError
from wam_ros.decoding import DecodeSettings
from wam_ros.engines import EagerEngine

CLOSE: dict[str, Any] = {"atol": 1e-4, "rtol": 0.0}


@pytest.mark.parametrize("answers", [1, 3])
@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("kind", [{}, {"positions": "rotary"}, {"experts": None}], ids=str)
@pytest.mark.parametrize("attention", ["prefix", "full"])
def test_steps_equal_the_reference(attention: str, kind: dict[str, Any], guided: bool, answers: int) -> None:
    model = make_model(tiny_config(attention=attention, **kind))
    engine = EagerEngine(model, guided=guided)
    cache = engine.prefill(make_prompt(model.config), make_visual(model.config))
    wanted = reference(model, guided=guided)
    assert cache.contexts == wanted.contexts
    for seed in (2, 3):  # a step leaves nothing in the cache
        tokens = make_answers(answers, seed=seed)
        rows = torch.tensor([[0, 6, 30]]).repeat(answers, 1)
        full = wanted.number_logits(wanted.hidden(tokens))
        torch.testing.assert_close(engine.step(cache, tokens, rows), full[:, [0, 6, 30]], **CLOSE)


@pytest.mark.parametrize("guidance", [0.0, 1.5])
@pytest.mark.parametrize("attention", ["prefix", "full"])
@pytest.mark.parametrize("scaffold", [True, False])
def test_decoding_gives_the_same_tokens(attention: str, guidance: float, scaffold: bool) -> None:
    model = make_model(tiny_config(attention=attention))
    settings = DecodeSettings(guidance=guidance, scaffold=scaffold, pairs=scaffold)
    guided = guidance > 0.0
    found = decoded(prefilled(EagerEngine(model, guided=guided), model), settings)
    wanted = decoded(reference(model, guided=guided), settings)
    assert torch.equal(found.tokens, wanted.tokens)
    assert torch.equal(found.commit_order, wanted.commit_order)


def test_a_prefill_leaves_nothing_of_the_last_one() -> None:
    model = make_model(tiny_config())
    engine = EagerEngine(model, guided=True)
    tokens = make_answers(1)
    first = prefilled(engine, model).hidden(tokens)
    other = prefilled(engine, model, seed=7).hidden(tokens)
    again = prefilled(engine, model).hidden(tokens)
    assert torch.equal(first, again)
    assert not torch.allclose(first[0], other[0], atol=1e-2)
    assert torch.equal(first[1], other[1])  # the unconditional context sees no image


def test_memory_stays_where_it_is() -> None:
    model = make_model(tiny_config())
    engine = EagerEngine(model)
    prompt = make_prompt(model.config)
    engine.prepare(len(prompt), 12)
    one = engine.prefill(prompt, make_visual(model.config))
    two = engine.prefill(prompt, make_visual(model.config, seed=7))
    assert [k.data_ptr() for k, _ in one.layers] == [k.data_ptr() for k, _ in two.layers]


def test_prompts_that_do_not_fit_are_refused() -> None:
    model = make_model(tiny_config())
    with pytest.raises(InputError, match="12 places for an image of 5 visual tokens"):
        EagerEngine(model).prefill(make_prompt(model.config), make_visual(model.config, 5))
