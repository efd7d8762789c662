"""What is to be driven: routes by town, index and seeds. The same for any number of processes; knows no world."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wam_ros.core.errors import ConfigError


@dataclass(frozen=True)
class RouteTask:
    """One route to drive.

    Fields:
        town: Name or folder.
        index: Number of the route within its town, from 0.
        traffic_seed: Of the traffic, the lights and the look of the town.
        route_seed: Of the route.

    """

    town: str
    index: int
    traffic_seed: int
    route_seed: int

    @property
    def town_name(self) -> str:
        """Without the folders around it."""
        return Path(self.town).name

    @property
    def id(self) -> str:
        """TOWN/INDEX, unique in an evaluation."""
        return f"{self.town_name}/{self.index}"


def route_tasks(towns: Sequence[str], routes: int, seed: int) -> tuple[RouteTask, ...]:
    """`routes` routes in all, dealt to the towns in turn; each depends on its town, its index and `seed` only.

    Raises:
        ConfigError: No routes, no towns, or two towns of one name.

    """
    names = [Path(town).name for town in towns]
    if routes < 1 or not towns:
        msg = f"{routes} routes in {len(towns)} towns, wanted at least one of each"
        raise ConfigError(msg)
    if len(set(names)) != len(names):
        msg = f"towns {', '.join(names)}: two of one name; routes could not be told apart"
        raise ConfigError(msg)
    return tuple(_task(towns[number % len(towns)], number // len(towns), seed) for number in range(routes))


def _task(town: str, index: int, seed: int) -> RouteTask:
    name = Path(town).name
    return RouteTask(town, index, _seed("traffic", name, index, seed), _seed("route", name, index, seed))


def _seed(purpose: str, name: str, index: int, seed: int) -> int:
    """31 bits that neighbouring indices and seeds do not share."""
    digest = hashlib.sha256(f"{purpose} {name} {index} {seed}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
