"""The data card: what a manifest says, for people, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def data_card(manifest: Mapping[str, Any]) -> str:
    """The text of a manifest."""
    recipe, towns = manifest["recipe"], manifest["town_facts"]
    camera = recipe["camera"]
    lines = [
        "# Demonstrations",
        "",
        (
            f"{manifest['samples']} samples of {len(manifest['shards'])} drives in {len(manifest['towns'])} towns, "
            f"{manifest['bytes'] / 1e6:.0f} MB; recipe {manifest['recipe_hash']}."
        ),
        "",
        (
            "Made by `wam demos` in the embedded world. The privileged expert labels: it sees the simulator's truth, "
            "which no vehicle has."
        ),
        *_driver(recipe.get("driver")),
        "",
        "## A sample",
        (
            f"- Picture: {camera['width']}x{camera['height']}, focal length {camera['focal_length']:g} px, "
            f"{camera['height_above_ground']:g} m over the road, JPEG {recipe['jpeg_quality']}."
        ),
        (
            "- Where from: `drive` as the expert drove; `learner` as a learner drove; `moved` a pose aside and turned; "
            "`speed` as driven, but told another speed; `halted` at rest near the stop line ahead; "
            "`relit` with another state of the light ahead."
        ),
        "- Told: speed, acceleration, yaw rate, route points, command, as the prompt takes them.",
        (
            "- Labels: the expert's own 4 s from exactly that pose and speed; a small map of classes; light and lead "
            "ahead within 60 m; whether moving off is due; reason; answers to driving questions."
        ),
        "- Why the expert is slow is found by asking it again with some of the others left out.",
        "",
        "## Towns",
        "| town | layout | seed | signals | drives | samples |",
        "|---|---|---|---|---|---|",
    ]
    for name in manifest["towns"]:
        here = [shard for shard in manifest["shards"] if shard["town"] == name]
        facts = towns.get(name, {})
        told = [str(facts.get(key, "-")) for key in ("layout", "seed", "signals")]
        lines.append(f"| {' | '.join([name, *told, str(len(here)), str(sum(one['samples'] for one in here))])} |")
    for title, rows in manifest["balance"].items():
        lines += ["", f"## By {title}", f"| {title} | samples | share of draws |", "|---|---|---|"]
        lines += [f"| {name} | {row['samples']} | {100.0 * row['drawn']:.1f} % |" for name, row in rows.items()]
    lines += ["", "## Recipe", "| | |", "|---|---|"]
    lines += [f"| {name} | {_told(value)} |" for name, value in recipe.items() if name not in {"camera", "driver"}]
    lines += ["", "## Made with", *(f"- {name} {version}" for name, version in manifest["versions"].items())]
    if manifest["failed"]:
        lines += ["", "## Drives that failed", *(f"- {drive}: {why}" for drive, why in manifest["failed"].items())]
    lines += [
        "",
        "## Limits",
        "- One drawn world: its houses, cars and lamps look like no real street's; lamps are twice the usual size.",
        "- Always day, always dry. One vehicle, one camera. No stop signs, no emergency vehicles, no roundabouts.",
        "- Other speeds than driven are told with a picture in which nothing shows them.",
    ]
    return "\n".join(lines)


def _driver(driver: Mapping[str, Any] | None) -> list[str]:
    """Who drives."""
    if driver is None:
        return ["The expert drives. In some of the drives its commands are spoilt now and then."]
    weights = ", ".join(f"`{digest[:12]}`" for digest in driver["weights"])
    return [
        (
            f"A learner drives (DAgger): weights {weights} (SHA-256), one of them in each drive, {driver['steps']} "
            f"decoding steps. In {100.0 * driver['expert_share']:.0f} % of the time the expert drives instead, in "
            "stretches of some seconds; also where the learner stands for 6 s though the expert would go, until it is "
            "10 m further, and where it is more than 5 m off the route for 2 s, until it is back. A drive ends at a "
            "collision, and where the expert, too, does not get on for a minute."
        )
    ]


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
