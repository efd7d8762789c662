"""`wam evaluate weights`: several checkpoints on the same moments, which none of them was trained on, in pairs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.bench_report import machine
from wam_ros.cli.decoded_rows import add_moment_options, check_moment_options, decoded_row, decoded_table
from wam_ros.cli.files import write_figures
from wam_ros.cli.progress import show_count, show_line
from wam_ros.planning.catalog import PlannerOptions

if TYPE_CHECKING:
    from wam_ros.training.decoded_samples import DecodedSamples


def add_parser(subparsers: Any) -> None:
    """Add `weights`."""
    parser = subparsers.add_parser(
        "weights",
        help="checkpoints against each other, moment by moment",
        description="Each checkpoint plans for the same held-out moments in the usual way; the first is the reference. "
        "Made to judge a stage of training.",
    )
    parser.add_argument("--weights", nargs="+", type=Path, required=True, metavar="DIR", help="checkpoints of wam_diff")
    add_moment_options(parser, 600)
    parser.add_argument("--steps", type=int, default=0, metavar="K", help="decoding steps (one per waypoint)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Decode with each, compare, tell."""
    import torch

    from wam_ros.decoding import DecodeSettings
    from wam_ros.models import load_checkpoint
    from wam_ros.models.compute_dtype import compute_dtype_of
    from wam_ros.training.dataset import DemoDataset
    from wam_ros.training.decoded_samples import DecodeWay, decoded_samples

    check_moment_options(args)
    torch.set_num_threads(args.threads)
    settings = DecodeSettings(steps=args.steps or None)
    dataset = DemoDataset(args.data, args.towns)
    rows: list[dict[str, Any]] = []
    reference: DecodedSamples | None = None
    for folder in args.weights:
        checkpoint = load_checkpoint(folder, compute_dtype_of(PlannerOptions.compute_dtype))

        def count(done: int, of: int, folder: Path = folder) -> None:
            show_count(f"{folder}: {done} of {of} moments")

        (decoded,) = decoded_samples(checkpoint, dataset, [DecodeWay(settings)], args.samples, count)
        reference = decoded if reference is None else reference
        row = {**decoded_row(str(folder), decoded, reference), **_goes(decoded)}
        rows.append({**row, "weights_hash": checkpoint.weights_hash})
    show_line("")
    assert reference is not None, "the parser asks for at least one"
    print(f"{len(reference.drives)} moments of {', '.join(args.towns)}; {settings.mode}")
    print(decoded_table(rows, "weights", "the first's"))
    for row in rows:
        print(
            f"{row['way']}: goes in {row['goes_where_due']} of {row['due']} standing moments where a start is due, "
            f"in {row['goes_where_not_due']} of {row['not_due']} others"
        )
    if args.json is not None:
        stamp = {"machine": machine(), "towns": args.towns, "samples": len(reference.drives)}
        write_figures(args.json, {**stamp, "rows": rows})
    return 0


def _goes(decoded: DecodedSamples) -> dict[str, int]:
    due, other = decoded.standing & decoded.due, decoded.standing & ~decoded.due
    return {
        "due": int(due.sum()),
        "goes_where_due": int((decoded.moves & due).sum()),
        "not_due": int(other.sum()),
        "goes_where_not_due": int((decoded.moves & other).sum()),
    }
