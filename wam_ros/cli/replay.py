"""`wam replay`: a recorded drive through a planner, over ROS in real time or step by step in this process."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.files import fresh_bag
from wam_ros.cli.planner_options import add_planner_options, planner_options, planner_parameters, tell_fallbacks
from wam_ros.cli.progress import show_line
from wam_ros.core.errors import BagError, ConfigError
from wam_ros.planning.catalog import BASELINES, PLANNER_NAMES
from wam_ros.runtime.tick import TimeBudget

if TYPE_CHECKING:
    from wam_ros.bags.replay import ReplayedFrame
    from wam_ros.bags.summary import ReplaySummary

_WAYPOINTS = 8
_BUDGET_MS = TimeBudget.total_s * 1e3
_VEHICLE = "passenger_car"


def add_parser(subparsers: Any) -> None:
    """Add `replay`."""
    parser = subparsers.add_parser("replay", help="a recorded drive through a planner")
    parser.add_argument("bag", type=Path, metavar="BAG", help="bag, or folder of a KITTI odometry sequence")
    parser.add_argument("--planner", choices=PLANNER_NAMES, default="route_follower", help="(%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="folder for results (%(default)s)")
    parser.add_argument("--step", action="store_true", help="step by step, without ROS: same input, same bytes out")
    parser.add_argument("--rate", type=float, default=1.0, help="times real time (%(default)s)")
    parser.add_argument("--budget-ms", type=float, metavar="MS", help=f"time per plan ({_BUDGET_MS:g})")
    add_planner_options(parser)
    parser.add_argument("--steps", type=int, help="decoding steps at most; 0 = one per waypoint (0)")
    parser.add_argument("--vehicle", help=f"name or YAML file ({_VEHICLE})")
    parser.add_argument(
        "--params-file", type=Path, metavar="YAML", help="parameters of the node; options given here win"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the summary as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replay, say what came out, and name the files."""
    if not args.rate > 0.0:
        msg = f"--rate {args.rate}, wanted more than 0"
        raise ConfigError(msg)
    args.out.mkdir(parents=True, exist_ok=True)
    bag = _as_bag(args.bag, args.out)
    result = fresh_bag(args.out / f"result_{args.planner}")
    summary = _step(args, bag, args.planner, result, show=True) if args.step else _over_ros(args, bag, result)
    way = "step by step" if args.step else f"over ROS at {args.rate:g}x, {_budget(args)}"
    print(f"{args.planner}, {way}\n{summary.table()}")
    _print_baselines(args, bag)
    summary_file = args.json if args.json is not None else args.out / f"summary_{args.planner}.json"
    summary_file.write_text(summary.to_json(), encoding="utf-8")
    print(f"wrote {bag}\n      {result}\n      {summary_file}")
    return 0


def _budget(args: argparse.Namespace) -> str:
    if args.budget_ms is None and args.params_file is not None:
        return f"budget as in {args.params_file}"
    return f"budget {_BUDGET_MS if args.budget_ms is None else args.budget_ms:g} ms"


def _as_bag(source: Path, out: Path) -> Path:
    """The bag itself, or one made from a KITTI folder."""
    from wam_ros.bags.kitti import import_kitti

    if not source.exists():
        msg = f"{source}: no such bag or folder"
        raise BagError(msg)
    if source.is_file() or (source / "metadata.yaml").exists() or any(source.glob("*.mcap")):
        return source
    bag = fresh_bag(out / f"{source.resolve().name}.bag")
    print(f"making {bag} from the KITTI sequence {source}")
    import_kitti(source, bag)
    return bag


def _over_ros(args: argparse.Namespace, bag: Path, result: Path) -> ReplaySummary:
    from wam_ros.ros.replay import ReplayRun, replay

    node = {"budget_ms": args.budget_ms, "vehicle": args.vehicle}
    parameters = {
        **planner_parameters(args),
        **{name: value for name, value in node.items() if value is not None},
    }
    return replay(ReplayRun(bag, result, args.planner, args.rate, parameters, args.params_file, show_line))


def _step(args: argparse.Namespace, bag: Path, planner: str, result: Path, *, show: bool) -> ReplaySummary:
    from wam_ros.bags.replay import replay_in_process
    from wam_ros.planning import Fallback, PlanMonitor
    from wam_ros.planning.catalog import load_vehicle, make_planner

    vehicle = load_vehicle(args.vehicle or _VEHICLE)
    made, count = make_planner(planner, vehicle, planner_options(args)), 0
    if made.provenance and show:
        print(f"{planner}: {made.provenance}")

    def progress(replayed: ReplayedFrame) -> None:
        nonlocal count
        count += 1
        show_line(f"{count:4d} plans  {replayed.answer.plan.status.name:8} {replayed.answer.plan.reason[:60]}")

    summary = replay_in_process(
        bag,
        made,
        PlanMonitor(vehicle),
        Fallback(vehicle),
        result,
        waypoints=_WAYPOINTS,
        progress=progress if show else None,
    )
    if show:
        show_line("")
        tell_fallbacks(made)
    return summary


def _print_baselines(args: argparse.Namespace, bag: Path) -> None:
    print("baselines, step by step:")
    for planner in BASELINES:
        summary = _step(args, bag, planner, fresh_bag(args.out / f"baseline_{planner}"), show=False).as_dict()
        ade, fde = (f"{summary[key]:.3f} m" if summary[key] is not None else "no truth" for key in ("ade_m", "fde_m"))
        print(f"  {planner:18} ADE {ade}  FDE {fde}  (n = {summary['n']}, {summary['n_fde']})")
