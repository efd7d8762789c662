"""`wam calibrate`: fits the maps of a checkpoint's confidence, and tells how honest it is with and without them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.files import write_figures
from wam_ros.cli.progress import show_count, show_line
from wam_ros.core.errors import ConfigError, InputError
from wam_ros.planning.catalog import PlannerOptions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from wam_ros.core.geometry import Array
    from wam_ros.decoding import Calibration
    from wam_ros.evaluation.calibration import CalibrationFigures, OutcomeSamples
    from wam_ros.evaluation.calibration_pool import DrivenResult
    from wam_ros.models import Checkpoint
    from wam_ros.training.dataset import DemoDataset
    from wam_ros.training.decoded_samples import DecodedSamples

_FOLDS = 5  # of roads; each is judged by a map that was fitted on the others


def add_parser(subparsers: Any) -> None:
    """Add `calibrate`."""
    parser = subparsers.add_parser(
        "calibrate",
        help="make a checkpoint's confidence honest, and measure it",
        description="First the waypoints (--data), from towns that were not trained on; then evaluate it, and fit the "
        "whole plan (--results). Only the maps in the checkpoint's config.json change, never its weights.",
    )
    parser.add_argument("--weights", type=Path, required=True, metavar="DIR", help="checkpoint of wam_diff")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="DIR", help="fit each waypoint: a folder of `wam demos`")
    source.add_argument(
        "--results", nargs="+", type=Path, metavar="JSON", help="fit the plan: results of `wam evaluate closed-loop`"
    )
    parser.add_argument("--towns", nargs="+", metavar="TOWN", help="of the data, to fit on")
    parser.add_argument("--check", nargs="+", metavar="TOWN", help="to measure on; none of those fitted on")
    parser.add_argument("--check-data", type=Path, metavar="DIR", help="where the towns of --check are (--data)")
    parser.add_argument("--steps", type=int, default=0, metavar="K", help="decoding steps (one per waypoint)")
    parser.add_argument("--samples", type=int, default=2000, help="at most, to fit and to measure (%(default)s each)")
    parser.add_argument("--threads", type=int, default=PlannerOptions.threads, help="of torch (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fit, measure, write the maps, tell."""
    import torch

    from wam_ros.models import load_checkpoint
    from wam_ros.models.compute_dtype import compute_dtype_of

    _check(args)
    torch.set_num_threads(args.threads)
    checkpoint = load_checkpoint(args.weights, compute_dtype_of(PlannerOptions.compute_dtype))
    told = _waypoints(args, checkpoint) if args.results is None else _plans(args, checkpoint)
    if args.json is not None:
        write_figures(args.json, {"weights_hash": checkpoint.weights_hash, **told})
    return 0


def _check(args: argparse.Namespace) -> None:
    towns = [name for name in ("towns", "check") if getattr(args, name)]
    if args.results is not None and towns:
        msg = f"--{towns[0]} goes with --data: results say themselves where they were driven"
        raise ConfigError(msg)
    if args.data is not None and len(towns) < 2:
        msg = "--data needs --towns to fit on and --check to measure on"
        raise ConfigError(msg)
    both = sorted(set(args.towns or ()) & set(args.check or ()))
    if both and args.check_data in {None, args.data}:
        msg = f"--check {' '.join(both)}: fitted on as well; measure on towns that are not among --towns"
        raise ConfigError(msg)
    if args.samples < 1 or args.threads < 1:
        msg = f"--samples {args.samples}, --threads {args.threads}: wanted 1 or more"
        raise ConfigError(msg)


def _check_apart(fit: DemoDataset, check: DemoDataset) -> None:
    """Folders may name different towns alike, and the same town differently."""
    fitted = {fit.manifest["town_facts"][town]["hash"] for town in fit.towns}
    for town in check.towns:
        if check.manifest["town_facts"][town]["hash"] in fitted:
            msg = f"--check {town}: a town that is fitted on as well; measure on others"
            raise ConfigError(msg)


def _maps_of(checkpoint: Checkpoint) -> Calibration:
    from wam_ros.decoding import Calibration

    stored = checkpoint.calibration
    return Calibration() if stored is None else Calibration.from_mapping(stored)


