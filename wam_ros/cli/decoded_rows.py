"""What commands that decode held-out moments share: which moments, and their rows for tables and files.

A row has metres with intervals, and the change from the first way, in pairs.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.core.errors import ConfigError
from wam_ros.planning.catalog import PlannerOptions

if TYPE_CHECKING:
    from torch import Tensor

    from wam_ros.training.decoded_samples import DecodedSamples

_FIGURES = ("ade", "fde", "rough")


def add_moment_options(parser: argparse.ArgumentParser, samples: int) -> None:
    """Add which moments are decoded, `samples` of them if not told, and what with."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a folder of `wam demos`")
    parser.add_argument("--towns", nargs="+", required=True, metavar="TOWN", help="of the data; none trained on")
    parser.add_argument("--samples", type=int, default=samples, help="moments at most (%(default)s)")
    parser.add_argument("--threads", type=int, default=PlannerOptions.threads, help="of torch (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures")


def check_moment_options(args: argparse.Namespace) -> None:
    """Refuse numbers that make no sense.

    Raises:
        ConfigError: As said.

    """
    if args.samples < 1 or args.threads < 1:
        msg = f"--samples {args.samples}, --threads {args.threads}: wanted 1 or more"
        raise ConfigError(msg)


def decoded_row(name: str, decoded: DecodedSamples, usual: DecodedSamples) -> dict[str, Any]:
    """Figures with their intervals over drives; those of the same moments are also compared one by one."""
    told: dict[str, Any] = {"way": name, "steps": float(decoded.steps.double().mean())}
    for figure in _FIGURES:
        values = _values(decoded, figure)
        told[figure] = float(values.mean())
        told[f"{figure}_ci95"] = _interval(decoded, values)
    change = _values(decoded, "ade") - _values(usual, "ade")
    told["ade_change"] = float(change.mean())
    told["ade_change_ci95"] = _interval(decoded, change)
    return told


def _values(decoded: DecodedSamples, figure: str) -> Tensor:
    match figure:
        case "ade":
            return decoded.errors.mean(-1)
        case "fde":
            return decoded.errors[:, -1]
        case _:
            return decoded.rough


def _interval(decoded: DecodedSamples, values: Tensor) -> list[float] | None:
    from wam_ros.evaluation.drive_bootstrap import drive_interval

    array = values.numpy()
    ends = drive_interval(
        decoded.drives, lambda chosen: float(array[chosen].mean()), highest=math.inf, lowest=-math.inf
    )
    return None if ends is None else list(ends)


def decoded_table(rows: list[dict[str, Any]], kind: str, first: str) -> str:
    """Markdown of rows of `decoded_row`: what they are of, and what the first is called."""
    lines = [
        f"| {kind} | ADE [m] | FDE [m] | roughness [m] | ADE less {first} [m] | steps |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures = " | ".join(_told(row, figure) for figure in (*_FIGURES, "ade_change"))
        lines.append(f"| {row['way']} | {figures} | {row['steps']:.1f} |")
    return "\n".join(lines)


def _told(row: dict[str, Any], figure: str) -> str:
    ends = row[f"{figure}_ci95"]
    return f"{row[figure]:.2f}" + ("" if ends is None else f" [{ends[0]:.2f}, {ends[1]:.2f}]")
