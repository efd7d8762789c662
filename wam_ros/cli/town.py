"""`wam town`: make towns for the embedded world. Composes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

Subparsers = Any  # argparse keeps the type of its sub-parser collection private


def add_parser(subparsers: Subparsers) -> None:
    """Add `town` with its sub-commands; each sets `run`, a function of the parsed arguments that gives an exit code."""
    parser = subparsers.add_parser("town", help="make towns for the embedded world")
    commands = parser.add_subparsers(dest="town_command", required=True)
    build = commands.add_parser("build", help="make a town from a seed; needs eclipse-sumo")
    build.add_argument("out", type=Path, metavar="OUT", help="folder to make; a town in it is replaced")
    build.add_argument("--seed", type=int, required=True, metavar="N", help="the same seed gives the same town")
    build.add_argument("--layout", choices=("grid", "random"), required=True, help="how the streets lie")
    build.add_argument("--size", type=int, metavar="N", help="junctions in a row of a grid, or streets tried at random")
    build.set_defaults(run=run_build)


def run_build(args: argparse.Namespace) -> int:
    """`wam town build --seed N --layout grid|random OUT`."""
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.carla_server.towns.town_build import build_town

    build_town(args.seed, args.layout, args.out, size=args.size)
    town = Town.load(args.out)
    lanes = town.lanes.lanes.values()
    way = sum(lane.centerline.length for lane in lanes)
    print(f"{args.out}: {len(lanes)} lanes, {way / 1e3:.1f} km, {len(town.signals)} signals")
    return 0
