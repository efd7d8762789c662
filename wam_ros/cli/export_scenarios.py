"""`wam evaluate export-scenarios`: frames of a recorded drive as scenario files that `wam score` reads."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wam_ros.cli.progress import show_count, show_line
from wam_ros.cli.recorded_bags import add_planner_arguments, planned_frames, planner_for, read_truth, town_lanes
from wam_ros.core.errors import BagError, ConfigError
from wam_ros.planning.catalog import PLANNER_NAMES, PRIVILEGED, load_vehicle

if TYPE_CHECKING:
    from wam_ros.core.geometry import Array
    from wam_ros.evaluation.recorded_drive import RecordedDrive
    from wam_ros.evaluation.scenario_export import ScenarioExporter

_NS_PER_MS = 1_000_000


def add_parser(commands: Any) -> None:
    """Add `export-scenarios`."""
    parser = commands.add_parser(
        "export-scenarios",
        help="write frames of a drive as scenarios for `wam score`",
        description="Write frames of a drive in the format of the NAVSIM parity set, a file each. The privileged "
        "expert's plan is the reference, the driven path is the human's.",
    )
    parser.add_argument("bag", type=Path, metavar="BAG", help="a drive with wam_ros/Scene and a route")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the files")
    parser.add_argument("--every", type=float, default=0.5, metavar="S", help="a frame each S seconds (%(default)s)")
    parser.add_argument(
        "--planner",
        action="append",
        choices=(*PLANNER_NAMES, PRIVILEGED),
        metavar="P",
        help=f"whose plans are the proposals; may be given several times ({PRIVILEGED})",
    )
    add_planner_arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the files, and say how many and what is in them."""
    from wam_ros.evaluation.scenario_export import ScenarioExporter
    from wam_ros.planning.expert import PrivilegedExpert

    if not args.every > 0.0:
        msg = f"--every {args.every}, wanted more than 0"
        raise ConfigError(msg)
    truth, why = read_truth(args.bag, town_lanes(args.town))
    if truth is None:
        msg = f"{args.bag}: no scenarios can be made: {why}"
        raise BagError(msg)
    planners = args.planner or [PRIVILEGED]
    proposals = _proposals(args, planners, truth)
    exporter = ScenarioExporter(truth, PrivilegedExpert(load_vehicle(args.vehicle)))
    args.out.mkdir(parents=True, exist_ok=True)
    count = _write(args, exporter, proposals)
    told = ", ".join(f"{number} {name}" for number, name in enumerate(planners))
    print(f"wrote {count} scenarios to {args.out}; proposals: {told}")
    return 0


def _proposals(args: argparse.Namespace, planners: list[str], truth: RecordedDrive) -> dict[int, Array]:
    """(P, 8, 3) by stamp [ns]: the plan of each planner for each frame."""
    from wam_ros.bags.observations import BagObservations
    from wam_ros.evaluation.scenario_export import proposal

    vehicle = load_vehicle(args.vehicle)
    rows: dict[int, list[Array]] = {}
    for name in planners:
        planner = planner_for(name, args, vehicle, truth, "")
        with BagObservations(args.bag) as observations:
            for frame in planned_frames(observations, planner, vehicle, f"{name}: "):
                if frame.ego is not None:
                    rows.setdefault(frame.stamp_ns, []).append(proposal(frame.plan.trajectory, frame.ego))
    return {stamp: np.array(plans) for stamp, plans in rows.items() if len(plans) == len(planners)}


def _write(args: argparse.Namespace, exporter: ScenarioExporter, proposals: dict[int, Array]) -> int:
    from wam_ros.evaluation.scenario_export import scenario_content, stamp_before

    count, due_ns = 0, 0
    for stamp, plans in sorted(proposals.items()):
        if stamp < due_ns or not exporter.can_export(stamp):
            continue
        due_ns = stamp + round(args.every * 1e3) * _NS_PER_MS
        before = stamp_before(proposals, stamp)
        previous = None if before is None else exporter.previous(before, proposals[before])
        content = scenario_content(exporter.scenario(stamp, plans, previous))
        since_ms = (stamp - exporter.drive.stamps[0]) // _NS_PER_MS
        path: Path = args.out / f"{args.bag.resolve().name}_{since_ms:07d}ms.json"
        path.write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")
        count += 1
        show_count(f"{count} scenarios")
    show_line("")
    return count
