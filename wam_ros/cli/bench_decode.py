"""`wam bench decode`: from image to plan, by parts; cached against uncached; against the machine; within budgets."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from wam_ros.cli.bench_decode_networks import FULL_SIZE, NETWORKS, network_config
from wam_ros.cli.bench_decode_peaks import Peaks, achieved, measure_peaks
from wam_ros.cli.bench_report import machine, percentile, print_row, write_rows
from wam_ros.planning.catalog import DECODE_ORDERS, ENGINE_BACKENDS, FIXED_DTYPES, QUANTISATIONS

if TYPE_CHECKING:
    import torch

    from wam_ros.core.observation import Observation
    from wam_ros.decoding import DecodeSettings
    from wam_ros.planning.wam_diff import WamDiffPlanner

Result = TypeVar("Result")

_BUDGETS_MS = (20, 40, 50, 80, 100, 160, 200)


def add_parser(subparsers: Any) -> None:
    """Add `decode`."""
    parser = subparsers.add_parser("decode", help="image to plan of wam_diff, by parts")
    parser.add_argument("--preset", choices=NETWORKS, default="small", help="(%(default)s)")
    parser.add_argument("--checkpoint", metavar="DIR", help="weights; default: random ones of the preset")
    parser.add_argument("--attention", choices=("prefix", "full"), help="of random weights; default: the preset's")
    parser.add_argument("--backend", nargs="+", choices=ENGINE_BACKENDS, default=["eager"], help="(%(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N (%(default)s)")
    parser.add_argument(
        "--compute-dtypes", nargs="+", choices=FIXED_DTYPES, help=f"default: both; of {FULL_SIZE} bfloat16 alone"
    )
    parser.add_argument("--order", choices=DECODE_ORDERS, default="reverse-causal", help="(%(default)s)")
    parser.add_argument("--steps", type=int, default=8, help="with scaffold and pairs at most 8 (%(default)s)")
    parser.add_argument("--no-scaffold", action="store_true", help="decode commas too: up to 32 steps of one token")
    parser.add_argument("--guidance", type=float, default=0.0, help="classifier-free guidance, 0 = off (%(default)s)")
    parser.add_argument(
        "--visual-stride", nargs="+", type=int, default=[1], metavar="N", help="with --checkpoint: every N-th token"
    )
    parser.add_argument(
        "--quantisation", nargs="+", choices=QUANTISATIONS, default=["none"], help="with --checkpoint (%(default)s)"
    )
    parser.add_argument("--threads", type=int, default=1, help="of torch (%(default)s)")
    parser.add_argument("--repeats", type=int, default=50, help="plans timed (%(default)s)")
    parser.add_argument("--uncached-repeats", type=int, help="of the uncached twin; default: a fifth, 3 at least")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the rows as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """`wam bench decode`."""
    import torch

    from wam_ros.planning.wam_diff_device import network_device

    device = network_device(args.device)
    torch.set_num_threads(args.threads)
    print(machine())
    print(f"torch threads {args.threads}; times in ms; image to plan, without camera driver and middleware")
    rows = []
    for dtype in args.compute_dtypes or (FIXED_DTYPES[:1] if args.preset == FULL_SIZE else FIXED_DTYPES):
        peaks = measure_peaks(getattr(torch, dtype), device)
        for backend, stride, quantisation in itertools.product(args.backend, args.visual_stride, args.quantisation):
            way = _Way(dtype, backend, stride, quantisation)
            rows.append(_row(args, way, device, peaks))
            print_row(rows[-1])
    write_rows(args.json, "decode", rows)
    return 0


class _Way(NamedTuple):
    """How a row's network is run."""

    dtype: str
    backend: str
    stride: int
    quantisation: str


def _planner(args: argparse.Namespace, settings: DecodeSettings, way: _Way) -> WamDiffPlanner:
    from wam_ros.core.errors import ConfigError
    from wam_ros.engines import EngineChoice
    from wam_ros.planning.wam_diff import load_wam_diff, random_wam_diff

    dtype = way.dtype
    engine = EngineChoice(way.backend, fall_back="none")  # figures of another backend would be none of this one's
    if args.checkpoint is None:
        if way.stride != 1 or way.quantisation != "none":
            msg = "--visual-stride and --quantisation go with --checkpoint, which may be random:PRESET"
            raise ConfigError(msg)
        config = network_config(args.preset)
        config = config if args.attention is None else replace(config, attention=args.attention)
        return random_wam_diff(config, settings, dtype, args.threads, engine, args.device)
    if args.attention is not None:
        msg = f"--attention {args.attention}: trained weights have their own mode; leave it out with --checkpoint"
        raise ConfigError(msg)
    return load_wam_diff(
        args.checkpoint,
        settings,
        dtype,
        args.threads,
        engine,
        visual_stride=way.stride,
        quantisation=way.quantisation,
        device=args.device,
    )


