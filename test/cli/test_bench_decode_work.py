"""The formulae count what torch counts, and give the paper's figures at the paper's size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from test.models.parts import make_answers, make_model, make_prompt, make_visual, reduced_8b, tiny_config
from wam_ros.cli.bench_decode_peaks import achieved, measure_peaks
from wam_ros.cli.bench_decode_work import Work, prefill_work, step_work
from wam_ros.engines import EagerEngine
from wam_ros.models import WamDiff, WamDiffConfig, preset, random_checkpoint
from wam_ros.models.quantised import Quantisation, quantise
from wam_ros.planning.wam_diff_weights import default_camera


def attention_flops(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return int(sdpa_flop_count(query, key, value))


# torch knows the formula, but not for the kernel of CPUs.
CPU_KERNEL = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention_flops}
CONFIGS = [
    tiny_config(),
    tiny_config(attention="full"),
    tiny_config(experts=None, positions="rotary"),
    reduced_8b(),
    preset("small"),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: f"{config.name}, {config.attention}")
def test_the_formulae_count_what_torch_counts(config: WamDiffConfig) -> None:
    model = make_model(config)
    engine = EagerEngine(model, guided=True)
    prompt, visual, tokens = make_prompt(config), make_visual(config), make_answers(3)
    engine.prepare(len(prompt), len(visual))
    with FlopCounterMode(display=False, custom_mapping=CPU_KERNEL) as prefill:
        cache = engine.prefill(prompt, visual)
    with FlopCounterMode(display=False, custom_mapping=CPU_KERNEL) as step:
        engine.hidden(cache, tokens)
    assert prefill_work(model, len(prompt)).flops == prefill.get_total_flops()
    assert step_work(model, len(prompt), answers=3, contexts=2).flops == step.get_total_flops()


def test_a_step_reads_weights_and_cache() -> None:
    model = make_model(tiny_config()).set_compute_dtype(torch.bfloat16)
    cache = EagerEngine(model).prefill(make_prompt(model.config), make_visual(model.config).bfloat16())
    kept = sum(tensor.nbytes for layer in cache.layers for tensor in layer)
    weights = sum(weight.nbytes for weight in model.blocks.parameters())
    assert step_work(model, cache.prompt_length).bytes == weights + kept
    assert kept < prefill_work(model, cache.prompt_length).bytes < weights + kept


def test_layers_in_eight_bits_are_read_as_such() -> None:
    config = preset("small")
    checkpoint = random_checkpoint(config, default_camera(config))
    checkpoint.model.set_compute_dtype(torch.bfloat16)
    length = len(make_prompt(config))
    cache = 2 * config.layers * length * config.width * 2
    whole = step_work(checkpoint.model, length).bytes - cache
    short = step_work(quantise(checkpoint, Quantisation.INT8).model, length).bytes - cache
    assert 0.5 * whole < short < 0.7 * whole  # experts and norms stay as they were


def test_the_papers_network() -> None:
    with torch.device("meta"):
        model = WamDiff(preset("wam_diff_8b")).set_compute_dtype(torch.bfloat16)
    prefill, step = prefill_work(model, 2385), step_work(model, 2385)
    # Our last layer ends at its keys and values: 31 of 32 feed-forward networks.
    assert prefill.flops == pytest.approx(36.8e12, rel=0.04)
    head = 2 * 32 * 4096 * 146_350
    assert step.flops + head == pytest.approx(0.53e12, rel=0.01)
    weights = 2 * 7.52e9  # of the layers, with experts; the head is not part of the program
    assert step.bytes == pytest.approx(weights + 1.25e9, rel=0.01)


def test_the_roofline_is_the_larger_of_two_times() -> None:
    assert Work(100, 10).bound_s(10.0, 10.0) == 10.0
    assert Work(10, 100).bound_s(10.0, 20.0) == 5.0


def test_shares_are_of_measured_peaks() -> None:
    model = make_model(tiny_config())
    peaks = measure_peaks(torch.float32, torch.device("cpu"))
    assert peaks.flops_per_s > 1e8
    assert peaks.bytes_per_s > 1e8
    row = achieved(EagerEngine(model), len(make_prompt(model.config)), 12, peaks, 3)
    for name in ("prefill", "step"):
        share = row[f"{name}_roofline_ms"] / row[f"{name}_program_ms_p50"]
        assert row[f"{name}_share_of_peak"] == pytest.approx(share, abs=1e-3)
