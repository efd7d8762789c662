"""`wam bench`: measures this machine. Each prints its table and, with --json, writes the same figures as `rows`."""

from __future__ import annotations

from typing import Any

from wam_ros.cli import bench_deadline, bench_decode, bench_node, bench_score, bench_step_times, bench_world


def add_parser(subparsers: Any) -> None:
    """Add `bench` with its sub-commands."""
    parser = subparsers.add_parser("bench", help="measure this machine")
    commands = parser.add_subparsers(dest="bench_command", metavar="BENCH", required=True)
    for command in (bench_node, bench_deadline, bench_decode, bench_score, bench_step_times, bench_world):
        command.add_parser(commands)
