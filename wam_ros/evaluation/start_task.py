"""What is asked of a planner at rest: start cases by town, kind and index. Knows no world and no map."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from wam_ros.core.errors import ConfigError


class StartKind(Enum):
    """Why the vehicle stands, and what it has to do."""

    GREEN = "green"  # before a green light: it has to go
    LEAD = "lead"  # behind a vehicle that leaves: it has to go
    RED = "red"  # before a red light: it has to stay


@dataclass(frozen=True)
class StartTask:
    """One case.

    Fields:
        town: Name or folder.
        kind: Of case.
        index: Number of the case within its town and kind, from 0.
        seed: Of the evaluation.

    """

    town: str
    kind: StartKind
    index: int
    seed: int

    @property
    def town_name(self) -> str:
        """Without the folders around it."""
        return Path(self.town).name

    @property
    def id(self) -> str:
        """TOWN/KIND/INDEX, unique in an evaluation."""
        return f"{self.town_name}/{self.kind.value}/{self.index}"

    def numbers(self, draw: int) -> random.Random:
        """What the case is drawn from, the `draw`-th time: depends on id and seed only."""
        return random.Random(f"start {self.id} {self.seed} {draw}")


def start_tasks(towns: Sequence[str], cases: int, seed: int) -> tuple[StartTask, ...]:
    """`cases` cases of each kind, dealt to the towns in turn.

    Raises:
        ConfigError: No cases, no towns, or two towns of one name.

    """
    names = [Path(town).name for town in towns]
    if cases < 1 or not towns:
        msg = f"{cases} cases in {len(towns)} towns, wanted at least one of each"
        raise ConfigError(msg)
    if len(set(names)) != len(names):
        msg = f"towns {', '.join(names)}: two of one name; cases could not be told apart"
        raise ConfigError(msg)
    return tuple(
        StartTask(towns[number % len(towns)], kind, number // len(towns), seed)
        for kind in StartKind
        for number in range(cases)
    )
