"""`wam bench world`: ticks a second of the embedded world, with and without camera, planner and wire."""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from wam_ros.cli.bench_report import machine, print_row, write_rows
from wam_ros.cli.compose import EmbeddedDrive
from wam_ros.core.geometry import SE3
from wam_ros.core.sensor_rig import SensorRig, SensorSpec
from wam_ros.core.vehicle import VehicleCommand
from wam_ros.planning.catalog import PRIVILEGED, PlannerOptions, load_vehicle

_TICK_S = 0.05
_ROUTE_M = 600.0


def add_parser(commands: Any) -> None:
    """Add the command to `wam bench`."""
    parser = commands.add_parser(
        "world",
        help="ticks a second of the embedded world",
        description="Drive the embedded world in process on one core, one camera image at each tick of 1/20 s.",
    )
    parser.add_argument("--town", default="grid_small", help="(%(default)s)")
    parser.add_argument("--ticks", type=int, default=400, help="timed in each case (%(default)s)")
    parser.add_argument("--vehicles", type=int, default=25, help="of the traffic (%(default)s)")
    parser.add_argument("--pedestrians", type=int, default=15, help="(%(default)s)")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360), metavar=("W", "H"), help="(640 360)")
    parser.add_argument("--planner", default=PRIVILEGED, help="of the cases with a planner (%(default)s)")
    parser.add_argument("--cores", type=int, default=1, help="that this process may use (%(default)s)")
    parser.add_argument("--case", help="only this one")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print; with --json also write."""
    cases = {
        "no camera, no planner": {"camera": False, "planner": None},
        "camera, no planner": {"camera": True, "planner": None},
        f"camera, {args.planner} at 10 Hz": {"camera": True, "planner": args.planner},
    }
    if args.case is not None:
        return _one(args, args.case, **cases[args.case])
    print(machine())
    print(
        f"{args.town}, {args.vehicles} vehicles, {args.pedestrians} pedestrians, {args.cores} core, one process a case"
    )
    rows = []
    for case in cases:
        row = _in_a_process(args, case)
        rows.append(row)
        print_row(row)
    write_rows(args.json, "world", rows)
    return 0


def _in_a_process(args: argparse.Namespace, case: str) -> dict[str, Any]:
    """A fresh process for each case: none inherits caches or the traffic of another."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "row.json"
        options = ["--town", args.town, "--ticks", str(args.ticks), "--vehicles", str(args.vehicles)]
        options += ["--pedestrians", str(args.pedestrians), "--size", *map(str, args.size), "--cores", str(args.cores)]
        options += ["--planner", args.planner, "--case", case, "--json", str(result)]
        subprocess.run([sys.executable, "-m", "wam_ros.cli.main", "bench", "world", *options], check=True)
        row: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))["rows"][0]
        return row


def _one(args: argparse.Namespace, case: str, *, camera: bool, planner: str | None) -> int:
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.carla_server.world.world import WorldSettings
    from wam_ros.planning.route_planner import RoutePlanner

    allowed = sorted(os.sched_getaffinity(0))[-args.cores :]
    os.sched_setaffinity(0, allowed)
    town = Town.load(args.town)
    width, height = args.size
    attributes = {"image_size_x": str(width), "image_size_y": str(height), "fov": "70"}
    front = SensorSpec("front", "sensor.camera.rgb", SE3.from_euler([1.6, 0.0, 1.55], 0.0, 0.0, 0.0), attributes)
    parts = EmbeddedDrive(
        town,
        WorldSettings(seed=0, vehicles=args.vehicles, pedestrians=args.pedestrians),
        load_vehicle("passenger_car"),
        SensorRig((front,)),
        RoutePlanner(town.lanes).random_route(random.Random(0), _ROUTE_M),
        camera,
    )
    world = parts.environment()
    try:
        row = _standing(world, args.ticks) if planner is None else _driving(parts, world, planner, args.ticks)
    finally:
        world.close()
    write_rows(args.json, "world", [{"case": case, **row}])
    return 0


def _standing(world: Any, ticks: int) -> dict[str, Any]:
    """The vehicle stands in traffic; the camera sees each tick."""
    observation = world.reset()
    hold = VehicleCommand(observation.stamp_ns, 0.0, 0.0, -3.0)
    spent = {"observe": 0.0, "world": 0.0}
    begun = time.perf_counter()
    for _ in range(ticks):
        at = time.perf_counter()
        world.apply(hold)
        spent["world"] += time.perf_counter() - at
        at = time.perf_counter()
        world.observe()
        spent["observe"] += time.perf_counter() - at
    return _row(ticks, time.perf_counter() - begun, spent)


def _driving(parts: EmbeddedDrive, world: Any, planner_name: str, ticks: int) -> dict[str, Any]:
    """The planner drives; images at each tick, plans at every other."""
    from wam_ros.runtime.loop import DriveTick, LoopSettings

    class Stop:
        def on_tick(self, tick: DriveTick) -> str | None:
            return "measured" if tick.index >= ticks else None

    planner = parts.planner(planner_name, PlannerOptions(), world)
    end = parts.loop(world, planner, LoopSettings(), [Stop()]).run()
    spent = {part: seconds for part, seconds in end.parts_s.items() if part != "reset"}
    return _row(end.ticks, sum(spent.values()), spent)


def _row(ticks: int, seconds: float, spent: dict[str, float]) -> dict[str, Any]:
    return {
        "ticks": ticks,
        "ticks_per_s": round(ticks / seconds, 1),
        "real_time_factor": round(ticks * _TICK_S / seconds, 2),
        "parts_ms": {part: round(1e3 * value / ticks, 3) for part, value in spent.items()},
    }
