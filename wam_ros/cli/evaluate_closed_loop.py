"""`wam evaluate closed-loop`: a planner over many routes in traffic, in parallel, resumable, scored and stamped."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.evaluation_stamp import evaluated_planner, made_stamp, rig_digest, rig_of, town_facts
from wam_ros.cli.planner_options import add_planner_options, planner_options
from wam_ros.core.errors import ConfigError
from wam_ros.core.resources import resource
from wam_ros.planning.catalog import BASELINES, PLANNER_NAMES, PRIVILEGED, WAM_DIFF
from wam_ros.planning.engine_state import EngineState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wam_ros.cli.evaluate_route import RouteWork
    from wam_ros.core.protocols import Planner
    from wam_ros.evaluation.journal import Journal
    from wam_ros.evaluation.result import Row
    from wam_ros.evaluation.route_run import RouteSettings
    from wam_ros.evaluation.route_task import RouteTask
    from wam_ros.evaluation.stamp import Stamp
    from wam_ros.evaluation.step_time_table import StepTimeTable

STEP_TIMES = "config/step_times/small_cpu.json"
_LEFT_OUT = ("stop signs", "scenario timeouts", "emergency vehicles")  # the embedded towns have none
_WALL_LIMIT_S = 3600.0  # of a route; a process that hangs is given up


def add_parser(subparsers: Any) -> None:
    """Add `closed-loop`."""
    parser = subparsers.add_parser("closed-loop", help="drive routes through towns and score them")
    parser.add_argument("--town", nargs="+", action="extend", metavar="T", help="name or folder (grid_small)")
    parser.add_argument("--routes", type=int, default=20, help="in all, dealt to the towns in turn (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of routes and traffic (%(default)s)")
    parser.add_argument("--planner", choices=(*PLANNER_NAMES, PRIVILEGED), required=True)
    add_planner_options(parser)
    parser.add_argument(
        "--weight-noise", type=float, metavar="X", help="of wam_diff, relative to each matrix: worse on purpose (0)"
    )
    timing = parser.add_mutually_exclusive_group()
    timing.add_argument("--steps", type=int, metavar="K", help="decode so many steps for each plan (one per waypoint)")
    timing.add_argument("--budget-ms", type=float, metavar="B", help="decode as the stored step times allow")
    parser.add_argument("--step-times", type=Path, metavar="FILE", help=f"for --budget-ms ({STEP_TIMES})")
    parser.add_argument("--route-length", type=float, default=500.0, metavar="M", help="about [m] (%(default)s)")
    parser.add_argument("--vehicles", type=int, default=25, help="of the traffic (%(default)s)")
    parser.add_argument("--pedestrians", type=int, default=15, help="of the traffic (%(default)s)")
    parser.add_argument("--vehicle", default="passenger_car", help="name or YAML file (%(default)s)")
    parser.add_argument("--rig", type=Path, metavar="YAML", help="sensors (config/sensors/front_camera.yaml)")
    parser.add_argument("--stop-at-collision", action="store_true", help="end a route at a collision of our fault")
    parser.add_argument("--processes", type=int, default=0, help="routes at a time; 0 = one per core (0)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="folder for results (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="the result (DIR/closed_loop_PLANNER.json)")
    parser.add_argument(
        "--resume", action=argparse.BooleanOptionalAction, default=True, help="go on where an earlier run ended (yes)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Drive what is not driven yet, tell and write; exit code 1 where a route crashed."""
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.evaluation.calibration import OutcomeSamples, calibration_figures
    from wam_ros.evaluation.journal import Journal
    from wam_ros.evaluation.outline import outline
    from wam_ros.evaluation.result import write_result
    from wam_ros.evaluation.route_task import route_tasks
    from wam_ros.evaluation.summary import summarise

    _check(args)
    names = args.town or ["grid_small"]
    tasks = route_tasks(names, args.routes, args.seed)
    towns = {name: Town.load(name) for name in names}
    planner = evaluated_planner(args)
    settings = _settings(args, planner)
    work = _work(args, planner, settings)
    stamp = _stamp(args, planner, settings, towns)
    out: Path = args.json if args.json is not None else args.out / f"closed_loop_{args.planner}.json"
    ids = [task.id for task in tasks]
    with closing(Journal(out.with_suffix(".jsonl"), ids, stamp.identity, stamp.task, resume=args.resume)) as journal:
        print(_headline(args, len(tasks), journal))
        _drive(work, [task for task in tasks if task.id not in journal.rows], journal, len(tasks), _processes(args))
        rows = [journal.rows[task.id] for task in tasks]
    summary = summarise(rows, args.seed)
    maps = {town.name: outline(town.lanes) for town in towns.values()}
    figures = calibration_figures(None, OutcomeSamples.from_routes(rows), args.seed)
    calibration = None if figures is None else figures.as_dict()
    write_result(
        out,
        "closed_loop",
        stamp=stamp.as_dict(),
        summary=summary,
        routes=rows,
        calibration=calibration,
        town_maps=maps,
    )
    _print_summary(args.planner, summary)
    print(f"wrote {out}")
    return 1 if summary["crashed"] else 0


