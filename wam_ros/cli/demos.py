"""`wam demos`: record what the expert does, or would do, over many towns and seeds, as data to train on; resumable."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wam_ros import __version__
from wam_ros.cli.progress import show_line
from wam_ros.core.errors import ConfigError, WorldError
from wam_ros.evaluation.route_task import route_tasks

if TYPE_CHECKING:
    from wam_ros.cli.demo_drive import DriveTask
    from wam_ros.cli.demo_learner import Learner
    from wam_ros.training.demo_folder import DemoFolder

_WALL_LIMIT_S = 3600.0  # of a drive; a process that hangs is given up
_LAYOUTS = ("grid", "random")
_TOWN_TRIES = 5
_BAR = 24  # characters
_SHEET = "samples.jpg"


def add_parser(subparsers: Any) -> None:
    """Add `demos`."""
    parser = subparsers.add_parser("demos", help="record demonstrations of the privileged expert to train on")
    parser.add_argument(
        "--towns", nargs="+", required=True, metavar="T", help="how many to make, or names or folders of towns"
    )
    parser.add_argument("--routes", type=int, required=True, metavar="R", help="in all, dealt to the towns in turn")
    parser.add_argument("--seed", type=int, required=True, metavar="S", help="of towns, routes and traffic")
    parser.add_argument("--out", type=Path, metavar="DIR", help="($WAM_DATA or ~/.cache/wam_ros)/demos/RECIPE")
    parser.add_argument("--processes", type=int, default=0, help="drives at a time; 0 = one per core (0)")
    parser.add_argument("--samples", type=int, default=0, metavar="N", help="keep the first drives that have so many")
    parser.add_argument("--time-limit", type=float, default=200.0, metavar="SEC", help="of a drive (%(default)s)")
    parser.add_argument(
        "--halted-share",
        type=float,
        default=0.0,
        metavar="P",
        help="of moments before a light, seen at rest (%(default)s)",
    )
    parser.add_argument(
        "--relit-share",
        type=float,
        default=0.0,
        metavar="P",
        help="of moments before a light, seen with the light in another state (%(default)s)",
    )
    parser.add_argument(
        "--driver", nargs="+", type=Path, default=[], metavar="DIR", help="weights of `wam train` that drive; see below"
    )
    parser.add_argument("--driver-steps", type=int, default=1, metavar="K", help="decoding steps (%(default)s)")
    parser.add_argument(
        "--expert-share", type=float, default=0.3, metavar="P", help="of a learner's drive, by the expert (%(default)s)"
    )
    parser.epilog = "With --driver (DAgger) a learner drives, drawn for each drive, and the expert still labels."
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Record what is not recorded yet, write manifest and data card; exit code 1 where a drive failed."""
    from wam_ros.carla_server.towns.town import Town
    from wam_ros.cli.demo_drive import VEHICLE
    from wam_ros.cli.demo_learner import find_learners
    from wam_ros.planning.catalog import load_vehicle
    from wam_ros.training.dataset import default_folder
    from wam_ros.training.demo_folder import DemoFolder
    from wam_ros.training.demo_recipe import DemoRecipe, DriverRecipe, learner_recipe

    if args.processes < 0:
        msg = f"--processes {args.processes}: wanted 0 or more"
        raise ConfigError(msg)
    recipe = DemoRecipe(
        args.seed,
        tuple(args.towns),
        args.routes,
        args.samples,
        time_limit=args.time_limit,
        halted_share=args.halted_share,
        relit_share=args.relit_share,
    )
    learners = find_learners(args.driver, load_vehicle(VEHICLE), args.driver_steps)
    if learners:
        weights = tuple(learner.weights for learner in learners)
        recipe = learner_recipe(recipe, DriverRecipe(weights, args.driver_steps, args.expert_share))
    out: Path = args.out or default_folder(Path.home(), os.environ.get("WAM_DATA"), recipe.hash)
    with closing(DemoFolder(out, recipe)) as folder:
        towns = _towns(args.towns, args.seed, out / "towns")
        routes = route_tasks([str(town) for town in towns], recipe.routes, recipe.seed)
        failed = _record(folder, routes, learners, args.processes or len(os.sched_getaffinity(0)))
        chosen = folder.chosen(folder.finished(), tuple(failed))
        assert chosen is not None, "each drive is finished or failed"
        if not chosen:
            msg = f"{out}: no drive could be recorded; the first: {next(iter(failed.values()))}"
            raise WorldError(msg)
        facts = {town.name: _facts(town) for town in (Town.load(town) for town in towns)}
        manifest = folder.finish(chosen, lambda drive: routes[drive].town_name, facts, failed, _versions())
    _print_summary(manifest)
    _draw_examples(out)
    print(f"wrote {out}")
    return 1 if failed else 0


def _towns(asked: list[str], seed: int, folder: Path) -> list[Path | str]:
    """The towns that were asked for; those that have to be made are made once and kept in `folder`."""
    if len(asked) > 1 or not asked[0].isdecimal():
        return list(asked)
    count = int(asked[0])
    if count < 1:
        msg = "--towns 0: wanted at least one town"
        raise ConfigError(msg)
    return [_town(folder, number, seed, count) for number in range(count)]