def _waypoints(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """One map per waypoint; the map of the plan, if there is one, was made for others and is taken away."""
    from wam_ros.decoding import Calibration, DecodeOrder, DecodeSettings
    from wam_ros.evaluation.calibration_comparison import comparison_table
    from wam_ros.models.checkpoint import write_calibration
    from wam_ros.training.dataset import DemoDataset
    from wam_ros.training.decoded_samples import DecodeWay, decoded_samples

    settings = DecodeSettings(order=DecodeOrder(PlannerOptions.order), steps=args.steps or None)
    towns = {"fit": sorted(set(args.towns)), "check": sorted(set(args.check))}
    folders = {"fit": args.data, "check": args.check_data or args.data}
    data = {use: DemoDataset(folders[use], names) for use, names in towns.items()}
    _check_apart(data["fit"], data["check"])
    decoded: dict[str, DecodedSamples] = {}
    for use, dataset in data.items():

        def count(done: int, of: int, use: str = use) -> None:
            show_count(f"{use}: {done} of {of} samples")

        (decoded[use],) = decoded_samples(checkpoint, dataset, [DecodeWay(settings)], args.samples, count)
    show_line("")
    fit, check = decoded["fit"], decoded["check"]
    maps = Calibration.fit_waypoints(fit.believed, fit.happened)
    before = _waypoint_figures(check, Calibration())
    after = _waypoint_figures(check, maps)
    write_calibration(args.weights, maps.to_mapping())
    for use, verb in (("fit", "fitted on"), ("check", "measured on")):
        print(f"{verb} {len(decoded[use].drives)} samples of {', '.join(towns[use])}")
    print(f"{settings.planned_steps} decoding steps, order {settings.order.value}")
    print(comparison_table(before, after))
    if _ece(after) > _ece(before):
        print("ATTENTION: on these towns the maps make it worse; fit on more samples or more towns")
    if _maps_of(checkpoint).overall is not None:
        print("the map of the plan belonged to the old ones and is gone: evaluate again, then fit it by --results")
    print(f"wrote the maps of the waypoints into {args.weights}")
    return {
        "towns": towns,
        "samples": {use: len(one.drives) for use, one in decoded.items()},
        "steps": settings.planned_steps,
        "order": settings.order.value,
        "before": before.as_dict(),
        "after": after.as_dict(),
        "calibration": maps.to_mapping(),
    }


def _waypoint_figures(decoded: DecodedSamples, maps: Calibration) -> CalibrationFigures:
    import numpy as np

    from wam_ros.decoding.layout import WAYPOINT_TIMES
    from wam_ros.evaluation.calibration import WaypointSamples, calibration_figures, hit_radii

    believed, errors = maps.of_waypoints(decoded.believed).numpy(), decoded.errors.numpy()
    known = np.ones(errors.shape, np.bool_)
    times = np.array(WAYPOINT_TIMES)
    figures = calibration_figures(
        WaypointSamples(times, hit_radii(times), believed, errors, known, decoded.drives), None
    )
    assert figures is not None, "there are samples"
    return figures


def _ece(figures: CalibrationFigures) -> float:
    value = next(row.ece for row in figures.errors() if row.label == "all waypoints")
    assert value is not None, "there are samples"
    return value


def _plans(args: argparse.Namespace, checkpoint: Checkpoint) -> dict[str, Any]:
    """The map of the whole plan: its order of risk from all drives, its probabilities from this checkpoint's."""
    import numpy as np
    import torch

    from wam_ros.decoding import PlanMap
    from wam_ros.decoding.plan_map import as_rows
    from wam_ros.evaluation.calibration import OutcomeSamples
    from wam_ros.evaluation.calibration_comparison import comparison_table
    from wam_ros.evaluation.calibration_pool import DrivenRoutes, read_driven
    from wam_ros.models.checkpoint import write_calibration

    maps = replace(_maps_of(checkpoint), overall=None)
    if maps.waypoints is None:
        msg = f"{args.weights}: the waypoints have no maps yet; fit them first by --data, then evaluate again"
        raise ConfigError(msg)
    results = read_driven(args.results)
    own_results = _own(results, checkpoint.weights_hash, maps.identity)
    routes = DrivenRoutes.together(result.routes for result in results)
    driven = routes.outcomes()
    if driven is None:
        msg = "no plan of these results tells a confidence"
        raise InputError(msg)
    features, infraction = as_rows(routes.features()), torch.tensor(driven.infraction)
    by_result = np.repeat(np.arange(len(results)), [result.routes.plans() for result in results])
    mine = np.isin(by_result, [number for number, result in enumerate(results) if result in own_results])
    if not driven.infraction[mine].any():
        own_roads = len(DrivenRoutes.together(result.routes for result in own_results).roads())
        msg = f"no infraction on its own {own_roads} routes: there is nothing to learn from; evaluate on more routes"
        raise InputError(msg)
    own = torch.tensor(mine)
    mapped = _cross_fitted(features, infraction, own, routes.plan_folds(_FOLDS))
    overall = PlanMap.fit(features, infraction, own)
    checked = OutcomeSamples(mapped, driven.infraction, driven.drives)
    before, after = _outcome_figures(driven.of(mine)), _outcome_figures(checked.of(mine))
    write_calibration(args.weights, replace(maps, overall=overall).to_mapping())
    told = {
        "routes": len(routes.roads()),
        "events": routes.events(),
        "own_events": sum(result.routes.events() for result in own_results),
        "folds": _FOLDS,
    }
    print(
        f"fitted on {told['routes']} routes with {told['events']} infractions, {told['own_events']} of them its own; "
        f"measured on the same, each by a map of the other routes ({_FOLDS} parts)"
    )
    print(comparison_table(before, after))
    pooled = _pooled(results, driven, checked, by_result)
    print(f"wrote the map of the plan into {args.weights}")
    figures = {"before": before.as_dict(), "after": after.as_dict(), **pooled}
    return {**told, **figures, "calibration": replace(maps, overall=overall).to_mapping()}


def _cross_fitted(features: Tensor, infraction: Tensor, own: Tensor, folds: NDArray[np.int64]) -> Array:
    """(N,) P(no infraction) of each plan, by a map that was fitted without its road."""
    import numpy as np
    import torch

    from wam_ros.decoding import PlanMap

    mapped = np.empty(len(folds))
    for fold in np.unique(folds).tolist():
        left_out = torch.tensor(folds == fold)
        fitted = PlanMap.fit(features[~left_out], infraction[~left_out], own[~left_out])
        mapped[folds == fold] = fitted(features[left_out]).numpy()
    return mapped


def _own(results: Sequence[DrivenResult], weights_hash: str, maps: str) -> list[DrivenResult]:
    """The results of these weights, with the confidence that the map of the plan is asked about."""
    own = [result for result in results if result.weights_hash == weights_hash]
    if not own:
        found = ", ".join(sorted({result.weights_hash[:12] for result in results}))
        msg = f"no result of the weights {weights_hash[:12]}, only of {found}: the map is fitted on their own drives"
        raise ConfigError(msg)
    for result in own:
        if result.calibration is None:
            print(f"{result.path} does not say by which maps it was driven: taken for the present ones")
        elif result.calibration != maps:
            msg = (
                f"{result.path}: driven with other maps than the waypoints have now, or with one of the plan; "
                "fit the waypoints by --data, then evaluate again"
            )
            raise ConfigError(msg)
    return own


def _outcome_figures(samples: OutcomeSamples) -> CalibrationFigures:
    from wam_ros.evaluation.calibration import calibration_figures

    figures = calibration_figures(None, samples)
    assert figures is not None, "there are samples"
    return figures


def _pooled(
    results: Sequence[DrivenResult], driven: OutcomeSamples, checked: OutcomeSamples, by_result: NDArray[np.int64]
) -> dict[str, Any]:
    """AUROC of each result and of all together: as driven, and by maps that were fitted without the same road."""
    what = "low confidence against an infraction in 4 s"
    print(f"{what:<44}{'maps':<10}{'routes':>7}{'events':>7}{'AUROC':>7}  with map")
    rows = []
    for number, result in enumerate(results):
        here = by_result == number
        row: dict[str, Any] = {
            "file": str(result.path),
            "planner": result.planner,
            "weights_hash": result.weights_hash,
            "maps": result.calibration,
            "routes": len(result.routes.roads()),
            "events": result.routes.events(),
            "auroc": driven.of(here).auroc(),
            "auroc_with_map": checked.of(here).auroc(),
        }
        rows.append(row)
        _print_row(f"{result.planner} {result.path.name}", row)
    if len({result.calibration for result in results}) > 1:
        print("ATTENTION: driven with different maps: their confidences are not quite comparable")
    together = _outcome_figures(checked)
    ends = together.ci95.get("auroc")
    pooled: dict[str, Any] = {
        "maps": None,
        "routes": len(set(driven.drives.tolist())),
        "events": sum(row["events"] for row in rows),
        "auroc": driven.auroc(),
        "auroc_with_map": together.auroc,
    }
    _print_row("together", pooled, "" if ends is None else f"  95 % [{ends[0]:.3f}, {ends[1]:.3f}]")
    return {"results": rows, "pooled": {**pooled, "figures": together.as_dict()}}


def _print_row(name: str, row: dict[str, Any], interval: str = "") -> None:
    shown = ["-" if row[key] is None else f"{row[key]:.3f}" for key in ("auroc", "auroc_with_map")]
    maps = "-" if row["maps"] is None else row["maps"][:8]
    print(f"{name:<43} {maps:<10}{row['routes']:>7}{row['events']:>7}{shown[0]:>7}{shown[1]:>10}{interval}")
