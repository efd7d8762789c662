"""`wam evaluate decoding`: what each choice of the decoder is worth, on moments that were not trained on."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.bench_report import machine
from wam_ros.cli.decoded_rows import add_moment_options, check_moment_options, decoded_row, decoded_table
from wam_ros.cli.files import write_figures
from wam_ros.cli.progress import show_count, show_line
from wam_ros.planning.catalog import DECODE_ORDERS, PlannerOptions, weights_of

if TYPE_CHECKING:
    from wam_ros.core.timing import Deadline
    from wam_ros.models import Checkpoint
    from wam_ros.training.decoded_samples import DecodeWay

_STEPS = (1, 2, 4, 8)
_GUIDANCE = (0.5, 1.0, 3.0, 5.0, 7.0)
_AS_PUBLISHED = (1.0, 3.0)  # without a floor
_EARLY = (("factor", 0.5), ("factor", 1.0), ("threshold", 0.9))
_STRIDES = (2, 3, 4)
_BUDGETS_MS = (20.0, 40.0, 80.0, 160.0)
_USUAL = "usual"


def add_parser(subparsers: Any) -> None:
    """Add `decoding`."""
    parser = subparsers.add_parser("decoding", help="orders, read-outs, steps, guidance and budgets of the decoder")
    parser.add_argument("--weights", metavar="DIR", help="checkpoint of wam_diff (the shipped one)")
    add_moment_options(parser, 300)
    parser.add_argument("--step-times", type=Path, metavar="JSON", help="of `wam bench step-times`, for the budgets")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Decode, compare, tell."""
    import torch

    from wam_ros.models import load_checkpoint
    from wam_ros.models.compute_dtype import compute_dtype_of
    from wam_ros.models.quantised import Quantisation, quantise
    from wam_ros.models.thinned import thinned
    from wam_ros.training.dataset import DemoDataset
    from wam_ros.training.decoded_samples import decoded_samples

    check_moment_options(args)
    torch.set_num_threads(args.threads)
    weights = weights_of("wam_diff", args.weights or "")

    def read() -> Checkpoint:
        return load_checkpoint(Path(weights), compute_dtype_of(PlannerOptions.compute_dtype))

    checkpoint = read()
    dataset = DemoDataset(args.data, args.towns)
    ways = {f"{choice} {value}".strip(): way for choice, value, way in _ways(args.step_times)}

    def count(done: int, of: int) -> None:
        show_count(f"{done} of {of} moments")

    decoded = decoded_samples(checkpoint, dataset, list(ways.values()), args.samples, count)
    names = list(ways)
    for stride in _STRIDES:
        names.append(f"visual tokens 1 of {stride}")
        decoded += decoded_samples(thinned(checkpoint, stride), dataset, [ways[_USUAL]], args.samples, count)
    for kind in (Quantisation.INT8, Quantisation.FP8):
        names.append(f"products in {kind.value}")
        short = quantise(read(), kind)
        decoded += decoded_samples(short, dataset, [ways[_USUAL]], args.samples, count)
    show_line("")
    rows = [decoded_row(name, one, decoded[0]) for name, one in zip(names, decoded, strict=True)]
    print(f"{len(decoded[0].drives)} moments of {', '.join(args.towns)}; weights {checkpoint.weights_hash[:12]}")
    print(f"{_USUAL}: {next(iter(ways.values())).settings.mode}")
    print(decoded_table(rows, "way", f"the {_USUAL}"))
    if args.json is not None:
        stamp = {"machine": machine(), "weights_hash": checkpoint.weights_hash, "towns": args.towns}
        write_figures(args.json, {**stamp, "samples": len(decoded[0].drives), "rows": rows})
    return 0


def _ways(step_times: Path | None) -> Iterator[tuple[str, str, DecodeWay]]:
    """What is compared, the usual way first: by kind of choice and value."""
    from wam_ros.decoding import DecodeOrder, DecodeSettings, EarlyCommit, ReadOut
    from wam_ros.training.decoded_samples import DecodeWay

    usual = DecodeSettings()
    yield _USUAL, "", DecodeWay(usual)
    for order in DECODE_ORDERS:
        if order != usual.order.value:
            yield "order", order, DecodeWay(DecodeSettings(order=DecodeOrder(order)))
    for read_out in ReadOut:
        if read_out is not usual.read_out:
            yield "read", read_out.value, DecodeWay(DecodeSettings(read_out=read_out))
    for steps in _STEPS[:-1]:
        yield "steps", str(steps), DecodeWay(DecodeSettings(steps=steps))
    yield "steps", "16 single", DecodeWay(DecodeSettings(pairs=False))
    for kind, level in _EARLY:
        yield (
            "early commit",
            f"{kind} {level:g}",
            DecodeWay(DecodeSettings(early_commit=EarlyCommit(kind), early_level=level)),
        )
    yield "start rule", "off", DecodeWay(DecodeSettings(start_level=0.0))
    guided = [DecodeSettings(guidance=scale) for scale in _GUIDANCE]
    guided += [DecodeSettings(guidance=scale, guidance_floor=0.0) for scale in _AS_PUBLISHED]
    for settings in guided:
        floor = "" if settings.guidance_floor else ", no floor"
        yield "guidance", f"{settings.guidance:g}{floor}", DecodeWay(settings)
    if step_times is not None:
        for budget_ms in _BUDGETS_MS:
            yield "budget", f"{budget_ms:g} ms", DecodeWay(usual, _budget(step_times, budget_ms))


def _budget(step_times: Path, budget_ms: float) -> Callable[[], Deadline]:
    from wam_ros.evaluation.step_time_table import StepTimeTable
    from wam_ros.evaluation.virtual_clock import VirtualClock

    clock = VirtualClock(StepTimeTable.load(step_times))

    def deadline() -> Deadline:
        clock.begin_plan()
        return clock.deadline(budget_ms)

    return deadline
