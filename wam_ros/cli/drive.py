"""`wam drive`: a planner through a town, over ROS as real processes or in this process, and how it went."""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.compose import EmbeddedDrive, default_rig
from wam_ros.cli.files import fresh_bag
from wam_ros.cli.planner_options import add_planner_options, planner_options, planner_parameters, tell_fallbacks
from wam_ros.cli.progress import show_count, show_line
from wam_ros.core.errors import ConfigError
from wam_ros.planning.catalog import DEFAULT_DRIVER, PLANNER_NAMES, PRIVILEGED, WAM_DIFF, load_vehicle, weights_of

if TYPE_CHECKING:
    from wam_ros.core.lane_graph import LaneGraph
    from wam_ros.planning.route_planner import PlannedRoute

_LONG_PLAN_MS = 2_000.0  # with --steps a plan has all the time it wants: the drive does not depend on the machine


def add_parser(subparsers: Any) -> None:
    """Add `drive`."""
    parser = subparsers.add_parser("drive", help="drive a planner through a town, closed loop")
    parser.add_argument("--town", default="grid_small", help="name or folder of a town (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the traffic (%(default)s)")
    parser.add_argument("--vehicles", type=int, default=20, help="of the traffic (%(default)s)")
    parser.add_argument("--pedestrians", type=int, default=15, help="(%(default)s)")
    parser.add_argument("--route-seed", type=int, default=0, help="of the route (%(default)s)")
    parser.add_argument("--route-length", type=float, default=400.0, metavar="M", help="about [m] (%(default)s)")
    parser.add_argument(
        "--planner",
        choices=(*PLANNER_NAMES, PRIVILEGED),
        default=DEFAULT_DRIVER,
        help="(%(default)s)",
    )
    add_planner_options(parser)
    timing = parser.add_mutually_exclusive_group()
    timing.add_argument("--steps", type=int, help="decode so many steps for each plan, however long it takes")
    timing.add_argument("--budget-ms", type=float, metavar="MS", help="time per plan, over ROS (80)")
    parser.add_argument("--vehicle", default="passenger_car", help="name or YAML file (%(default)s)")
    parser.add_argument("--rig", type=Path, metavar="YAML", help="sensors (config/sensors/front_camera.yaml)")
    parser.add_argument("--in-process", action="store_true", help="without ROS, as fast as it goes")
    parser.add_argument("--host", help="of a CARLA server that runs already; the embedded one is started otherwise")
    parser.add_argument("--port", type=int, default=2000, help="of that server (%(default)s)")
    parser.add_argument("--role-name", default="hero", help="of the vehicle (%(default)s)")
    parser.add_argument(
        "--real-time",
        type=float,
        metavar="X",
        help=f"over ROS at most X times; 0 = no limit ({WAM_DIFF} within a budget: 1, else 0)",
    )
    parser.add_argument("--time-limit", type=float, default=300.0, metavar="S", help="simulated time (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="folder for results (%(default)s)")
    parser.add_argument("--no-film", action="store_true", help="write no MP4")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the summary as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Drive, say how it went, name the files; exit code 1 where the goal was not reached."""
    if not args.route_length > 0.0 or not args.time_limit > 0.0:
        msg = f"--route-length {args.route_length}, --time-limit {args.time_limit}: wanted more than 0"
        raise ConfigError(msg)
    args.out.mkdir(parents=True, exist_ok=True)
    bag = fresh_bag(args.out / f"drive_{args.planner}")
    print(_headline(args))
    begun = time.perf_counter()
    summary = _in_process(args, bag) if args.in_process else _over_ros(args, bag)
    summary["wall_s"] = round(time.perf_counter() - begun, 2)
    files = [bag]
    if not args.no_film:
        files.append(_film(args, bag))
    summary_file = args.json if args.json is not None else args.out / f"drive_{args.planner}.json"
    summary["files"] = [str(file) for file in files]
    summary_file.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    _print_summary(summary)
    print("wrote " + "\n      ".join(map(str, [*files, summary_file])))
    return 0 if summary["ok"] else 1


def _headline(args: argparse.Namespace) -> str:
    where = f"{args.host}:{args.port}" if args.host else f"town {args.town}, traffic seed {args.seed}"
    how = "in process" if args.in_process else "over ROS"
    honest = " (it sees the simulator's truth)" if args.planner == PRIVILEGED else ""
    if weights := weights_of(args.planner, args.checkpoint or ""):
        honest = f" (weights: {weights})"
    return f"{args.planner}{honest} {how}, {where}, route seed {args.route_seed}, about {args.route_length:g} m"


def _real_time(args: argparse.Namespace) -> float:
    """Where a planner's steps depend on the time that it is left, the world may not take its cores by running ahead."""
    if args.real_time is not None:
        return float(args.real_time)
    return 1.0 if args.planner == WAM_DIFF and args.steps is None else 0.0


def _rig(args: argparse.Namespace) -> Path:
    return args.rig if args.rig is not None else default_rig()


def _in_process(args: argparse.Namespace, bag: Path) -> dict[str, Any]:
    from wam_ros.bags.drive_bag import DriveBag
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.carla_server.world.world import WorldSettings
    from wam_ros.core.sensor_rig import SensorRig
    from wam_ros.metrics.infractions import InfractionDetector
    from wam_ros.runtime.loop import LoopSettings
    from wam_ros.runtime.observers import DriveLog, InfractionLog, RouteProgress

    if args.host:
        msg = "--host with --in-process: drive a running server over ROS, without --in-process"
        raise ConfigError(msg)
    town, vehicle = Town.load(args.town), load_vehicle(args.vehicle)
    planned = _route(town.lanes, args)
    settings = WorldSettings(seed=args.seed, vehicles=args.vehicles, pedestrians=args.pedestrians)
    parts = EmbeddedDrive(town, settings, vehicle, SensorRig.load(_rig(args)), planned)
    log, progress = DriveLog(), RouteProgress(planned.route, show_line)
    infractions = InfractionLog(InfractionDetector(vehicle, town.lanes, planned.route))
    world, recorder = parts.environment(), DriveBag(bag, town.xodr, town.name)
    try:
        planner = parts.planner(args.planner, planner_options(args), world)
        limits = LoopSettings(time_limit=args.time_limit)
        loop = parts.loop(world, planner, limits, [log, progress, infractions, recorder])
        tell_fallbacks(planner)
        end = loop.run()
    finally:
        world.close()
        recorder.close()
        show_line("")
    wall = sum(end.parts_s.values())
    return {
        **_told(args, planned),
        "ok": end.reason == "goal",
        "reason": end.reason,
        "duration_s": round(end.duration, 2),
        "route_length_m": round(planned.length, 1),
        "route_completion": 1.0 if end.reason == "goal" else round(min(progress.arc_length / planned.length, 1.0), 4),
        "driven_m": round(log.distance, 1),
        "plans": dict(log.statuses),
        "infractions": [
            {"kind": found.kind, "stamp_ns": found.stamp_ns, "at_fault": found.at_fault, "detail": found.detail}
            for found in infractions.infractions
        ],
        "real_time_factor": round(end.duration / wall, 2),
        "parts_ms_per_tick": {part: round(1e3 * spent / end.ticks, 3) for part, spent in end.parts_s.items()},
    }


def _over_ros(args: argparse.Namespace, bag: Path) -> dict[str, Any]:
    from wam_ros.core.sensor_rig import SensorRig
    from wam_ros.ros.drive import DriveRun, drive

    cameras = SensorRig.load(_rig(args)).cameras
    if not cameras:
        msg = f"{_rig(args)}: no camera; the planner needs one"
        raise ConfigError(msg)
    server = None
    if not args.host:
        traffic = ("--vehicles", str(args.vehicles), "--pedestrians", str(args.pedestrians))
        server = ("--town", args.town, "--seed", str(args.seed), "--port", "0", "--synchronous", *traffic)
    budget_ms = args.budget_ms if args.steps is None else _LONG_PLAN_MS
    bridge = {
        "rig": str(_rig(args)),
        "vehicle": args.vehicle,
        "route_seed": args.route_seed,
        "route_length": args.route_length,
        "max_real_time_factor": _real_time(args),
    }
    report = drive(
        DriveRun(
            out=bag,
            planner=args.planner,
            server=server,
            host=args.host or "127.0.0.1",
            port=args.port,
            role_name=args.role_name,
            camera=cameras[0].id,
            bridge=bridge,
            planner_parameters={
                **planner_parameters(args),
                **({} if budget_ms is None else {"budget_ms": budget_ms}),
                "vehicle": args.vehicle,
            },
            controller={"vehicle": args.vehicle, "lockstep": True},
            params_file=None,
            time_limit=args.time_limit,
            line=show_line,
        )
    )
    latencies = sorted(report.latencies_ms)
    return {
        **_told(args, None),
        "ok": report.ok,
        "reason": report.reason,
        "duration_s": round(report.duration, 2),
        "route_length_m": round(report.route_length, 1),
        "route_completion": 1.0 if report.ok else round(report.route_progress / max(report.route_length, 1e-9), 4),
        "plans": report.statuses,
        "plan_ms": {f"p{share}": round(latencies[len(latencies) * share // 100], 2) for share in (50, 99) if latencies},
        "collisions": report.collisions,
        "commands": report.commands,
        "missed_commands": report.missed_commands,
        "real_time_factor": round(report.real_time_factor, 2),
    }


def _route(lanes: LaneGraph, args: argparse.Namespace) -> PlannedRoute:
    from wam_ros.planning.route_planner import RoutePlanner

    return RoutePlanner(lanes).random_route(random.Random(args.route_seed), args.route_length)


def _told(args: argparse.Namespace, planned: PlannedRoute | None) -> dict[str, Any]:
    return {
        "planner": args.planner,
        "privileged": args.planner == PRIVILEGED,
        **({"weights": weights} if (weights := weights_of(args.planner, args.checkpoint or "")) else {}),
        "way": "in process" if args.in_process else "ros",
        "town": None if args.host else args.town,
        "seed": args.seed,
        "route_seed": args.route_seed,
        **({} if planned is None else {"lanes": list(planned.lane_ids)}),
    }


def _film(args: argparse.Namespace, bag: Path) -> Path:
    from wam_ros.bags.film import film

    out: Path = args.out / f"{bag.name}.mp4"
    film(bag, out, load_vehicle(args.vehicle), progress=lambda frames: show_count(f"film: {frames} frames"))
    show_line("")
    return out


def _print_summary(summary: dict[str, Any]) -> None:
    verdict = "reached its goal" if summary["ok"] else f"did not reach its goal: {summary['reason']}"
    print(f"{summary['planner']} {verdict}")
    hidden = {"planner", "privileged", "ok", "reason", "files", "lanes", "infractions"}
    for name, value in summary.items():
        if name not in hidden:
            print(f"  {name:20} {value}")
    for found in summary.get("infractions", []):
        print(f"  infraction           {found['kind']}: {found['detail']}{', at fault' if found['at_fault'] else ''}")
