"""`wam train`: one stage of a training, from demonstrations to a folder that drives; begun anew, it goes on."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.progress import show_line
from wam_ros.core.errors import ConfigError
from wam_ros.core.memory import keep_freed_memory

if TYPE_CHECKING:
    from wam_ros.training.dataset import DemoDataset
    from wam_ros.training.replicas import Replicas
    from wam_ros.training.trainer import StepReport

_STAGES = ("stem", "planner", "questions", "experts", "joint")
# Settings of TrainingConfig that can be given; each is None unless given, and then the config's default holds.
_SETTINGS: dict[str, tuple[type, str]] = {
    "batch": (int, "images of a step"),
    "copies": (int, "masked copies of each answer"),
    "visual_share": (float, "of the visual tokens that the backbone reads in a step"),
    "learning_rate": (float, "highest rate of AdamW"),
    "warmup_steps": (int, "steps until then"),
    "schedule": (str, "linear or cosine"),
    "sigma": (float, "of the soft targets [m]"),
    "stride": (int, "the normaliser sums over every STRIDE-th number"),
    "auxiliary_weight": (float, "of the auxiliary losses"),
    "questions": (int, "asked of an image in stage questions"),
    "question_weight": (float, "of the loss of these answers"),
    "drop_context": (float, "share of samples whose whole prompt is masked"),
    "drop_motion": (float, "share of samples that are not told speed and accelerations"),
    "compute_dtype": (str, "auto, bfloat16 or float32"),
    "seed": (int, "of weights, order, masks"),
}


def add_parser(subparsers: Any) -> None:
    """Add `train`."""
    parser = subparsers.add_parser("train", help="train the planner and its baseline from demonstrations")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="DIR", help="folders of `wam demos`")
    parser.add_argument(
        "--held-out", nargs="+", default=[], metavar="TOWN", help="towns of the data to measure on only"
    )
    parser.add_argument("--preset", choices=("tiny", "small"), default="small", help="(%(default)s)")
    parser.add_argument("--stage", choices=_STAGES, default="planner", help="(%(default)s)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="state, curves, weights; goes on from it"
    )
    parser.add_argument(
        "--start-from", type=Path, metavar="DIR", help="--out of an earlier stage, or weights: what fits"
    )
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, default=0.0, help="train that long")
    length.add_argument("--steps", type=int, default=0, help="or that many steps")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="(%(default)s)")
    parser.add_argument(
        "--threads", type=int, default=2, help="of torch on the CPU; 1 where other work runs (%(default)s)"
    )
    parser.add_argument("--workers", type=int, default=1, help="threads that decode pictures (%(default)s)")
    parser.add_argument(
        "--processes", type=int, default=1, help="that share each batch, --threads each; scales better (%(default)s)"
    )
    parser.add_argument("--evaluate-every", type=int, default=1000, metavar="STEPS", help="0 = only last (%(default)s)")
    parser.add_argument("--evaluate-samples", type=int, default=600, help="held-out samples at most (%(default)s)")
    for name, (kind, text) in _SETTINGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=text)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """`wam train`."""
    # Before torch is loaded: its threads must not spin while they wait, pictures are decoded on the same cores; and
    # large pages, since a step takes and gives back a gigabyte of tensors.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    from wam_ros.training.replicas import replicas

    if args.processes > 1 and args.device != "cpu":
        msg = f"--processes {args.processes} on {args.device}: several processes share the work of a CPU's cores only"
        raise ConfigError(msg)
    with replicas(args.processes, partial(_train, args)) as this:
        _train(args, this)
    return 0


def _train(args: argparse.Namespace, this: Replicas) -> None:
    """The part of one of `--processes`; the first one tells, measures and exports."""
    import torch

    from wam_ros.models.tokenizer import HybridTokenizer
    from wam_ros.training.batch_stream import BatchStream
    from wam_ros.training.held_out import evaluate
    from wam_ros.training.stages import build_stage, export, network_config
    from wam_ros.training.train_checkpoint import warm_start
    from wam_ros.training.trainer import Trainer
    from wam_ros.training.training_batch import UNCHANGED, BatchChanges, BatchMaker
    from wam_ros.training.training_config import TrainingConfig
    from wam_ros.training.training_log import TrainingLog

    if args.device == "cuda" and not torch.cuda.is_available():
        msg = "--device cuda: torch finds no CUDA device here; train on the CPU"
        raise ConfigError(msg)
    keep_freed_memory()
    torch.set_num_threads(args.threads)
    known = {field.name for field in fields(TrainingConfig)}
    given = {name: value for name, value in vars(args).items() if name in known and value is not None}
    config = TrainingConfig(**given)
    network, tokenizer = network_config(config), HybridTokenizer()
    training, held_out = _datasets(args.data, args.held_out)
    changes = BatchChanges(config.drop_context, config.drop_motion)
    maker = BatchMaker(training, network, tokenizer, changes)
    unseen = BatchMaker(held_out, network, tokenizer, UNCHANGED) if held_out else None
    losses = build_stage(config)
    device = torch.device(args.device)
    stream = BatchStream(maker, config.batch, config.seed, args.workers, this)
    trainer = Trainer(losses, stream, config, args.out, device, this)
    taken = warm_start(losses, args.start_from) if args.start_from is not None and not trainer.resumed else None
    if not this.first:
        trainer.run(lambda _: None, lambda _: None)
        return
    _begin(args, trainer.progress.step, len(maker), 0 if unseen is None else len(unseen))
    if taken is not None:
        print(f"{len(taken)} of {len(list(losses.parameters()))} weights from {args.start_from}")
    measured = TrainingLog(args.out / "held_out.csv", trainer.progress.step)
    last_report: list[StepReport] = []

    def told(report: StepReport) -> None:
        last_report[:] = [report]
        show_line(_line(report))

    def measure(step: int) -> None:
        if unseen is not None:
            measured.add(step, evaluate(losses, unseen, device, args.evaluate_samples))
            show_line(f"held out at step {step}: {_told(measured.last())}")

    trainer.run(told, measure, args.evaluate_every)
    measure(trainer.progress.step)
    show_line("")
    figures = {name: f"{value:.4g}" for name, value in measured.last().items() if name != "step"}
    figures |= {
        "Training": f"{trainer.progress.step} steps, {trainer.progress.seconds / 60.0:.1f} minutes on {args.device}",
        "Data": f"{len(maker)} samples of {', '.join(sorted({town for data in training for town in data.towns}))}; "
        f"held out: {', '.join(args.held_out) or 'nothing, so nothing is measured'}",
        "Command": shlex.join(["wam", *sys.argv[1:]]),
    }
    print(f"wrote {export(losses, args.out, maker.camera, config, figures)}")


def _datasets(folders: Sequence[Path], held_out: Sequence[str]) -> tuple[list[DemoDataset], list[DemoDataset]]:
    """The data without the held-out towns, and those towns."""
    from wam_ros.training.dataset import DemoDataset, read_manifest

    training, unseen = [], []
    named: set[str] = set()
    for folder in folders:
        towns = {entry["town"] for entry in read_manifest(folder)["shards"]}
        named |= towns
        if towns - set(held_out):
            training.append(DemoDataset(folder, sorted(towns - set(held_out))))
        if towns & set(held_out):
            unseen.append(DemoDataset(folder, sorted(towns & set(held_out))))
    missing = sorted(set(held_out) - named)
    if missing or not training:
        msg = f"--held-out {' '.join(missing or held_out)}: the data has {', '.join(sorted(named))}"
        raise ConfigError(msg)
    return training, unseen


def _begin(args: argparse.Namespace, step: int, samples: int, unseen: int) -> None:
    begun = f"goes on from step {step}" if step else "begins"
    print(f"stage {args.stage}, preset {args.preset}: {begun}; {samples} samples, {unseen} held out")
    if not unseen:
        print("no --held-out towns: nothing is measured")


def _line(report: StepReport) -> str:
    done = round(20 * report.done)
    bar = "#" * done + "." * (20 - done)
    return f"[{bar}] step {report.step}  {report.ms_per_image:.1f} ms/image  {_told(report.losses)}"


def _told(values: Any) -> str:
    return "  ".join(f"{name} {value:.3g}" for name, value in values.items() if name not in {"rate", "step", "seconds"})
