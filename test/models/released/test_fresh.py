from __future__ import annotations

from dataclasses import replace

import torch

from test.models.parts import reduced_8b
from test.models.released.parts import TILES
from wam_ros.models.released import random_network
from wam_ros.models.released.fresh import fresh_values

CONFIG = replace(reduced_8b(), vision=TILES)
ALL = ("vision", "experts", "vocabulary.numbers", "heading")


def test_random_weights_are_made_in_their_type_and_are_those_of_their_seed() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (random_network(CONFIG, seed=seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), wanted)
    assert torch.get_default_dtype() == torch.float32
    for name, value in one.items():
        assert value.dtype == (torch.float32 if name.startswith("heading.") else torch.bfloat16), name
        assert value.isfinite().all()
        assert torch.equal(value, same[name])
    assert not torch.equal(one["blocks.0.qkv.weight"], other["blocks.0.qkv.weight"])


def test_random_weights_answer_an_image() -> None:
    model = random_network(CONFIG)
    with torch.no_grad():
        visual = model.see(torch.full((1, 56, 112, 3), 90, dtype=torch.uint8))[0]
    prompt = torch.cat([torch.full((len(visual),), -1), torch.arange(9)])
    hidden = model.prefill(prompt, visual).hidden(torch.full((1, 32), CONFIG.mask_id))
    assert model.number_logits(hidden).isfinite().all()
    assert model.number_logits(hidden).std() > 0.1


def test_fresh_values_have_our_names_and_shapes() -> None:
    state = random_network(CONFIG).state_dict()
    values = fresh_values(CONFIG, ALL, torch.float16, "cpu")
    lacking = {name for name in state if any(f".{part}." in f".{name}" for part in ALL)}
    assert set(values) == lacking
    assert all(value.shape == state[name].shape for name, value in values.items())
    assert {value.dtype for name, value in values.items() if not name.startswith("heading.")} == {torch.float16}
    assert fresh_values(CONFIG, (), torch.float16, "cpu") == {}
