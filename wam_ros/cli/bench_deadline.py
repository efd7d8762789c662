"""`wam bench deadline`: plans in time, with a planner of known step times and one core kept busy."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wam_ros.cli.bench_processes import PARTS, drive, meter, own_domain, process
from wam_ros.cli.bench_report import machine, percentile, print_row, write_rows
from wam_ros.planning.catalog import RANDOM_WEIGHTS

_LATE_MS = 2.0
_GAP_S = 0.010  # between the end of a budget and the next image


def add_parser(subparsers: Any) -> None:
    """Add `deadline`."""
    parser = subparsers.add_parser(
        "deadline", help="plans in time, with node at nice {args.nice}, one core kept busy by another process"
    )
    parser.add_argument("--plans", type=int, default=2000, help="in all (%(default)s)")
    parser.add_argument("--budgets-ms", type=float, nargs="+", default=[30, 50, 80, 120, 200], metavar="MS")
    parser.add_argument("--step-ms", type=float, default=5.0, help="of the planner (%(default)s)")
    parser.add_argument("--stall-every", type=int, default=20, help="each n-th plan stalls for 100 ms; 0 = none")
    parser.add_argument(
        "--planner", choices=("timed", "wam_diff"), default="timed", help="timed: of known step times (%(default)s)"
    )
    parser.add_argument("--nice", type=int, default=-10, help="niceness of the node (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the rows as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """`wam bench deadline`."""
    print(machine())
    what = "weights that nobody trained: the monitor refuses most plans"
    if args.planner == "timed":
        what = f"steps of {args.step_ms:g} ms, every {args.stall_every}th plan stalls for 100 ms"
    print(f"planner {args.planner}, {what}; node at nice {args.nice}, one core kept busy by another process")
    rows = []
    each = -(-args.plans // len(args.budgets_ms))
    for budget_ms in args.budgets_ms:
        rows.append(_row(args, budget_ms, each))
        print_row(rows[-1])
    late, excused = (sum(row[key] for row in rows) for key in ("late", "late_in_standstill"))
    print(
        f"late in all: {late} of {sum(row['plans'] for row in rows)}, {excused} of them while the machine stood still "
        "(a process at nice -20 that only sleeps was not woken either)"
    )
    write_rows(args.json, "deadline", rows)
    return 0


def _row(args: argparse.Namespace, budget_ms: float, plans: int) -> dict[str, Any]:
    driver = {"frames": plans, "period_s": budget_ms / 1e3 + _GAP_S, "width": 640, "height": 360, "tuned": True}
    env = own_domain()
    with ExitStack() as stack:
        stack.enter_context(process([PARTS, "busy", "{}"], env))
        stack.enter_context(process(_planner(args, budget_ms), env))
        stalls = stack.enter_context(meter(env))
        answer = drive(driver, env)
    answers = answer["answers"]
    late = [one for one in answers if one["overrun_ms"] > _LATE_MS]
    return {
        "planner": args.planner,
        "budget_ms": budget_ms,
        "plans": len(answers),
        "late": len(late) + answer["sent"] - len(answers),
        "late_in_standstill": sum(_stood_still(one, stalls) for one in late),
        "worst_overrun_ms": max((round(one["overrun_ms"], 3) for one in answers), default=None),
        "steps_p50": percentile([one["steps"] for one in answers], 50),
        "planned": sum(one["steps"] > 0 for one in answers),
        "incomplete": sum(one["waypoints"] != 8 for one in answers),
        "standstills": len(stalls),
        "longest_standstill_ms": max((round((end - begin) / 1e6, 1) for begin, end in stalls), default=0.0),
    }


def _stood_still(plan: dict[str, Any], stalls: list[tuple[int, int]]) -> bool:
    """Whether the machine stood still, while the plan was made, for as long as it was late."""
    return any(
        min(end, plan["published_ns"]) - max(begin, plan["received_ns"]) >= plan["overrun_ms"] * 1e6
        for begin, end in stalls
    )


def _planner(args: argparse.Namespace, budget_ms: float) -> list[str]:
    ros_arguments = ["--log-level", "error", "-p", f"budget_ms:={budget_ms}", "-p", f"nice:={args.nice}"]
    if args.planner == "wam_diff":
        ros_arguments += ["-p", "planner:=wam_diff", "-p", f"checkpoint:={RANDOM_WEIGHTS}"]
        return ["wam_ros.ros.planner_main", "--ros-args", *ros_arguments]
    timed = {"steps": 1000, "step_s": args.step_ms / 1e3, "stall_every": args.stall_every, "stall_s": 0.1}
    return [PARTS, "timed", json.dumps({**timed, "ros_arguments": ros_arguments})]
