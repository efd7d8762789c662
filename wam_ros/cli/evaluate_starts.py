"""`wam evaluate starts`: whether a planner goes from rest, at green or behind a lead that leaves, and stays at red."""

from __future__ import annotations

import argparse
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.evaluation_stamp import evaluated_planner, made_stamp, rig_digest, rig_of, town_facts
from wam_ros.cli.planner_options import add_planner_options, planner_options
from wam_ros.cli.progress import show_line
from wam_ros.core.errors import ConfigError
from wam_ros.planning.catalog import CNN, PLANNER_NAMES, PRIVILEGED, WAM_DIFF
from wam_ros.planning.engine_state import EngineState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wam_ros.cli.start_stage import StartWork
    from wam_ros.core.protocols import Planner
    from wam_ros.evaluation.journal import Journal
    from wam_ros.evaluation.result import Row
    from wam_ros.evaluation.stamp import Stamp
    from wam_ros.evaluation.start_task import StartTask

_WALL_LIMIT_S = 600.0  # of a case
_NETWORKS = {WAM_DIFF: "wam_ros.planning.wam_diff", CNN: "wam_ros.planning.cnn_planner"}  # import torch once


def add_parser(subparsers: Any) -> None:
    """Add `starts`."""
    parser = subparsers.add_parser("starts", help="does it go from rest at green and behind a lead, and stay at red")
    parser.add_argument("--town", nargs="+", action="extend", metavar="T", help="name or folder (grid_small)")
    parser.add_argument("--cases", type=int, default=50, help="of each kind: green, lead, red (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of places, traffic and look (%(default)s)")
    parser.add_argument("--planner", choices=(*PLANNER_NAMES, PRIVILEGED), required=True)
    add_planner_options(parser)
    parser.add_argument("--weights", dest="checkpoint", metavar="DIR", help="the same as --checkpoint")
    parser.add_argument("--steps", type=int, metavar="K", help="decode so many steps for each plan (one per waypoint)")
    parser.add_argument("--vehicles", type=int, default=5, help="of the traffic (%(default)s)")
    parser.add_argument("--vehicle", default="passenger_car", help="name or YAML file (%(default)s)")
    parser.add_argument("--rig", type=Path, metavar="YAML", help="sensors (config/sensors/front_camera.yaml)")
    parser.add_argument("--processes", type=int, default=0, help="cases at a time; 0 = one per core (0)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="folder for results (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="the result (DIR/starts_PLANNER.json)")
    parser.add_argument(
        "--resume", action=argparse.BooleanOptionalAction, default=True, help="go on where an earlier run ended (yes)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Drive what is not driven yet, tell and write; exit code 1 where a case crashed."""
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.evaluation.journal import Journal
    from wam_ros.evaluation.start_result import summarise_starts, write_starts
    from wam_ros.evaluation.start_task import start_tasks

    if min(args.processes, args.vehicles) < 0:
        msg = f"--processes {args.processes}, --vehicles {args.vehicles}: wanted 0 or more"
        raise ConfigError(msg)
    names = args.town or ["grid_small"]
    tasks = start_tasks(names, args.cases, args.seed)
    towns = [Town.load(name) for name in names]
    planner = evaluated_planner(args)
    stamp = _stamp(args, planner, towns)
    out: Path = args.json if args.json is not None else args.out / f"starts_{args.planner}.json"
    ids = [task.id for task in tasks]
    with closing(Journal(out.with_suffix(".jsonl"), ids, stamp.identity, stamp.task, resume=args.resume)) as journal:
        _drive(_work(args, planner), tasks, journal, args.processes or len(os.sched_getaffinity(0)))
        rows = [journal.rows[task.id] for task in tasks]
    summary = summarise_starts(rows)
    write_starts(out, stamp.as_dict(), summary, rows)
    _print_summary(args.planner, summary)
    print(f"wrote {out}")
    return 1 if summary["crashed"] else 0


def _work(args: argparse.Namespace, planner: Planner) -> StartWork:
    from wam_ros.cli.start_stage import StartWork

    images = planner.camera is not None
    return StartWork(args.planner, planner_options(args), images, args.vehicle, rig_of(args), args.vehicles)


def _stamp(args: argparse.Namespace, planner: Planner, towns: Sequence[Any]) -> Stamp:
    from wam_ros.evaluation.start_run import RULES

    task = {
        **town_facts(towns),
        "cases_of_each_kind": args.cases,
        "rules": RULES,
        "backend": EngineState.of(planner).backend,
        "vehicles": args.vehicles,
        "pedestrians": 0,
        "rig": rig_digest(args),
    }
    return made_stamp(args, planner, task)


def _drive(work: StartWork, tasks: Sequence[StartTask], journal: Journal, processes: int) -> None:
    """Drive each task once; the journal has each as soon as it is done."""
    from wam_ros.cli.start_stage import PRELOAD
    from wam_ros.evaluation.pool import Crash, run_all
    from wam_ros.evaluation.start_result import StartResult

    left = [task for task in tasks if task.id not in journal.rows]
    honest = " (it sees the simulator's truth)" if work.planner == PRIVILEGED else ""
    print(f"{work.planner}{honest}: {len(tasks)} start cases, {len(journal.rows)} of them driven before")
    preload = (*PRELOAD, *([_NETWORKS[work.planner]] if work.planner in _NETWORKS else []))
    try:
        with closing(run_all(work, left, processes, time_limit_s=_WALL_LIMIT_S, preload=preload)) as pool:
            for finished in pool:
                if finished is not None:
                    task, answer = finished
                    row: Row = answer
                    if isinstance(answer, Crash):
                        row = StartResult.crashed(task, answer.reason).as_row()
                    journal.add(row)
                    show_line(f"{len(journal.rows)} of {len(tasks)} cases; {_told(row)}")
    finally:
        show_line("")
        print(f"{len(journal.rows)} of {len(tasks)} cases are in {journal.path}")


def _told(row: Row) -> str:
    if row["error"] is not None:
        return f"{row['id']}: CRASHED, {row['error']}"
    what = "stayed" if row["kind"] == "red" else f"moved after {row['moved_s']} s"
    return f"{row['id']}: {what}" if row["passed"] else f"{row['id']}: FAILED"


def _print_summary(planner: str, summary: dict[str, Any]) -> None:
    print(planner)
    for name in ("green", "lead", "starts", "red"):
        found = summary[name]
        low, high = (100.0 * end for end in found["ci95"])
        aim = "" if "aim" not in found else f", aim {100.0 * found['aim']:g} %: {'yes' if found['reached'] else 'NO'}"
        share = f"{100.0 * found['share']:.1f} %  (95 %: {low:.1f} to {high:.1f})"
        print(f"  {name:8} {found['passed']} of {found['cases']} = {share}{aim}")
    red = summary["red"]
    moved = summary["starts"]["moved_s"]
    after = "none moved" if moved is None else "moved after " + ", ".join(f"{key} {moved[key]} s" for key in moved)
    print(f"  {after}; at red crept {'-' if red['creep_m'] is None else red['creep_m']} m at most")
    refused = summary["not_cases"]
    print(
        "  drawn anew, as the expert would not do it either: " + ", ".join(f"{key} {refused[key]}" for key in refused)
    )
    if summary["crashed"]:
        print(f"ATTENTION: {summary['crashed']} of {summary['cases']} cases crashed and count as failed")
