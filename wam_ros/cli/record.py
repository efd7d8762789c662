"""`wam record`: topics of the running graph into an MCAP bag that survives a kill -9."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from wam_ros.core.errors import ConfigError


def add_parser(subparsers: Any) -> None:
    """Add `record`."""
    parser = subparsers.add_parser("record", help="record topics into a bag")
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help="names of the topics")
    parser.add_argument("-a", "--all", action="store_true", help="every topic there is")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="BAG", help="bag to make; must not exist")
    parser.add_argument("--duration", type=float, metavar="S", help="end after this long [s]; default: on Ctrl-C")
    parser.add_argument("--compression", choices=("none", "zstd", "lz4"), default="none", help="(%(default)s)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Record until told to end."""
    from wam_ros.ros.recorder import record

    if bool(args.topics) == args.all:
        msg = "name the topics to record, or give --all"
        raise ConfigError(msg)
    count = record(args.out, None if args.all else args.topics, args.duration, args.compression)
    print(f"{args.out}: {count} messages")
    return 0