def _check(args: argparse.Namespace) -> None:
    if not args.route_length > 0.0 or args.processes < 0 or min(args.vehicles, args.pedestrians) < 0:
        msg = (
            f"--route-length {args.route_length}: wanted more than 0; --processes {args.processes}, "
            f"--vehicles {args.vehicles}, --pedestrians {args.pedestrians}: wanted 0 or more"
        )
        raise ConfigError(msg)
    if args.budget_ms is not None and not args.budget_ms > 0.0:
        msg = f"--budget-ms {args.budget_ms}: wanted more than 0"
        raise ConfigError(msg)
    if args.weight_noise and args.planner != WAM_DIFF:
        msg = f"--weight-noise {args.weight_noise}: only {WAM_DIFF} takes it, not {args.planner}"
        raise ConfigError(msg)
    if args.step_times is not None and args.budget_ms is None:
        msg = "--step-times are for --budget-ms: without a budget plans take no time"
        raise ConfigError(msg)


def _processes(args: argparse.Namespace) -> int:
    return args.processes or len(os.sched_getaffinity(0))


def _settings(args: argparse.Namespace, planner: Planner) -> RouteSettings:
    from wam_ros.evaluation.route_run import RouteSettings

    if args.budget_ms is None:
        return RouteSettings(stop_at_collision=args.stop_at_collision)
    table = _step_times(args, planner)
    return RouteSettings(budget_ms=args.budget_ms, step_times=table, stop_at_collision=args.stop_at_collision)


def _step_times(args: argparse.Namespace, planner: Planner) -> StepTimeTable:
    """Of the planner; one that makes no steps takes no time unless a table is given.

    Raises:
        ConfigError: The table was measured with another network.

    """
    from wam_ros.evaluation.step_time_table import StepTimeTable

    if args.step_times is None and args.planner in (*BASELINES, PRIVILEGED):
        return StepTimeTable()
    path: Path = resource(STEP_TIMES) if args.step_times is None else args.step_times
    table = StepTimeTable.load(path)
    preset = getattr(planner, "preset", None)  # of networks only
    if preset is not None and table.made_from.get("preset") != preset:
        msg = (
            f"{path}: step times of preset {table.made_from.get('preset')}, the checkpoint's is {preset}; "
            "measure its own with `wam bench step-times` and give them by --step-times"
        )
        raise ConfigError(msg)
    return table


def _work(args: argparse.Namespace, planner: Planner, settings: RouteSettings) -> RouteWork:
    from wam_ros.cli.evaluate_route import RouteWork

    return RouteWork(
        planner=args.planner,
        options=planner_options(args),
        images=planner.camera is not None,
        vehicle=args.vehicle,
        rig=rig_of(args),
        vehicles=args.vehicles,
        pedestrians=args.pedestrians,
        route_length=args.route_length,
        settings=settings,
    )


