"""What the evaluations do alike: the planner that is told of, the rig, and the stamp of a result. It drives nothing."""

from __future__ import annotations

import argparse
import hashlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros import __version__
from wam_ros.cli.bench_report import machine
from wam_ros.cli.compose import default_rig
from wam_ros.cli.planner_options import planner_options, tell_fallbacks
from wam_ros.core.protocols import Planner
from wam_ros.planning.catalog import PRIVILEGED, load_vehicle, make_planner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wam_ros.evaluation.stamp import Stamp


def evaluated_planner(args: argparse.Namespace) -> Planner:
    """The planner for what the result tells of it; each drive makes its own."""
    planner = make_planner(args.planner, load_vehicle(args.vehicle), planner_options(args))
    if args.backend is not None:
        planner.warm_up()  # it is not known earlier whether the backend can be had
        tell_fallbacks(planner)
    return planner


def rig_of(args: argparse.Namespace) -> Path:
    """The sensors that were asked for, or the default ones."""
    return args.rig if args.rig is not None else default_rig()


def rig_digest(args: argparse.Namespace) -> str:
    """SHA-256 of its file, for a stamp."""
    return hashlib.sha256(rig_of(args).read_bytes()).hexdigest()


def town_facts(towns: Iterable[Any]) -> dict[str, list[str]]:
    """Names and hashes of towns, for a stamp."""
    listed = list(towns)
    return {"towns": [town.name for town in listed], "town_hashes": [town.digest for town in listed]}


def made_stamp(args: argparse.Namespace, planner: Planner, task: dict[str, Any]) -> Stamp:
    """The stamp of a result: `task`, and what every evaluation tells; what `task` says goes before."""
    from wam_ros.evaluation.stamp import Stamp

    common = {
        "planner": args.planner,
        "provenance": planner.provenance,
        "privileged": args.planner == PRIVILEGED,
        "weights_hash": planner.weights_hash,
        "seed": args.seed,
        "decode": {"steps": args.steps},
        "device": planner_options(args).device,
        "target_speed": args.target_speed,
        "vehicle": args.vehicle,
        "version": __version__,
    }
    return Stamp({**common, **task}, machine(), shlex.join(["wam", *sys.argv[1:]]))
