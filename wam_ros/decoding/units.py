"""What is committed at once: a waypoint's x and y, one number, or one token of any kind."""

from __future__ import annotations

from dataclasses import dataclass

from wam_ros.core.errors import ConfigError
from wam_ros.decoding.layout import ANSWER_LENGTH, NUMBER_POSITIONS, WAYPOINTS


@dataclass(frozen=True)
class CommitUnits:
    """The units of an answer, numbered in order of time.

    Fields:
        scaffold: Commas and end stand from the start and only numbers are looked for.
        pairs: x and y of a waypoint are one unit; needs the scaffold.

    There is one step per unit at most: 8 with scaffold and pairs, 16 with the scaffold alone, 32 without.

    Raises:
        ConfigError: Pairs without scaffold.

    """

    scaffold: bool = True
    pairs: bool = True

    def __post_init__(self) -> None:
        if self.pairs and not self.scaffold:
            msg = "pairs = true needs scaffold = true: without it commas are units of their own; set pairs to false"
            raise ConfigError(msg)

    @property
    def count(self) -> int:
        """Number of units."""
        return len(self.positions)

    @property
    def positions(self) -> tuple[tuple[int, ...], ...]:
        """Positions in the answer of each unit; as many for each."""
        if self.pairs:
            return tuple((4 * index, 4 * index + 2) for index in range(WAYPOINTS))
        return tuple((position,) for position in (NUMBER_POSITIONS if self.scaffold else range(ANSWER_LENGTH)))

    @property
    def number_units(self) -> tuple[int, ...]:
        """Units that hold numbers; the others hold commas or the end."""
        return tuple(range(self.count)) if self.scaffold else NUMBER_POSITIONS

    @property
    def text(self) -> str:
        """For tables."""
        mode = "scaffold, pairs" if self.pairs else "scaffold, single" if self.scaffold else "no scaffold"
        return f"{mode}: {self.count} units"
