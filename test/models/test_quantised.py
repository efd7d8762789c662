from __future__ import annotations

import pytest
import torch
from torch import nn

from test.models.test_thinned import CHECKPOINT as TINY
from test.models.test_thinned import pictures
from wam_ros.core.errors import ConfigError
from wam_ros.models import preset, random_checkpoint
from wam_ros.models.quantised import Quantisation, QuantisedLinear, by_row, quantise
from wam_ros.planning.wam_diff_weights import default_camera

KINDS = [Quantisation.INT8, Quantisation.FP8]
# Of e4m3 with 3 bits of mantissa, and of 255 steps over a row of normal numbers; both for weights and rows together.
RELATIVE_ERROR = {Quantisation.INT8: 0.012, Quantisation.FP8: 0.045}


def made():
    config = preset("tiny")
    return random_checkpoint(config, default_camera(config), seed=3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_are_close_and_keep_shape_and_type(kind: Quantisation, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(192, 96, bias=False)
    x = torch.randn(2, 3, 32, 192).to(dtype)
    with torch.inference_mode():
        exact, short = linear(x.float()), QuantisedLinear(linear, kind)(x)
    assert short.shape == (2, 3, 32, 96)
    assert short.dtype == dtype
    assert 0.0 < (short.float() - exact).norm() / exact.norm() < RELATIVE_ERROR[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_alone_gives_what_it_gives_among_others_of_any_size(kind: Quantisation) -> None:
    torch.manual_seed(1)
    short = QuantisedLinear(nn.Linear(64, 32, bias=False), kind)
    rows = torch.randn(40, 64) * torch.logspace(-4, 4, 40)[:, None]
    with torch.inference_mode():
        together = short(rows)
        assert torch.equal(short(rows[7:30]), together[7:30])
        assert torch.equal(short(torch.zeros(2, 64)), torch.zeros(2, 32))


@pytest.mark.parametrize("dtype", [torch.int8, torch.float8_e4m3fn])
def test_the_largest_of_a_row_is_kept(dtype: torch.dtype) -> None:
    rows = torch.tensor([[0.0, -3.0, 1.0], [1e-3, 2e-3, -2e-3]])
    values, scale = by_row(rows, dtype)
    back = values.float() * scale
    assert torch.allclose(back.abs().amax(1), rows.abs().amax(1), rtol=1e-3)
    assert torch.equal(back.sign(), rows.sign())


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_answers_nearly_as_before(kind: Quantisation) -> None:
    whole, short = made().model, quantise(made(), kind)
    prompts = torch.full((2, 60), 5)
    answers = torch.full((2, 1, 32), whole.config.mask_id)
    with torch.inference_mode():
        seen = whole.see(pictures())
        exact, found = whole(prompts, seen, answers), short.model(prompts, short.model.see(pictures()), answers)
    alike = torch.cosine_similarity(found.flatten(1), exact.flatten(1))
    assert not torch.equal(found, exact)
    assert alike.min() > (0.999 if kind is Quantisation.INT8 else 0.99)
    assert short.weights_hash == f"random-3+{kind.value}"
    assert kind.value in short.provenance


def test_the_weights_take_half_of_bfloat16() -> None:
    linear = nn.Linear(512, 256, bias=False)
    short = QuantisedLinear(linear, Quantisation.INT8)
    stored = sum(buffer.nbytes for buffer in short.state_dict().values())
    assert stored == 512 * 256 + 4 * 256


def test_none_is_none_and_twice_is_refused() -> None:
    assert quantise(TINY, Quantisation.NONE) is TINY
    short = quantise(made(), Quantisation.INT8)
    with pytest.raises(ConfigError, match="quantised already"):
        quantise(short, Quantisation.FP8)