def _stamp(args: argparse.Namespace, planner: Planner, settings: RouteSettings, towns: dict[str, Any]) -> Stamp:
    from wam_ros.evaluation.result import METRIC_VERSION

    task: dict[str, Any] = {
        **town_facts(towns.values()),
        "metric_version": METRIC_VERSION,
        "calibration": getattr(planner, "calibration_identity", None),
        "backend": EngineState.of(planner).backend,
        "plan_delay_s": settings.loop.delay,
        "planning_period_s": settings.loop.planning_period,
        "routes": args.routes,
        "route_length_m": args.route_length,
        "vehicles": args.vehicles,
        "pedestrians": args.pedestrians,
        "stop_at_collision": args.stop_at_collision,
        "left_out": list(_LEFT_OUT),
        "rig": rig_digest(args),
    }
    if args.weight_noise:
        task["planner"] = f"{args.planner} (perturbed)"
    if args.budget_ms is not None:
        task["decode"] = {"budget_ms": args.budget_ms, "step_times": settings.step_times.as_dict()}
    return made_stamp(args, planner, task)


def _headline(args: argparse.Namespace, count: int, journal: Journal) -> str:
    honest = " (it sees the simulator's truth)" if args.planner == PRIVILEGED else ""
    before = f"; {len(journal.rows)} were driven before" if journal.rows else ""
    return f"{args.planner}{honest}: {count} routes of about {args.route_length:g} m, seed {args.seed}{before}"


def _drive(work: RouteWork, tasks: Sequence[RouteTask], journal: Journal, total: int, processes: int) -> None:
    """Drive each task once; the journal has each as soon as it is done."""
    from wam_ros.cli.evaluate_progress import EvaluationProgress
    from wam_ros.cli.evaluate_route import PRELOAD
    from wam_ros.evaluation.pool import Crash, run_all
    from wam_ros.evaluation.result import RouteResult

    progress = EvaluationProgress(total, len(tasks), processes, time.monotonic)
    try:
        with closing(run_all(work, tasks, processes, time_limit_s=_WALL_LIMIT_S, preload=PRELOAD)) as pool:
            for finished in pool:
                if finished is not None:
                    task, answer = finished
                    crashed = isinstance(answer, Crash)
                    row: Row = RouteResult.crashed(task, answer.reason).as_row() if crashed else answer
                    journal.add(row)
                    progress.finished(row)
                progress.beat()
    except KeyboardInterrupt:
        progress.done()
        print(f"stopped: {len(journal.rows)} of {total} routes are in {journal.path}; the same command goes on")
        raise
    progress.done()


def _print_summary(planner: str, summary: dict[str, Any]) -> None:
    print(planner)
    for name in (
        "routes",
        "crashed",
        "outcomes",
        "route_completion",
        "driving_score",
        "driving_scores",
        "success_rate",
    ):
        _print_figure(name, summary)
    for name in ("collisions_per_km", "red_lights_per_km", "stopped_at_green_per_km", "km", "efficiency", "comfort"):
        _print_figure(name, summary)
    for name in ("events", "plans", "late_plans", "plan_ms", "virtual_plan_ms"):
        _print_figure(name, summary)
    if summary["crashed"]:
        print(f"ATTENTION: {summary['crashed']} of {summary['routes']} routes crashed and count as 0")


def _print_figure(name: str, summary: dict[str, Any]) -> None:
    value, interval = summary[name], summary["ci95"].get(name)
    if isinstance(value, dict):
        value = ", ".join(f"{key} {figure:g}" for key, figure in value.items()) or "none"
    elif value is not None:
        value = f"{value:.4g}" + ("" if interval is None else f"  (95 %: {interval[0]:.4g} to {interval[1]:.4g})")
    print(f"  {name:24} {'-' if value is None else value}")
