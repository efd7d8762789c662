"""`wam bench node`: image in to trajectory out, less the planner's time, beside the usual way to write such a node."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wam_ros.cli.bench_processes import PARTS, drive, own_domain, process
from wam_ros.cli.bench_report import machine, percentile, print_row, write_rows

_RESOLUTIONS = ((1280, 720), (1920, 1080))
_IMAGE_PERIOD_S = 0.1


def add_parser(subparsers: Any) -> None:
    """Add `node`."""
    parser = subparsers.add_parser("node", help="image in to trajectory out, less the planner's time")
    parser.add_argument("--frames", type=int, default=100, help="images per row (%(default)s)")
    parser.add_argument(
        "--busy-cores", type=int, default=1, help="kept busy by others, as on a vehicle; 0 = idle (%(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the rows as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """`wam bench node`."""
    from wam_ros.ros.usual_way import SETTINGS

    print(machine())
    print(f"{args.busy_cores} core(s) kept busy by other processes, images at {1.0 / _IMAGE_PERIOD_S:g} Hz")
    print("ours:  64 MiB shared memory (config/fastdds), best effort, images as views, planning on a worker")
    print(f"usual: {SETTINGS}")
    rows = []
    for width, height in _RESOLUTIONS:
        for way in ("usual", "ours"):
            rows.append(_node_row(way, width, height, args.frames, args.busy_cores))
            print_row(rows[-1])
        ours, usual = rows[-1]["overhead_ms_p50"], rows[-2]["overhead_ms_p50"]
        if ours and usual:
            print(f"  {width}x{height}: ours is 1/{usual / ours:.1f} of the usual way at p50")
    write_rows(args.json, "node", rows)
    return 0


def _node_row(way: str, width: int, height: int, frames: int, busy_cores: int) -> dict[str, Any]:
    tuned = way == "ours"
    options = {"frames": frames, "period_s": _IMAGE_PERIOD_S, "width": width, "height": height, "tuned": tuned}
    env = own_domain()
    with ExitStack() as stack:
        if tuned:
            command = ["wam_ros.ros.planner_main", "--ros-args", "--log-level", "error"]
            command += ["-p", "planner:=constant_velocity", "-p", "budget_ms:=500.0"]
        else:
            command = [PARTS, "usual", "{}"]
        for _ in range(busy_cores):
            stack.enter_context(process([PARTS, "busy", "{}"], env))
        stack.enter_context(process(command, env))
        answer = drive(options, env)
    overheads = [one["overhead_ms"] for one in answer["answers"]]
    return {
        "resolution": f"{width}x{height}",
        "way": way,
        "sent": answer["sent"],
        "received": len(overheads),
        "overhead_ms_p50": percentile(overheads, 50),
        "overhead_ms_p99": percentile(overheads, 99),
    }
