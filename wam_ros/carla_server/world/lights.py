"""The town's traffic lights: SUMO's programs by a clock of their own, and what clients set by hand.

It does not talk to SUMO: the traffic is given the states.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from wam_ros.core.errors import WorldError
from wam_ros.core.scene import LightState

_SHOWN = {
    "G": LightState.GREEN,
    "g": LightState.GREEN,
    "y": LightState.YELLOW,
    "r": LightState.RED,
    "u": LightState.RED,
    "o": LightState.OFF,
    "O": LightState.OFF,
}
_LETTER = {LightState.GREEN: "G", LightState.YELLOW: "y", LightState.RED: "r", LightState.OFF: "O"}


class LightTimes(NamedTuple):
    """How long a light shows what in one cycle [s]."""

    green: float
    yellow: float
    red: float


@dataclass(frozen=True)
class LightProgram:
    """The fixed program of one junction: letters of SUMO, one for each link, in each phase.

    Fields:
        junction: SUMO's id; the signals are "<junction>_<link>".
        offset: The cycle begins at this time [s].
        phases: Duration [s] and letters.

    """

    junction: str
    offset: float
    phases: tuple[tuple[float, str], ...]

    @property
    def cycle(self) -> float:
        """Sum of the phases [s]."""
        return sum(duration for duration, _ in self.phases)

    def letters(self, time: float) -> str:
        """What the links show at a time [s]."""
        left = (time - self.offset) % self.cycle
        for duration, letters in self.phases:
            if left < duration - 1e-9:
                return letters
            left -= duration
        return self.phases[0][1]


class LightBoard:
    """What every light shows, by signal id."""

    def __init__(self, programs: Iterable[LightProgram], signals: Iterable[str]) -> None:
        """Lights of `signals` only; crossings of pedestrians have none but go with their junction."""
        self._programs = tuple(programs)
        wanted = set(signals)
        self._signals = {
            program.junction: [
                (link, f"{program.junction}_{link}")
                for link in range(len(program.phases[0][1]))
                if f"{program.junction}_{link}" in wanted
            ]
            for program in self._programs
        }
        self._by_hand: dict[str, LightState] = {}
        self._clock = 0.0
        self._frozen = False
        self.states: dict[str, LightState] = {}
        self.letters: dict[str, str] = {}
        self._show()

    def step(self, dt: float) -> None:
        """Go on by `dt` [s], unless frozen."""
        if not self._frozen:
            self._clock += dt
            self._show()

    def set(self, signal: str, state: LightState) -> None:
        """Show this until released.

        Raises:
            WorldError: There is no such signal.

        """
        self._known(signal)
        self._by_hand[signal] = state
        self._show()

    def release(self, signal: str) -> None:
        """Go on with the program.

        Raises:
            WorldError: There is no such signal.

        """
        self._known(signal)
        self._by_hand.pop(signal, None)
        self._show()

    def freeze(self, frozen: bool) -> None:
        """Stop or go on with the clock of all programs."""
        self._frozen = frozen

    def times(self, signal: str) -> LightTimes:
        """Of its program.

        Raises:
            WorldError: There is no such signal.

        """
        self._known(signal)
        junction, _, link = signal.rpartition("_")
        program = next(program for program in self._programs if program.junction == junction)
        total = dict.fromkeys(LightState, 0.0)
        for duration, letters in program.phases:
            total[_SHOWN[letters[int(link)]]] += duration
        return LightTimes(total[LightState.GREEN], total[LightState.YELLOW], total[LightState.RED])

    def _known(self, signal: str) -> None:
        if signal not in self.states:
            msg = (
                f"no traffic light {signal!r}; there are {len(self.states)}, such as {', '.join(list(self.states)[:3])}"
            )
            raise WorldError(msg)

    def _show(self) -> None:
        for program in self._programs:
            letters = program.letters(self._clock)
            links = self._signals[program.junction]
            if self._by_hand:
                letters = _overridden(letters, links, self._by_hand)
            if letters != self.letters.get(program.junction):
                self.letters[program.junction] = letters
                for link, signal in links:
                    self.states[signal] = _SHOWN[letters[link]]


def _overridden(letters: str, links: list[tuple[int, str]], by_hand: Mapping[str, LightState]) -> str:
    shown = list(letters)
    for link, signal in links:
        if signal in by_hand:
            shown[link] = _LETTER[by_hand[signal]]
    return "".join(shown)
