"""`wam bench score`: how many proposals a second the NAVSIM scorer scores, in a batch and one by one."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wam_ros.cli.bench_report import machine, write_rows

if TYPE_CHECKING:
    from wam_ros.metrics.navsim import NavsimScorer, Scenario

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # argparse names no public type

_SPEED = 10.0  # m/s
_LANE = 3.5  # m


def add_parser(subparsers: Subparsers) -> None:
    """Add the command to `wam bench`."""
    parser = subparsers.add_parser(
        "score",
        help="proposals a second of the NAVSIM scorer",
        description="Time the NAVSIM scorer, both versions, on one made-up scene: a batch against a loop of singles.",
    )
    parser.add_argument("--proposals", type=int, default=256, help="proposals in the batch (default 256)")
    parser.add_argument("--agents", type=int, default=30, help="other road users in the scene (default 30)")
    parser.add_argument("--repeats", type=int, default=5, help="batches timed; the median is told (default 5)")
    parser.add_argument("--singles", type=int, default=64, help="proposals scored one by one (default 64)")
    parser.add_argument("--seed", type=int, default=0, help="of the scene (default 0)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print; with --json also write."""
    figures = measure(
        proposals=args.proposals, agents=args.agents, repeats=args.repeats, singles=args.singles, seed=args.seed
    )
    print(machine())
    print(
        f"{figures['agents']} agents, both versions with extended comfort, one core\n"
        f"scene made ready in {figures['scene_ms']:.1f} ms\n"
        f"batch of {figures['proposals']}: {figures['batch_ms_per_proposal']:.3f} ms a proposal, "
        f"{figures['proposals_per_s']:.0f} proposals/s\n"
        f"one by one: {figures['single_ms_per_proposal']:.3f} ms a proposal, {figures['ratio']:.1f} times the batch's"
    )
    write_rows(args.json, "score", [figures])
    return 0


def measure(*, proposals: int, agents: int, repeats: int, singles: int, seed: int) -> dict[str, Any]:
    """Times of both versions over one scene [ms]; medians over `repeats` batches and over single proposals.

    Run it with one thread of BLAS (OPENBLAS_NUM_THREADS=1) for figures of one core.
    """
    import numpy as np

    from wam_ros.metrics.navsim import NavsimScorer

    scenario = made_up_scene(proposals=proposals, agents=agents, seed=seed)
    started = time.perf_counter()
    scorer = NavsimScorer(scenario)
    scene_ms = (time.perf_counter() - started) * 1e3
    everything = slice(None)
    _score(scorer, everything)  # fills caches
    batch = float(np.median([_time_ms(scorer, everything) for _ in range(repeats)])) / proposals
    one_by_one = [slice(i % proposals, i % proposals + 1) for i in range(singles)]
    single = float(np.median([_time_ms(scorer, one) for one in one_by_one]))
    return {
        "proposals": proposals,
        "agents": agents,
        "scene_ms": scene_ms,
        "batch_ms_per_proposal": batch,
        "single_ms_per_proposal": single,
        "proposals_per_s": 1e3 / batch,
        "ratio": single / batch,
    }


def made_up_scene(*, proposals: int, agents: int, seed: int) -> Scenario:
    """A straight road of three lanes with a junction, busy with agents; proposals spread in speed and side."""
    import numpy as np

    from wam_ros.metrics.navsim import Agent, MapArea, PreviousFrame, Scenario, StartState

    rng = np.random.default_rng(seed)

    def area(name: str, layer: Any, x: tuple[float, float], y: tuple[float, float]) -> MapArea:
        corners = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]])
        return MapArea(name, layer, corners)

    road, junction = (-60.0, 140.0), (30.0, 50.0)
    lanes = [(-1.5 * _LANE, -0.5 * _LANE), (-0.5 * _LANE, 0.5 * _LANE), (0.5 * _LANE, 1.5 * _LANE)]
    areas = [
        area("road", "ROADBLOCK", road, (lanes[0][0], lanes[1][1])),
        area("road back", "ROADBLOCK", road, lanes[2]),
        area("junction", "INTERSECTION", junction, (-12.0, 12.0)),
        *(area(f"lane {i}", "LANE", road, lane) for i, lane in enumerate(lanes)),
        area("connector", "LANE_CONNECTOR", junction, lanes[1]),
    ]

    def agent(index: int) -> Agent:
        kind: Any = rng.choice(["VEHICLE", "VEHICLE", "PEDESTRIAN", "BICYCLE", "TRAFFIC_CONE"])
        length, width = {"VEHICLE": (4.6, 1.9), "PEDESTRIAN": (0.7, 0.7)}.get(kind, (1.6, 0.6))
        heading = rng.choice([0.0, np.pi])
        speed = {"VEHICLE": 8.0, "TRAFFIC_CONE": 0.0}.get(kind, 2.0) * rng.uniform(0.5, 1.2)
        side = rng.uniform(-8.0, 8.0)
        # Nobody stands inside the own vehicle at the start.
        first_x = rng.uniform(15.0 if abs(side) < 0.8 * _LANE else -40.0, 80.0)
        times = np.arange(11) * 0.5
        velocity = speed * np.array([np.cos(heading), np.sin(heading)])
        x = first_x + velocity[0] * times
        states = np.stack([times, x, side + velocity[1] * times, *np.full((3, 11), 0.0)], axis=-1)
        states[:, 3], states[:, 4:] = heading, velocity
        return Agent(f"agent {index}", kind, length, width, states)

    times = (np.arange(8) + 1.0) * 0.5
    speeds = rng.uniform(2.0, 14.0, proposals)[:, None]
    sides = rng.uniform(-5.0, 5.0, proposals)[:, None]
    x, share = speeds * times, np.clip(times / 3.0, 0.0, 1.0)
    y = sides * share * share * (3.0 - 2.0 * share)
    headings = np.arctan2(np.gradient(y, axis=1), np.gradient(x, axis=1))
    poses = np.stack([x, y, headings], axis=-1)
    straight = np.stack([_SPEED * times, np.zeros(8), np.zeros(8)], axis=-1)
    past_times = np.array([-1.5, -1.0, -0.5, 0.0])
    past = np.zeros((4, 7))
    past[:, 0], past[:, 1], past[:, 4] = past_times, _SPEED * past_times, _SPEED
    return Scenario(
        ego=StartState(0.0, 0.0, 0.0, _SPEED),
        centerline=np.stack([np.arange(*road, 2.0), np.zeros(100)], axis=-1),
        areas=tuple(areas),
        route_lane_ids=frozenset({"lane 0", "lane 1", "connector"}),
        agents=tuple(agent(i) for i in range(agents)),
        lights=(),
        reference=straight,
        proposals=poses,
        proposal_dt=0.5,
        ego_past=past,
        previous=PreviousFrame(StartState(-0.5 * _SPEED, 0.0, 0.0, _SPEED), poses),
    )


def _score(scorer: NavsimScorer, which: slice) -> None:
    """Score some of the scene's proposals by both versions, extended comfort included."""
    scene = scorer.scenario
    rollout = scorer.rollout(scene.proposals[which])
    before = scorer.previous_states(scene.previous.proposals[which]) if scene.previous else None
    scorer.pdms(rollout)
    scorer.epdms(rollout, before)


def _time_ms(scorer: NavsimScorer, which: slice) -> float:
    started = time.perf_counter()
    _score(scorer, which)
    return (time.perf_counter() - started) * 1e3