def _row(args: argparse.Namespace, way: _Way, device: torch.device, peaks: Peaks) -> dict[str, Any]:
    import torch

    from wam_ros.core.timing import Deadline
    from wam_ros.decoding import DecodeOrder, DecodeSettings
    from wam_ros.engines.engine_key import device_in_words
    from wam_ros.planning.decode_twins import share_equal
    from wam_ros.planning.wam_diff_device import device_clock

    settings = DecodeSettings(
        order=DecodeOrder(args.order),
        scaffold=not args.no_scaffold,
        pairs=not args.no_scaffold,
        steps=args.steps,
        guidance=args.guidance,
    )
    now = device_clock(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    planner = _planner(args, settings, way)
    memory = _memory(planner, device)
    warm_up_ms, _ = _timed(planner.warm_up, now)
    observation = _observation(planner)
    plans, parts = [], []
    for _ in range(args.repeats):
        plans.append(_timed(lambda: planner.plan(observation, Deadline.unlimited()), now)[0])
        parts.append(planner.parts_ms)
    few = max(args.repeats // 5, min(args.repeats, 3))
    with torch.inference_mode():
        twin = planner.measured_twins(observation)
        reference, cached = [], []
        for _ in range(args.uncached_repeats or few):  # in turn, so that a busy machine slows both
            reference.append(_timed(twin.decode_reference, now))
            cached.append(_timed(twin.decode_cached, now))
        head = [_timed(twin.read_head, now)[0] for _ in range(args.repeats)]
        answer, wanted = cached[-1][1], reference[-1][1]
        full = wanted if twin.attention == "prefix" else twin.decode_uncached()
    steps = answer.steps_done
    prompt_length = twin.positions - answer.tokens.shape[-1]
    programs = achieved(planner.engine, prompt_length, twin.visual_tokens, peaks, args.repeats)
    per_part = {name: percentile([part[name] for part in parts], 50) for name in parts[0]}
    reached = {}
    for budget in _BUDGETS_MS:
        done = [float(planner.plan(observation, Deadline.after(budget / 1e3)).steps_done) for _ in range(few)]
        reached[str(budget)] = percentile(done, 50)
    median_uncached = percentile([took for took, _ in reference], 50)
    median_cached = percentile([took for took, _ in cached], 50)
    assert median_uncached is not None
    assert median_cached is not None
    return {
        "preset": planner.preset,
        "weights": planner.weights_hash[:12],
        "backend": planner.engine.backend,
        "fallbacks": list(planner.engine.fallbacks),
        "device": args.device,
        "device_name": device_in_words(device),
        "threads": args.threads,
        "compute_dtype": way.dtype,
        "visual_stride": way.stride,
        "quantisation": way.quantisation,
        "attention": twin.attention,
        "mode": settings.mode,
        "positions": twin.positions,
        "steps": steps,
        **memory,
        "warm_up_s": round(warm_up_ms / 1e3, 1),
        "stem_ms_p50": per_part["stem"],
        "prefill_ms_p50": per_part["prefill"],
        "step_ms_p50": round((per_part["decode"] or 0.0) / steps, 3),
        "head_ms_p50": percentile(head, 50),
        "rest_ms_p50": per_part["rest"],
        "plan_ms_p50": percentile(plans, 50),
        "plan_ms_p99": percentile(plans, 99),
        "cached_ms_p50": median_cached,
        "uncached_ms_p50": median_uncached,
        "tokens_equal": share_equal(answer, wanted) == 1.0,
        "agreement_full": share_equal(answer, full),
        "speedup_vs_uncached": round(median_uncached / median_cached, 2),
        **programs,
        "steps_at_ms": reached,
    }


def _memory(planner: WamDiffPlanner, device: torch.device) -> dict[str, float | None]:
    """Of the weights, and on a GPU the most that this process held there until they were loaded [MB]."""
    import torch

    assert isinstance(planner.engine.network, torch.nn.Module)
    weights = sum(weight.nbytes for weight in planner.engine.network.state_dict().values())
    peak = round(torch.cuda.max_memory_allocated(device) / 1e6, 3) if device.type == "cuda" else None
    return {"weights_mb": round(weights / 1e6, 3), "load_peak_mb": peak}


def _observation(planner: WamDiffPlanner) -> Observation:
    """An image of noise and a straight route."""
    import numpy as np

    from wam_ros.core import SE2, CameraImage, EgoState, Observation, Route

    camera = planner.camera
    assert camera is not None
    pixels = np.random.default_rng(0).integers(0, 255, (camera.height, camera.width, 3), np.uint8)
    ego = EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 8.0)
    image = CameraImage(0, pixels, "rgb8", camera.model())
    return Observation(0, ego, {"front": image}, Route.from_points("odom", [[0.0, 0.0], [200.0, 0.0]]))


def _timed(function: Callable[[], Result], now: Callable[[], float]) -> tuple[float, Result]:
    """Its duration [ms] by a clock [s], and its result."""
    begun = now()
    result = function()
    return (now() - begun) * 1e3, result
