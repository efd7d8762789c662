"""`wam evaluate`: a planner in numbers: driving (closed-loop), on recorded frames (open-loop), from rest (starts).

And what the decoder's choices are worth (decoding), and one training against another (weights).
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

_COMMANDS = (
    "wam_ros.cli.evaluate_closed_loop",
    "wam_ros.cli.evaluate_open_loop",
    "wam_ros.cli.evaluate_starts",
    "wam_ros.cli.evaluate_decoding",
    "wam_ros.cli.evaluate_weights",
)


def add_parser(subparsers: Any) -> None:
    """Add `evaluate` with its sub-commands."""
    parser = subparsers.add_parser("evaluate", help="score a planner")
    commands = parser.add_subparsers(dest="evaluate_command", metavar="WHAT", required=True)
    for module in _COMMANDS:
        if importlib.util.find_spec(module) is not None:
            importlib.import_module(module).add_parser(commands)
