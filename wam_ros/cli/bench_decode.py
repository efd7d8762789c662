"""`wam bench decode`: from image to plan, by parts; cached against uncached; steps reached within budgets."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.bench_report import machine, percentile, print_row, write_rows
from wam_ros.planning.catalog import COMPUTE_DTYPES, DECODE_ORDERS

if TYPE_CHECKING:
    from wam_ros.core.observation import Observation
    from wam_ros.planning.wam_diff import WamDiffPlanner

_BUDGETS_MS = (20, 40, 80, 160)
_BACKEND, _DEVICE = "eager", "cpu"


def add_parser(subparsers: Any) -> None:
    """Add `decode`."""
    parser = subparsers.add_parser("decode", help="image to plan of wam_diff, by parts")
    parser.add_argument("--preset", choices=("tiny", "small"), default="small", help="(%(default)s)")
    parser.add_argument("--checkpoint", metavar="DIR", help="weights; default: random ones of the preset")
    parser.add_argument("--compute-dtypes", nargs="+", choices=COMPUTE_DTYPES, default=list(COMPUTE_DTYPES))
    parser.add_argument("--order", choices=DECODE_ORDERS, default="reverse-causal", help="(%(default)s)")
    parser.add_argument("--steps", type=int, default=8, help="with scaffold and pairs at most 8 (%(default)s)")
    parser.add_argument("--guidance", type=float, default=0.0, help="classifier-free guidance, 0 = off (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (%(default)s)")
    parser.add_argument("--repeats", type=int, default=50, help="plans timed (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the rows as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """`wam bench decode`."""
    print(machine())
    print(f"torch threads {args.threads}; times in ms; image to plan, without camera driver and middleware")
    rows = []
    for dtype in args.compute_dtypes:
        rows.append(_row(args, dtype))
        print_row(rows[-1])
    write_rows(args.json, "decode", rows)
    return 0


def _row(args: argparse.Namespace, dtype: str) -> dict[str, Any]:
    import torch

    from wam_ros.core.timing import Deadline
    from wam_ros.decoding import DecodeOrder, DecodeSettings
    from wam_ros.planning.wam_diff import load_wam_diff

    settings = DecodeSettings(order=DecodeOrder(args.order), steps=args.steps, guidance=args.guidance)
    checkpoint = args.checkpoint or f"random:{args.preset}"
    planner = load_wam_diff(checkpoint, settings, dtype, args.threads)
    planner.warm_up()
    observation = _observation(planner)
    plans, parts = [], []
    for _ in range(args.repeats):
        plans.append(_time_ms(lambda: planner.plan(observation, Deadline.unlimited())))
        parts.append(planner.parts_ms)
    with torch.inference_mode():
        twin = planner.measured_twins(observation)
        uncached = [_time_ms(twin.decode_uncached) for _ in range(max(args.repeats // 5, 3))]
        cached = [_time_ms(twin.decode_cached) for _ in range(max(args.repeats // 5, 3))]
        head = [_time_ms(twin.read_head) for _ in range(args.repeats)]
        agreement = twin.agreement()
    steps = planner.plan(observation, Deadline.unlimited()).steps_done
    per_part = {name: percentile([part[name] for part in parts], 50) for name in parts[0]}
    reached = {}
    for budget in _BUDGETS_MS:
        done = [float(planner.plan(observation, Deadline.after(budget / 1e3)).steps_done) for _ in range(10)]
        reached[str(budget)] = percentile(done, 50)
    median_uncached, median_cached = percentile(uncached, 50), percentile(cached, 50)
    assert median_uncached is not None
    assert median_cached is not None
    return {
        "preset": planner.preset,
        "weights": planner.weights_hash[:12],
        "backend": _BACKEND,
        "device": _DEVICE,
        "compute_dtype": dtype,
        "attention": twin.attention,
        "mode": settings.mode,
        "positions": twin.positions,
        "steps": steps,
        "stem_ms_p50": per_part["stem"],
        "prefill_ms_p50": per_part["prefill"],
        "step_ms_p50": round((per_part["decode"] or 0.0) / steps, 3),
        "head_ms_p50": percentile(head, 50),
        "rest_ms_p50": per_part["rest"],
        "plan_ms_p50": percentile(plans, 50),
        "plan_ms_p99": percentile(plans, 99),
        "tokens_equal": agreement == 1.0,
        "agreement_full": agreement,
        "speedup_vs_uncached": round(median_uncached / median_cached, 2),
        "steps_at_ms": reached,
    }


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


def _time_ms(function: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    function()
    return (time.perf_counter() - begun) * 1e3
