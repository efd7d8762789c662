"""How far an evaluation is: one line written over on a terminal, one line per finished route on a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from wam_ros.cli.progress import show_line

_BAR = 24  # characters


class EvaluationProgress:
    """Counts routes.

    Args:
        total: Of the evaluation.
        left: Of them, not driven yet.
        processes: That drive them.
        clock: Seconds.

    """

    def __init__(self, total: int, left: int, processes: int, clock: Callable[[], float]) -> None:
        self._total = total
        self._left = self._to_do = left
        self._processes = processes
        self._clock = clock
        self._begun = clock()
        self._crashed = 0
        self._terminal = sys.stdout.isatty()

    def finished(self, row: dict[str, Any]) -> None:
        """A route has ended."""
        self._left -= 1
        crashed = row["outcome"] == "crashed"
        self._crashed += crashed
        if crashed:
            show_line("")
            print(f"CRASHED {row['id']}: {row['error']}", flush=True)
        elif not self._terminal:
            score, done = row["scores"]["2.0"], row["route_completion"]
            print(f"{row['id']}: {row['outcome']}, {done:.0f} % of {row['length_m']:.0f} m, score {score:.1f}")
            print(f"  {self._line()}", flush=True)

    def beat(self) -> None:
        """Write the line over."""
        if self._terminal:
            show_line(self._line())

    def done(self) -> None:
        """No more lines."""
        show_line("")
        if self._terminal:
            print()

    def _line(self) -> str:
        done = self._total - self._left
        bar = "#" * (_BAR * done // self._total)
        crashed = f", {self._crashed} crashed" if self._crashed else ""
        return f"[{bar:.<{_BAR}}] {done} of {self._total} routes{crashed}, {self._eta()}"

    def _eta(self) -> str:
        """From how fast it went so far in this run."""
        driven = self._to_do - self._left
        spent = self._clock() - self._begun
        if not self._left:
            return f"{_span(spent)}"
        if not driven:
            return f"{_span(spent)} so far"
        return f"{_span(spent / driven * self._left)} left"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
