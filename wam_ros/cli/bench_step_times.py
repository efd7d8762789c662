"""`wam bench step-times`: how long each piece of a plan takes here, as the table that virtual evaluation runs on."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from wam_ros.cli.bench_report import machine, percentile
from wam_ros.planning.catalog import COMPUTE_DTYPES, RANDOM_WEIGHTS, PlannerOptions


def add_parser(subparsers: Any) -> None:
    """Add `step-times`."""
    parser = subparsers.add_parser("step-times", help="write the table for `wam evaluate closed-loop --budget-ms`")
    parser.add_argument("--checkpoint", default=RANDOM_WEIGHTS, help="of wam_diff (%(default)s)")
    parser.add_argument(
        "--compute-dtype", choices=COMPUTE_DTYPES, default=PlannerOptions.compute_dtype, help="(%(default)s)"
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch (%(default)s)")
    parser.add_argument("--repeats", type=int, default=100, help="plans timed; medians are written (%(default)s)")
    parser.add_argument("--json", type=Path, required=True, metavar="OUT", help="the table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure, print and write."""
    from wam_ros.core import SE2, CameraImage, EgoState, Observation, Route
    from wam_ros.core.timing import Deadline
    from wam_ros.evaluation.step_time_table import StepTimeTable
    from wam_ros.models.compute_dtype import compute_dtype_of, dtype_name
    from wam_ros.planning.wam_diff import load_wam_diff

    planner = load_wam_diff(args.checkpoint, None, args.compute_dtype, args.threads, device=args.device)
    planner.warm_up()
    camera = planner.camera
    assert camera is not None, "wam_diff sees images"
    image = CameraImage(0, _noise(camera.height, camera.width), "rgb8", camera.model())
    ego = EgoState(0, "odom", SE2(0.0, 0.0, 0.0), 8.0)
    observation = Observation(0, ego, {"front": image}, Route.from_points("odom", [[0.0, 0.0], [200.0, 0.0]]))
    watch = _Watch()
    for _ in range(args.repeats):
        watch.begin()
        planner.plan(observation, Deadline.unlimited(worked=watch.worked))
        watch.end()
    medians = {piece: percentile(times, 50) or 0.0 for piece, times in watch.times_ms.items()}
    units = sorted((units for work, units in medians if work == "pass"), reverse=True)
    table = StepTimeTable(
        encode_ms=medians["encode", 0],
        first_pass_ms=medians["pass", units[0]],
        step_ms={count: medians["pass", count] for count in units[1:]},
        rest_ms=medians["rest", 0],
    )
    made_from = {
        "preset": planner.preset,
        "weights_hash": planner.weights_hash,
        "mode": planner.settings.mode,
        "compute_dtype": dtype_name(compute_dtype_of(args.compute_dtype, args.device)),
        "device": args.device,
        "threads": args.threads,
        "repeats": args.repeats,
        "machine": machine(),
        "command": shlex.join(["wam", *sys.argv[1:]]),
    }
    table = replace(table, made_from=made_from)
    table.save(args.json)
    print(machine())
    print(f"medians of {args.repeats} plans [ms]: encode {table.encode_ms}, first pass {table.first_pass_ms}")
    print(f"further passes by open units {dict(table.step_ms)}, rest {table.rest_ms}\nwrote {args.json}")
    return 0


def _noise(height: int, width: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


class _Watch:
    """Times between pieces of work, by piece and open units [ms]."""

    def __init__(self) -> None:
        self.times_ms: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        self._last = 0.0

    def begin(self) -> None:
        self._last = time.perf_counter()

    def worked(self, work: str, units: int) -> None:
        now = time.perf_counter()
        self.times_ms[work, units].append((now - self._last) * 1e3)
        self._last = now

    def end(self) -> None:
        self.worked("rest", 0)
