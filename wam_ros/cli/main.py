"""`wam`: the command line. Each command is a file beside this one, loaded only when it is called."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from wam_ros import __version__
from wam_ros.core.errors import WamError

# Command -> module with add_parser(subparsers), whose parser sets `run`: arguments -> exit code.
COMMANDS = {
    "bag": "wam_ros.cli.bag",
    "bench": "wam_ros.cli.bench",
    "calibrate": "wam_ros.cli.calibrate",
    "carla-server": "wam_ros.cli.carla_server",
    "demos": "wam_ros.cli.demos",
    "drive": "wam_ros.cli.drive",
    "engine": "wam_ros.cli.engine",
    "evaluate": "wam_ros.cli.evaluate",
    "record": "wam_ros.cli.record",
    "replay": "wam_ros.cli.replay",
    "report": "wam_ros.cli.report",
    "score": "wam_ros.cli.score",
    "town": "wam_ros.cli.town",
    "train": "wam_ros.cli.train",
}


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser with one command, or with all of them where it is not known which is wanted."""
    parser = argparse.ArgumentParser(prog="wam", description="wam_ros: record, replay, measure and drive.")
    parser.add_argument("--version", action="version", version=f"wam_ros {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        if command not in COMMANDS or command == name:
            importlib.import_module(module).add_parser(subparsers)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Entry point; errors of ours go to stderr with exit code 1."""
    arguments = sys.argv[1:] if arguments is None else arguments
    args = build_parser(arguments[0] if arguments else None).parse_args(arguments)
    try:
        return int(args.run(args))
    except WamError as err:
        print(f"wam {args.command}: {err}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: `wam ... | head`
        return 141
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
