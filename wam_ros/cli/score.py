"""`wam score`: the sub-scores and totals of NAVSIM for every proposal of a scenario file, one JSON line each."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse names no public type


def add_parser(subparsers: Subparsers) -> None:
    """Add the command to `wam`."""
    parser = subparsers.add_parser(
        "score",
        help="score the proposals of a scenario as NAVSIM does",
        description="Score the proposals of a scenario as NAVSIM does. Prints one JSON line for each proposal.",
    )
    parser.add_argument("scenario", type=Path, metavar="SCENARIO.json", help="scene, reference and proposals")
    parser.add_argument(
        "--version", choices=("v1", "v2"), default="v2", help="v1 = PDMS of NAVSIM v1.1, v2 = EPDMS of v2.2 (default)"
    )
    parser.add_argument("--states", action="store_true", help="add the 41 simulated states of each proposal")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Score the file named in the arguments; ConfigError and InputError name path and field."""
    from wam_ros.metrics.navsim import read_scenario, score_rows

    scenario = read_scenario(args.scenario)
    # All of them first: a failure must not leave half a result on standard output.
    rows: list[dict[str, Any]] = list(score_rows(scenario, args.version, with_states=args.states))
    sys.stdout.writelines(json.dumps(row, allow_nan=False) + "\n" for row in rows)
    return 0