def _town(folder: Path, number: int, seed: int, count: int) -> Path:
    """The town of a number: grid and random in turn. A seed that gives no town gives way to the next."""
    from wam_ros.carla_server.towns.town import ABOUT
    from wam_ros.carla_server.towns.town_build import build_town

    layout = _LAYOUTS[number % len(_LAYOUTS)]
    rng = random.Random(f"town {seed} {number}")
    out = folder / f"{layout}_{number:03d}"
    if (out / ABOUT).is_file():
        return out
    show_line(f"town {number + 1} of {count}")
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{out.name}.{os.getpid()}"
    for attempt in range(_TOWN_TRIES):
        size = rng.randint(3, 5) if layout == "grid" else rng.randint(35, 60)
        try:
            build_town(rng.randrange(2**31), layout, beside, size=size)
            break
        except WorldError:
            if attempt == _TOWN_TRIES - 1:
                raise
    beside.rename(out)
    return out


def _record(folder: DemoFolder, routes: Any, learners: tuple[Learner, ...], processes: int) -> dict[int, str]:
    """Drive what is missing; gives the drives that failed, with the reason."""
    from wam_ros.cli.demo_drive import PRELOAD, DemoWork, DriveTask
    from wam_ros.evaluation.pool import Crash, run_all

    finished, failed = folder.finished(), dict[int, str]()
    tasks = [DriveTask(number, route, folder.path(number)) for number, route in enumerate(routes)]
    missing = [task for task in tasks if task.number not in finished]
    if folder.chosen(finished) is not None:
        return failed
    progress = _Progress(folder, finished)
    print(f"{len(tasks)} drives, {len(finished)} recorded before; recipe {folder.recipe.hash}")
    work = DemoWork(folder.recipe, learners)
    with closing(run_all(work, missing, processes, time_limit_s=_WALL_LIMIT_S, preload=PRELOAD)) as pool:
        for ended in pool:
            if ended is None:
                progress.beat()
                continue
            task, answer = ended
            if isinstance(answer, Crash):
                failed[task.number] = answer.reason
                show_line("")
                print(f"FAILED drive {task.number} in {task.route.town_name}: {answer.reason}", flush=True)
            else:
                finished[task.number] = answer
                progress.done(task, answer)
            if folder.chosen(finished, tuple(failed)) is not None:
                break
    show_line("")
    return failed


class _Progress:
    """A line with the share that is done, samples per minute and the time left."""

    def __init__(self, folder: DemoFolder, finished: dict[int, int]) -> None:
        self._recipe = folder.recipe
        self._finished = finished
        self._before, self._drives_before = sum(finished.values()), len(finished)
        self._begun = time.monotonic()
        self._terminal = sys.stdout.isatty()

    def done(self, task: DriveTask, samples: int) -> None:
        """A drive has ended."""
        if not self._terminal:
            print(f"drive {task.number} in {task.route.town_name}: {samples} samples; {self._line()}", flush=True)

    def beat(self) -> None:
        """Write the line over."""
        if self._terminal:
            show_line(self._line())

    def _line(self) -> str:
        samples, drives = sum(self._finished.values()), len(self._finished)
        minutes = (time.monotonic() - self._begun) / 60.0
        new = samples - self._before
        share = drives / self._recipe.routes
        if self._recipe.samples:
            share = max(share, min(samples / self._recipe.samples, 1.0))
        told = "#" * int(_BAR * share)
        rate = f"{new / minutes:.0f} samples/min" if new else "no drive done yet"
        fresh = drives - self._drives_before
        left = minutes * (1.0 - share) / max(share * fresh / drives, 1e-9) if fresh else None
        eta = "" if left is None else f", about {left:.0f} min left"
        return f"[{told:.<{_BAR}}] {drives} drives, {samples} samples, {rate}{eta}"


def _facts(town: Any) -> dict[str, Any]:
    """What the data card tells of a town."""
    import json

    from wam_ros.carla_server.towns.town import ABOUT

    about = json.loads((town.folder / ABOUT).read_text(encoding="utf-8"))
    return {"seed": town.seed, "layout": about.get("layout", "-"), "signals": len(town.signals), "hash": town.digest}


def _versions() -> dict[str, str]:
    import platform

    return {"wam_ros": __version__, "python": platform.python_version(), "numpy": np.__version__}


def _draw_examples(folder: Path) -> None:
    """A sheet of samples to look at."""
    import cv2

    from wam_ros.training.contact_sheet import contact_sheet, examples
    from wam_ros.training.dataset import DemoDataset

    dataset = DemoDataset(folder)
    sheet = contact_sheet(dataset, examples(dataset))
    cv2.imwrite(str(folder / _SHEET), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def _print_summary(manifest: dict[str, Any]) -> None:
    samples = manifest["samples"]
    print(f"{samples} samples, {len(manifest['shards'])} drives, {manifest['bytes'] / 1e6:.1f} MB")
    for title in ("category", "source", "rationale"):
        told = ", ".join(
            f"{name} {row['samples']} ({100.0 * row['drawn']:.0f} % of draws)"
            for name, row in manifest["balance"][title].items()
        )
        print(f"  {title:10} {told}")
