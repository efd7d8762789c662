"""Both exactness rules of DESIGN, against a network written from its definition with a mask and plain loops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from test.models import dense_reference
from test.models.parts import SITUATION, TOKENIZER, make_answers, make_model, make_prompt, make_visual, tiny_config
from wam_ros.core.errors import InputError

CLOSE: dict[str, Any] = {"atol": 1e-4, "rtol": 0.0}
MODES = ("prefix", "full")
KINDS: tuple[dict[str, Any], ...] = ({}, {"positions": "rotary"}, {"experts": None}, {"numbers": "table"})


def masks(count: int = 1) -> torch.Tensor:
    return torch.full((count, 32), TOKENIZER.mask_id)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_prefix_cached_equals_uncached_equals_the_definition(kind: dict[str, Any]) -> None:
    config = tiny_config(attention="prefix", **kind)
    model, prompt, visual = make_model(config), make_prompt(config), make_visual(config)
    answers = make_answers(3)
    prefilled, uncached = model.prefill(prompt, visual), model.uncached(prompt, visual)
    cached_rows, uncached_rows = prefilled.hidden(answers), uncached.hidden(answers)
    torch.testing.assert_close(cached_rows, uncached_rows, **CLOSE)
    for answer, rows in zip(answers, cached_rows):
        wanted, _ = dense_reference.hidden(model, prompt, visual, answer)
        torch.testing.assert_close(rows.double(), wanted, **CLOSE)
    cached_tokens = prefilled.logits(cached_rows).argmax(-1)
    assert torch.equal(cached_tokens, uncached.logits(uncached_rows).argmax(-1))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_full_cached_equals_the_prompt_frozen_at_the_first_pass(kind: dict[str, Any]) -> None:
    config = tiny_config(attention="full", **kind)
    model, prompt, visual = make_model(config), make_prompt(config), make_visual(config)
    answers = make_answers(2)
    prefilled, frozen = model.prefill(prompt, visual), model.uncached(prompt, visual, frozen=True)
    rows = prefilled.hidden(answers)
    torch.testing.assert_close(rows, frozen.hidden(answers), **CLOSE)
    _, first_pass = dense_reference.hidden(model, prompt, visual, masks()[0])
    for answer, found in zip(answers, rows):
        wanted, _ = dense_reference.hidden(model, prompt, visual, answer, first_pass)
        torch.testing.assert_close(found.double(), wanted, **CLOSE)
    assert torch.equal(prefilled.logits(rows).argmax(-1), frozen.logits(frozen.hidden(answers)).argmax(-1))


def test_full_recomputation_is_the_definition_and_differs_from_the_frozen_prompt_after_the_first_pass() -> None:
    config = tiny_config(attention="full")
    model, prompt, visual = make_model(config), make_prompt(config), make_visual(config)
    prefilled, recomputed = model.prefill(prompt, visual), model.uncached(prompt, visual)
    torch.testing.assert_close(prefilled.hidden(masks()), recomputed.hidden(masks()), **CLOSE)
    answers = make_answers(2)
    rows = recomputed.hidden(answers)
    for answer, found in zip(answers, rows):
        wanted, _ = dense_reference.hidden(model, prompt, visual, answer)
        torch.testing.assert_close(found.double(), wanted, **CLOSE)
    assert (rows - prefilled.hidden(answers)).abs().max() > 1e-3


@pytest.mark.parametrize("attention", MODES)
def test_candidates_side_by_side_equal_one_after_the_other(attention: str) -> None:
    config = tiny_config(attention=attention)
    model, prompt, visual = make_model(config), make_prompt(config), make_visual(config)
    answers = make_answers(4)
    for answer_pass in (model.prefill(prompt, visual), model.uncached(prompt, visual)):
        together = answer_pass.hidden(answers)
        singles = torch.cat([answer_pass.hidden(answer[None]) for answer in answers])
        torch.testing.assert_close(together, singles, **CLOSE)


@pytest.mark.parametrize("attention", MODES)
def test_a_batch_of_observations_equals_a_loop_of_singles(attention: str) -> None:
    config = tiny_config(attention=attention)
    model = make_model(config)
    prompts = torch.stack([make_prompt(config), make_prompt(config, situation=replace(SITUATION, command="right"))])
    visual = torch.stack([make_visual(config, seed=seed) for seed in (1, 5)])
    answers = torch.stack([make_answers(3, seed=seed) for seed in (2, 3)])
    with torch.no_grad():
        batch = model(prompts, visual, answers)
        for index in range(2):
            one = slice(index, index + 1)
            torch.testing.assert_close(batch[one], model(prompts[one], visual[one], answers[one]), **CLOSE)
    uncached = torch.stack([model.uncached(*pair).hidden(rows) for *pair, rows in zip(prompts, visual, answers)])
    torch.testing.assert_close(batch, uncached, **CLOSE)


@pytest.mark.parametrize("attention", MODES)
def test_the_second_context_of_guidance_is_the_prompt_all_masked(attention: str) -> None:
    config = tiny_config(attention=attention)
    model, prompt, visual = make_model(config), make_prompt(config), make_visual(config)
    cache = model.new_cache(len(prompt), guided=True)
    answers = make_answers(3)
    prefilled = model.prefill(prompt, visual, cache)
    reference = model.uncached(prompt, visual, guided=True, frozen=attention == "full")
    assert prefilled.contexts == reference.contexts == 2
    rows = prefilled.hidden(answers)
    assert rows.shape == (6, 32, config.width)
    torch.testing.assert_close(rows, reference.hidden(answers), **CLOSE)
    torch.testing.assert_close(rows[:3], model.prefill(prompt, visual).hidden(answers), **CLOSE)
    nothing = torch.full_like(prompt, TOKENIZER.mask_id)
    other_image = make_visual(config, seed=9)
    torch.testing.assert_close(rows[3:], model.prefill(nothing, other_image).hidden(answers), **CLOSE)


def test_a_cache_is_filled_in_place_and_forgets_the_observation_before() -> None:
    config = tiny_config()
    model, prompt = make_model(config), make_prompt(config)
    cache = model.new_cache(len(prompt))
    places = [keys.data_ptr() for keys, _ in cache.layers]
    model.prefill(prompt, make_visual(config, seed=7), cache)
    again = model.prefill(prompt, make_visual(config), cache).hidden(masks())
    assert [keys.data_ptr() for keys, _ in cache.layers] == places
    torch.testing.assert_close(again, model.prefill(prompt, make_visual(config)).hidden(masks()), **CLOSE)


def test_prompt_and_image_reach_the_answer() -> None:
    config = tiny_config()
    model, prompt, visual = make_model(config), make_prompt(config), make_visual(config)
    rows = model.prefill(prompt, visual).hidden(masks())
    for other in (
        model.prefill(prompt, make_visual(config, seed=8)),
        model.prefill(make_prompt(config, situation=replace(SITUATION, yaw_rate=-0.4)), visual),
    ):
        assert (other.hidden(masks()) - rows).abs().max() > 1e-3


def test_bfloat16_layers_stay_near_float32_and_keep_numbers_in_float32() -> None:
    config = tiny_config(experts=None)
    prompt, visual = make_prompt(config), make_visual(config)
    exact = make_model(config).prefill(prompt, visual).hidden(make_answers(2))
    short = make_model(config).set_compute_dtype(torch.bfloat16)
    assert short.vocabulary.numbers.outward.weight.dtype == torch.float32
    prefilled = short.prefill(prompt, visual.bfloat16())
    rows = prefilled.hidden(make_answers(2))
    assert rows.dtype == torch.bfloat16
    assert prefilled.number_logits(rows).dtype == torch.float32
    assert (rows.float() - exact).abs().mean() < 0.02


def test_prompts_that_do_not_fit_are_refused() -> None:
    config = tiny_config()
    model, prompt, visual = make_model(config), make_prompt(config), make_visual(config)
    with pytest.raises(InputError, match="12 places for an image of 11 visual tokens"):
        model.prefill(prompt, visual[:11])
    with pytest.raises(InputError, match="prompt of 33 tokens for a cache of 40"):
        model.prefill(prompt, visual, model.new_cache(40))
    with pytest.raises(InputError, match="take 132 positions, the network has 128"):
        model.prefill(torch.full((100,), 5), visual)
    with pytest.raises(InputError, match="outside the vocabulary"):
        model.prefill(torch.tensor([config.vocabulary_size]), visual)
