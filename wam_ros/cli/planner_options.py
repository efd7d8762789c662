"""The options that say how a planner is made, the same in every command that makes one; its name is not among them."""

from __future__ import annotations

import argparse
from typing import Any

from wam_ros.core.protocols import Planner
from wam_ros.planning.catalog import (
    EARLY_COMMITS,
    ENGINE_BACKENDS,
    FALL_BACKS,
    QUANTISATIONS,
    RANDOM_WEIGHTS,
    PlannerOptions,
)
from wam_ros.planning.engine_state import EngineState

_OPTIONS = (
    "target_speed",
    "checkpoint",
    "device",
    "backend",
    "engines",
    "fall_back",
    "steps",
    "weight_noise",
    "visual_stride",
    "quantisation",
    "early_commit",
    "early_level",
)  # not every command has them all
_PARAMETERS = {"steps": "decode_steps"}  # of the node, where it calls an option otherwise


def add_planner_options(parser: argparse.ArgumentParser) -> None:
    """Add what all commands have; `--steps` excludes other options in some of them."""
    parser.add_argument(
        "--checkpoint",
        metavar="DIR",
        help=f"weights of wam_diff or cnn: a folder, or {RANDOM_WEIGHTS} (those that ship with the package)",
    )
    parser.add_argument(
        "--device", help=f"that wam_diff's network runs on: cpu, cuda or cuda:N ({PlannerOptions.device})"
    )
    parser.add_argument(
        "--backend", choices=ENGINE_BACKENDS, help=f"that runs wam_diff's network ({PlannerOptions.backend})"
    )
    parser.add_argument("--engines", metavar="DIR", help="engines that `wam engine build` made for it")
    parser.add_argument(
        "--fall-back", choices=FALL_BACKS, help=f"where the backend cannot be had ({PlannerOptions.fall_back})"
    )
    parser.add_argument(
        "--visual-stride", type=int, metavar="N", help="wam_diff reads every N-th visual token: faster, worse (1)"
    )
    parser.add_argument(
        "--quantisation",
        choices=QUANTISATIONS,
        help=f"of the products of wam_diff's layers ({PlannerOptions.quantisation})",
    )
    parser.add_argument(
        "--early-commit",
        choices=EARLY_COMMITS,
        help=f"wam_diff commits more in a step where it is sure: fewer steps ({PlannerOptions.early_commit})",
    )
    parser.add_argument("--early-level", type=float, metavar="X", help=f"of that rule ({PlannerOptions.early_level:g})")
    parser.add_argument(
        "--target-speed",
        type=float,
        metavar="M/S",
        help=f"of the route follower ({PlannerOptions.target_speed:g})",
    )


def planner_options(args: argparse.Namespace) -> PlannerOptions:
    """What was asked for; the rest is as the planners have it."""
    return PlannerOptions(**_asked(args))


def planner_parameters(args: argparse.Namespace) -> dict[str, Any]:
    """What was asked for, as parameters of the node `planner`; the rest is the node's to know."""
    return {_PARAMETERS.get(name, name): value for name, value in _asked(args).items()}


def tell_fallbacks(planner: Planner) -> None:
    """Print why its network does not run as asked, where it does not; known after its warm-up."""
    for reason in EngineState.of(planner).fallbacks:
        print(f"ATTENTION: {planner.name}: {reason}")


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    asked = {name: vars(args).get(name) for name in _OPTIONS}
    return {name: value for name, value in asked.items() if value is not None}
