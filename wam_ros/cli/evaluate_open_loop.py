"""`wam evaluate open-loop`: a planner on the frames of recorded drives, beside what was driven and NAVSIM's scores."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli import export_scenarios
from wam_ros.cli.evaluation_stamp import made_stamp
from wam_ros.cli.recorded_bags import add_planner_arguments, planned_frames, planner_for, read_truth, town_lanes
from wam_ros.core.errors import ConfigError
from wam_ros.planning.catalog import PLANNER_NAMES, PRIVILEGED, load_vehicle

if TYPE_CHECKING:
    from wam_ros.core.lane_graph import LaneGraph
    from wam_ros.core.protocols import Planner
    from wam_ros.evaluation.open_loop import EvaluatedDrive
    from wam_ros.evaluation.stamp import Stamp


def add_parser(commands: Any) -> None:
    """Add `open-loop` and `export-scenarios`."""
    parser = commands.add_parser("open-loop", help="score plans of recorded frames")
    parser.add_argument("bags", type=Path, nargs="+", metavar="BAG", help="recorded drives")
    parser.add_argument(
        "--planner", choices=(*PLANNER_NAMES, PRIVILEGED), default="route_follower", help="(%(default)s)"
    )
    add_planner_arguments(parser)
    parser.add_argument(
        "--score-every",
        type=float,
        default=0.5,
        metavar="S",
        help="NAVSIM scores of a frame each S seconds (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the result file")
    parser.set_defaults(run=run)
    export_scenarios.add_parser(commands)


def run(args: argparse.Namespace) -> int:
    """Plan, compare, tell."""
    from wam_ros.evaluation.open_loop_summary import bag_rows, calibrate_frames, summarise_frames
    from wam_ros.evaluation.outline import outline
    from wam_ros.evaluation.result import write_result

    if not args.score_every > 0.0:
        msg = f"--score-every {args.score_every}, wanted more than 0"
        raise ConfigError(msg)
    names = [bag.resolve().name for bag in args.bags]
    lanes = town_lanes(args.town)
    drives: list[EvaluatedDrive] = []
    for bag in args.bags:
        drive, planner = _drive(args, bag, lanes)
        drives.append(drive)
    summary, calibration = summarise_frames(drives, args.seed), calibrate_frames(drives, args.seed)
    print(_table(summary))
    print(calibration.table() if calibration is not None else "calibration: the planner tells no confidence")
    for drive in drives:
        if drive.why_unscored:
            print(f"{drive.name}: no NAVSIM scores: {drive.why_unscored}")
    if args.json is not None:
        maps = {} if lanes is None else {Path(args.town).name: outline(lanes)}
        write_result(
            args.json,
            "open_loop",
            stamp=_stamp(args, planner, names).as_dict(),
            summary=summary,
            routes=bag_rows(drives),
            calibration=None if calibration is None else calibration.as_dict(),
            town_maps=maps,
        )
        print(f"wrote {args.json}")
    return 0


def _drive(args: argparse.Namespace, bag: Path, lanes: LaneGraph | None) -> tuple[EvaluatedDrive, Planner]:
    from wam_ros.bags.observations import BagObservations
    from wam_ros.evaluation.open_loop import evaluate_drive
    from wam_ros.planning.expert import PrivilegedExpert

    vehicle, name = load_vehicle(args.vehicle), bag.resolve().name
    truth, why = read_truth(bag, lanes)
    planner = planner_for(args.planner, args, vehicle, truth, f"{bag}: {why}")
    with BagObservations(bag) as observations:
        drive = evaluate_drive(
            name,
            planned_frames(observations, planner, vehicle, f"{name}: "),
            observations.truth,
            truth,
            PrivilegedExpert(vehicle),
            why_unscored=why,
            score_every=args.score_every,
        )
    return drive, planner


def _stamp(args: argparse.Namespace, planner: Planner, names: list[str]) -> Stamp:
    from wam_ros.evaluation.open_loop_summary import METRIC_VERSION

    task = {
        "towns": [] if args.town is None else [Path(args.town).name],
        "bags": names,
        "metric_version": METRIC_VERSION,
        "plan_delay_s": 0.0,
        "planning_period_s": None,
        "score_every_s": args.score_every,
    }
    return made_stamp(args, planner, task)


def _table(summary: dict[str, Any]) -> str:
    lines = [
        f"frames {summary['frames']} of {summary['bags']} bag(s)",
        ", ".join(f"{name} {count}" for name, count in summary["statuses"].items()),
        *(f"  {count} times: {reason}" for reason, count in summary["reasons"].items()),
        f"ADE {_figure(summary, 'ade_m')}  FDE {_figure(summary, 'fde_m')}  [m]",
        f"heading error {_plain(summary['heading_error_rad'])} rad",
    ]
    lines += [
        f"  {row['time_s']:.1f} s  {_plain(row['error_m'])} m  {_plain(row['heading_error_rad'])} rad  (n = {row['n']})"
        for row in summary["by_horizon"]
    ]
    lines += [
        f"  confidence {row['low']:.1f} to {row['high']:.1f}  ADE {_plain(row['ade_m'])} m  PDMS {_plain(row['pdms'])}"
        f"  ({row['frames']} frames)"
        for row in summary["by_confidence"]
    ]
    for row in summary["nuscenes"]:
        l2 = "  ".join(f"{at} {value:.3f}" for at, value in row["l2_m"].items())
        lines.append(f"  L2 [m] as {row['protocol']:<6} {l2}  ({row['samples']} samples)")
    if summary["frames_scored"]:
        lines.append(
            f"PDMS {_figure(summary, 'pdms')}  EPDMS {_figure(summary, 'epdms')}, "
            f"unfiltered {_plain(summary['epdms_unfiltered'])}  ({summary['frames_scored']} frames)"
        )
        for version, scores in summary["sub_scores"].items():
            lines.append(f"  {version}  " + "  ".join(f"{name} {value:.3f}" for name, value in scores.items()))
    return "\n".join(lines)


def _figure(summary: dict[str, Any], name: str) -> str:
    ends = summary["ci95"].get(name)
    return _plain(summary[name]) + ("" if ends is None else f" [{ends[0]:.3f}, {ends[1]:.3f}]")


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
