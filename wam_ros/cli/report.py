"""`wam report`: results of `wam evaluate` side by side on one page that needs nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from wam_ros.core.errors import ConfigError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse names no public type


def add_parser(subparsers: Subparsers) -> None:
    """Add the command to `wam`."""
    parser = subparsers.add_parser(
        "report",
        help="show results of wam evaluate on one page",
        description="Show results of `wam evaluate` side by side on one HTML page, which needs no network.",
    )
    parser.add_argument("results", type=Path, nargs="+", metavar="RESULT", help="result file")
    parser.add_argument("-o", "--out", type=Path, default=Path("report.html"), metavar="OUT", help="(%(default)s)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="the worst moments as files, too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read all, then write the page; InputError names file and key."""
    from wam_ros.evaluation.report import page, read_results, write_pictures

    if args.out.resolve() in {path.resolve() for path in args.results}:
        msg = f"--out {args.out}: it is one of the results"
        raise ConfigError(msg)
    results = read_results(args.results)
    text = page(results)
    try:
        args.out.write_text(text, encoding="utf-8")
    except OSError as err:
        msg = f"--out {args.out}: cannot be written: {err.strerror}"
        raise ConfigError(msg) from err
    print(f"wrote {args.out} ({len(text) / 1e6:.1f} MB)")
    if args.pictures is not None:
        try:
            written = write_pictures(results, args.pictures)
        except OSError as err:
            msg = f"--pictures {args.pictures}: cannot be written: {err.strerror}"
            raise ConfigError(msg) from err
        print(f"wrote {len(written)} pictures into {args.pictures}")
    return 0
